"""Hardware and screens, in closed bins."""

import re
from collections.abc import Mapping

import pyarrow as pa

from remit_consumers.reducers.unique import Memo, each, each_row
from remit_schemas.reducer import Scalar

CPU_BINS = ((2, "1-2"), (4, "3-4"), (8, "5-8"), (1_024, "9+"))
"""Processors: the most that a bin holds. Beyond 1,024 it is no machine's figure."""

MEMORY_BINS = ((3, "2"), (6, "4"), (12, "8"), (24, "16"), (65_536, "32+"))
"""Memory in GB: the most that a bin holds, so that each holds what is nearest to its power of two (7.7 GB are sold as
8), and the lower one of two as near. Source: W3C Device Memory, "device memory client hint"."""

SCREEN_BINS = ((1_024, "small"), (1_600, "medium"), (2_560, "large"), (16_385, "huge"))
"""Longer side of a screen in CSS pixels: each class ends below this (phones, tablets and laptops, desktops, walls)."""

CHARS_MAX = 256
"""Longer texts are no hardware record."""

_PAIR = re.compile(
    r"(?<![\w.-])(?:(cores) ?= ?([0-9]{1,6})|(memory_gb) ?= ?([0-9]{1,6}(?:\.[0-9]{1,6})?))(?![\w.])",
    re.ASCII | re.IGNORECASE,
)
_SCREEN = re.compile(
    r"\s{0,4}([0-9]{1,5})(?:\.[0-9]{1,6})?\s{0,4}[xX\u00d7*]\s{0,4}([0-9]{1,5})(?:\.[0-9]{1,6})?"
    r"(?:[xX][0-9]{1,2}|@[0-9](?:\.[0-9]{1,6})?x?)?\s{0,4}",
    re.ASCII,
)
"""Width and height, and perhaps bits a pixel or pixels a dot: `1920x1080x24`, `390x844@3x`."""

_CLASSES = frozenset(name for _, name in SCREEN_BINS)

Bins = tuple[tuple[int, str], ...]
Machine = tuple[str | None, str | None]


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the bins of processors and memory of records such as `cores=8 memory_gb=16`."""
    del parameters
    return each_row(values, _MACHINES.all, _columns)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    names = ("processors", "memory")
    known = [name for name, found in zip(names, machine(value), strict=True) if found]
    return f"bins of {' and '.join(known)}" if known else "no hardware record: null"


def reduce_screen(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the class of each screen by its longer side."""
    del parameters
    return each(values, lambda distinct: [found or None for found in _SCREENS.all(distinct)])


def explain_screen(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    return "class of the longer side" if screen(value) else "no screen size: null"


def machine(value: str) -> Machine:
    """Sort one record into the bins of processors and of memory; None for what it does not say."""
    if len(value) > CHARS_MAX:
        return None, None
    cores = memory = 0.0
    for match in _PAIR.finditer(value):
        cores, memory = float(match[2] or cores), float(match[4] or memory)
    return _bin(CPU_BINS, cores), _bin(MEMORY_BINS, memory)


def screen(value: str) -> str:
    """Name the class of a screen such as `1920x1080`; empty where the value is none."""
    if value in _CLASSES:
        return value
    match = _SCREEN.fullmatch(value)
    if match is None or not int(match[1]) or not int(match[2]):
        return ""
    longer = max(int(match[1]), int(match[2]))
    return next((name for end, name in SCREEN_BINS if longer < end), "")


def _bin(bins: Bins, number: float) -> str | None:
    """Name the bin of a number; None where it is no machine's."""
    return next((name for most, name in bins if 0 < number <= most), None)


def _columns(machines: list[Machine]) -> tuple[pa.Array, ...]:
    """Write the bins as columns."""
    return (
        pa.array([cpu for cpu, _ in machines], pa.string()),
        pa.array([memory for _, memory in machines], pa.string()),
    )


_MACHINES = Memo(lambda values: [machine(value) for value in values])
_SCREENS = Memo(lambda values: [screen(value) for value in values])
