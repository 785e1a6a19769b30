"""What each reducer takes away of real columns: distinct values and entropy before and after, and rows left alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.quality.asked import remit
from bench.quality.labelled import Labelled, lines_of, rows_of, short, word
from bench.quality.row import Bits
from bench.quality.scores import entropy, unique_share

COMBINED: Final = re.compile(
    r'(?P<ip>\S+) \S+ .*? \[[^\]]+\] "(?:\S+) (?P<page>\S+)[^"]*" \d{3} \S+ "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"'
)
"""A line in the combined format, as far as it is looked at."""

Columns = Mapping[str, Sequence[str]]
"""Texts of a file, by the reducer that they are for."""


def measure(labelled: Labelled) -> Iterator[Bits]:
    """Look at every access log, the profiles of browsers and the service logs."""
    for pattern, read, joint in (
        ("access_logs/*combined*", columns_of_log, ("ip", "user_agent")),
        (
            "user_agents/*browser_profiles*",
            columns_of_profiles,
            ("user_agent", "language", "screen"),
        ),
        ("service_logs/*.log*", _texts, ()),
    ):
        for path in labelled.files(pattern):
            yield from compared(short(path), read(path), joint)


def compared(data: str, columns: Columns, joint: Sequence[str]) -> Iterator[Bits]:
    """Compare columns before and after their reducers, each alone and some together."""
    after = {name: _reduced(name, values) for name, values in columns.items()}
    for name, values in columns.items():
        yield bits_of(name, data, list(values), after[name])
    if joint:
        rows = list(zip(*(columns[name] for name in joint), strict=True))
        reduced = list(zip(*(after[name] for name in joint), strict=True))
        yield bits_of(" and ".join(joint), data, rows, reduced)


def _reduced(reducer: str, values: Sequence[str]) -> list[str]:
    """Reduce a column; several outputs are one value here."""
    outs = remit(reducer, values).outs
    return [str(outs[value]) for value in values]


def bits_of(reducer: str, data: str, before: Sequence[object], after: Sequence[object]) -> Bits:
    """Compare two columns."""
    return Bits(
        reducer,
        data,
        len(before),
        (len(set(before)), len(set(after))),
        (entropy(before), entropy(after)),
        (unique_share(before), unique_share(after)),
    )


def columns_of_log(path: Path) -> Columns:
    """Read the columns of an access log; a line of another format is left out."""
    found = [match for match in map(COMBINED.match, lines_of(path)) if match]
    groups = {"ip": "ip", "user_agent": "agent", "page": "page", "referrer": "referrer"}
    return {name: [match[group] for match in found] for name, group in groups.items()}


def columns_of_profiles(path: Path) -> Columns:
    """Read the columns of browser profiles."""
    rows = rows_of(path)
    return {
        "user_agent": [word(row, "userAgent") for row in rows],
        "language": [word(row, "language") for row in rows],
        "screen": [f"{word(row, 'screenWidth')}x{word(row, 'screenHeight')}" for row in rows],
    }


def _texts(path: Path) -> Columns:
    """Read the lines of a service log."""
    return {"free_text": lines_of(path)}
