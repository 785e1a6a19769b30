"""No parser of text takes more than in proportion: the time of an input twice as long is not four times as long."""

import time
from collections.abc import Callable

import pytest
from conftest import PROVE

from fuzz import lines, values, web
from fuzz.target import Target

UNITS = (
    *(
        b" ",
        b"a",
        b"1",
        b"1.",
        b"a.",
        b"a@",
        b"/",
        b"../",
        b"%41",
        b"%",
        b"=",
        b"&a=",
        b"?",
        b"#",
        b'"',
        b'\\"',
        b"\\",
    ),
    *(
        b",",
        b"a,",
        b"a;q=1,",
        b";",
        b"(",
        b"((",
        b"()",
        b"[",
        b" [a]",
        b' [a] "',
        b"a b ",
        b"+49 ",
        b"4111 ",
        b"-",
        b":",
    ),
    *(
        b"::",
        b"a:",
        b"{a}",
        b"Mozilla/5.0 (",
        b"x/1.0 ",
        b"Bearer ",
        b"eyJ",
        b"a=b;",
        b'for="',
        b"for=a,",
        b"\n",
        b"\t ",
    ),
)
"""What is repeated: what the patterns of the parsers begin, separate and end with."""

SHORT, LONG = 8_000, 32_000
"""Bytes of an input; four times as long takes four times as long, or sixteen where it is quadratic."""

GROWTH_MAX = 10.0
NOISE_S = 0.1
"""Less than this is noise of a busy machine; a quadratic parser that stays below it harms nobody."""

SLOW = () if PROVE else ("sql_statement",)
"""Its parser is the engine's own, and 15 ms a call; the text is bounded."""

TEXTS = [
    target
    for module in (web, lines, values)
    for target in module.TARGETS
    if target.name not in {"edge_gzip", "timestamp_answer", "settings", *SLOW}
]


def seconds(read: Callable[[bytes], object], data: bytes) -> float:
    """Processor time of an input, the least of three."""
    least = float("inf")
    for _ in range(3):
        begin = time.process_time()
        read(data)
        least = min(least, time.process_time() - begin)
        if least < NOISE_S:
            break
    return least


@pytest.mark.parametrize("target", TEXTS, ids=lambda target: target.name)
def test_time_grows_with_length_and_no_faster(target: Target) -> None:
    steep = []
    for unit in UNITS if PROVE else UNITS[::6]:
        lead = target.seeds[0]
        long = seconds(target.try_on, lead + unit * (LONG // len(unit)))
        if long > NOISE_S and long > GROWTH_MAX * seconds(
            target.try_on, lead + unit * (SHORT // len(unit))
        ):
            steep.append((unit, round(long, 2)))
    assert not steep
