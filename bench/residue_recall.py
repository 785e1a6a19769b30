"""How much of what others labelled the residue detectors find: sentences, identifiers, phone numbers and secrets."""

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

if __name__ == "__main__":  # run as a script, `bench` is not on the path
    sys.path.insert(0, str(Path(__file__).parents[1]))

from remit_consumers.proof.residue.detector import Detector

Labelled = tuple[str, str, int]
"""A kind, a text, and how many of the kind stand in it."""

ENTITIES: Final = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "US_SSN": "ssn",
    "MAC_ADDRESS": "mac",
}
"""What others call our kinds."""

FORMATS: Final = {"cn_ric": "resident_id", "cn_uscc": "credit_code", "iban": "iban"}
"""Formats of identifiers that are kinds of ours."""

PHONE_FORMS: Final = ("e164", "international", "rfc3966", "national")
"""How phone numbers are written; national ones behind a telling word, as they are scrubbed."""

QUAD: Final = re.compile(
    r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?!0(?!\d))(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]|-\d)"
)
"""An IPv4 address that is no network, read by its look alone: truth for service logs, which nobody labelled."""


def recalls(data: Path) -> Mapping[str, tuple[int, int]]:
    """Give for each kind how many were found, and how many are labelled.

    Args:
        data: A folder with `pii/*.jsonl.gz` and `service_logs/*.log.gz`.
    """
    labelled = [one for source in SOURCES for one in source(data)]
    found, stand = Counter[str](), Counter[str]()
    seen = Detector().each([text for _, text, _ in labelled])
    for (kind, _, count), hits in zip(labelled, seen, strict=True):
        mine = (
            hits["ipv4"] + hits["ipv6"] if kind.startswith("ip") else hits[kind.partition(",")[0]]
        )
        found[kind] += min(mine, count)
        stand[kind] += count
    return {kind: (found[kind], stand[kind]) for kind in sorted(stand)}


def _rows(path: Path) -> list[dict[str, object]]:
    """Read a file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _sentences(data: Path) -> Iterator[Labelled]:
    """Yield each sentence once for each kind that is labelled in it."""
    for path in sorted(data.glob("pii/*synth*.jsonl.gz")):
        for row in _rows(path):
            spans = row["spans"]
            assert isinstance(spans, list)
            kinds = Counter(ENTITIES[span[2]] for span in spans if span[2] in ENTITIES)
            yield from ((kind, str(row["text"]), count) for kind, count in kinds.items())


def _vectors(data: Path) -> Iterator[Labelled]:
    """Yield the cases of other recognisers that are to be found."""
    for path in sorted(data.glob("pii/*recognizer*.jsonl.gz")):
        for row in _rows(path):
            kind, count = ENTITIES.get(str(row["entity"])), row["expected_len"]
            if kind and isinstance(count, int) and count:
                yield kind, str(row["text"]), count


def _identifiers(data: Path) -> Iterator[Labelled]:
    """Yield valid identifiers of our kinds."""
    for path in sorted(data.glob("pii/*ids*.jsonl.gz")):
        for row in _rows(path):
            if row["valid"] and row["format"] in FORMATS:
                yield FORMATS[str(row["format"])], f"id {row['value']} seen", 1


def _phones(data: Path) -> Iterator[Labelled]:
    """Yield phone numbers in each written form."""
    for path in sorted(data.glob("pii/*phone*.jsonl.gz")):
        for row in _rows(path):
            for form in PHONE_FORMS:
                yield f"phone, {form}", f"phone={row[form]} called", 1


def _secrets(data: Path) -> Iterator[Labelled]:
    """Yield lines with a secret in them."""
    for path in sorted(data.glob("pii/*secret*.jsonl.gz")):
        for row in _rows(path):
            if row.get("secret", True):
                yield "secret", str(row["text"]), 1


def _logs(data: Path) -> Iterator[Labelled]:
    """Yield lines of service logs with addresses in them."""
    for path in sorted(data.glob("service_logs/*.log.gz")):
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                count = len(QUAD.findall(line))
                if count:
                    yield "ip, service logs", line, count


SOURCES: Final = (_sentences, _vectors, _identifiers, _phones, _secrets, _logs)
"""Everything that is labelled."""


def main(arguments: Sequence[str]) -> None:
    """Print a line for each kind."""
    for kind, (found, stand) in recalls(Path(arguments[0])).items():
        print(f"{kind}: {found} of {stand} ({100 * found / stand:.1f} %)")


if __name__ == "__main__":
    main(sys.argv[1:])
