"""Labelled service-log lines: what is somebody's in each, by the templates of bench/labels/service_logs.toml.

The labels were written from reading the logs and from how their programs format messages, never by running the scrubber.
"""

import gzip
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, TypedDict

LABELS: Final = Path(__file__).parent / "labels" / "service_logs.toml"

REQUIRED: Final = ("IP", "HOST", "USER", "MAC", "EMAIL")
"""The kinds that have to go; MAYBE may go or stay."""


class Row(TypedDict):
    """One line and what is somebody's in it.

    Attributes:
        text: The line, without its line break.
        spans: Where each labelled value begins and ends, in characters, and its kind.
    """

    text: str
    spans: list[tuple[int, int, str]]


class NotLabelledError(ValueError):
    """A line that no template of its file's labels speaks of."""


def labelled(path: Path) -> list[Row]:
    """Read a service log (plain or gzip) with its labels.

    Args:
        path: Its name, without `.log` and `.gz`, is the table of the labels.

    Raises:
        KeyError: There are no labels for a file of this name.
        NotLabelledError: A line is spoken of by no template.
    """
    table = _tables()[path.name.removesuffix(".gz").removesuffix(".log")]
    slots, clean = (
        [re.compile(each, re.ASCII) for each in table[key]] for key in ("slots", "clean")
    )
    rows = []
    for number, text in enumerate(_lines(path), 1):
        spans = _spans(text, slots)
        if not spans and not any(each.search(text) for each in clean):
            raise NotLabelledError(f"{path.name}: line {number} matches no template")
        rows.append(Row(text=text, spans=spans))
    return rows


def _spans(text: str, slots: Iterable[re.Pattern[str]]) -> list[tuple[int, int, str]]:
    """Find the slots of a line, each place once."""
    found = {
        match.span(name): name.rstrip("0123456789").upper()
        for slot in slots
        for match in slot.finditer(text)
        for name, value in match.groupdict().items()
        if value
    }
    return [(start, end, kind) for (start, end), kind in sorted(found.items())]


def _lines(path: Path) -> list[str]:
    """Read the lines of a log without their breaks."""
    data = path.read_bytes()
    plain = gzip.decompress(data) if path.suffix == ".gz" else data
    return [
        line.rstrip("\r") for line in plain.decode("utf-8", "replace").split("\n") if line.strip()
    ]


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    """Read the labels."""
    return tomllib.loads(LABELS.read_text())
