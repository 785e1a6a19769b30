"""language: the primary subtag of tags and headers, and headers that are none."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bench.quality.asked import Answers, Peers, everybody
from bench.quality.labelled import Labelled, rows_of, short, text_of
from bench.quality.row import Row, known
from bench.quality.scores import percent

TABLE: Final = "language"
PEERS: Final = ("werkzeug", "langcodes")

HEADERS: Final[Mapping[str, str]] = {
    "da, en-gb;q=0.8, en;q=0.7": "da",
    "en;q=0.8, da": "da",
    "en;q=0.3, de;q=0.9, fr;q=0.5": "de",
    "en;q=0, de;q=0.1": "de",
    "*, de;q=0.5": "de",
    "de-Latn-DE-1996": "de",
    "zh-Hant-TW,zh;q=0.9": "zh",
    "DE-de": "de",
    "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5": "fr",
    "es-419,es;q=0.9": "es",
    "haw-US, en;q=0.5": "haw",
    "pt-BR;q=1.0,pt;q=0.9": "pt",
    "en-US,en;q=0.5\t": "en",
}
"""Headers and the language that is preferred first. Source: RFC 9110, 12.4.2 and 12.5.4; RFC 4647, 2.1."""

INVALID: Final = (
    "-",
    "*",
    "q=0.5",
    "en;q=2",
    "en;q=abc",
    "en us",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "a@example.com",
    "203.0.113.7",
    "toolonglanguage",
    "12-34",
    "zz-ZZ",
    "en\u2028de",
    "' OR 1=1 --",
    "en;q=0",
    "Mozilla/5.0 (X11; Linux x86_64)",
)
"""What names no language, or is malformed: nothing of it may be kept."""


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score headers from the standards' examples, texts that are none, and the folder's tags and vectors."""
    yield _wrong("wrong: headers", "by the standards", HEADERS, peers)
    yield _wrong("invalid headers kept", "invented", dict.fromkeys(INVALID, ""), peers)
    for path in labelled.files("language/*weights*"):
        tags = json.loads(text_of(path))
        yield _wrong("wrong: tags", short(path), {tag: _primary(tag) for tag in tags}, peers)
    for path in labelled.files("language/werkzeug*"):
        yield _wrong("wrong: weighted lists", short(path), _lists(path), peers)


def _wrong(measure: str, data: str, right: Mapping[str, str], peers: Peers) -> Row:
    """Score by how many languages are not the one that is right."""
    found = everybody(TABLE, peers, PEERS, list(right))
    return Row(
        table=TABLE,
        measure=measure,
        data=data,
        count=len(right),
        scores=known({name: _wrong_share(right, answers) for name, answers in found.items()}),
        goal=0,
    )


def _wrong_share(right: Mapping[str, str], answers: Answers) -> float | None:
    """Give the percentage of headers that were read wrongly; nothing and null are the same."""
    wrong = sum(str(answers.outs[value] or "").lower() != want for value, want in right.items())
    return percent(wrong, len(right))


def _lists(path: Path) -> dict[str, str]:
    """Read weighted lists as headers: right is the language of the first that nothing outweighs."""
    right: dict[str, str] = {}
    for row in rows_of(path):
        values = row["values"]
        if isinstance(values, list):
            best = max(values, key=lambda pair: float(pair[1]))
            right[", ".join(f"{tag};q={weight}" for tag, weight in values)] = _primary(best[0])
    return right


def _primary(tag: str) -> str:
    """Give the first subtag."""
    return tag.replace("_", "-").partition("-")[0].lower()
