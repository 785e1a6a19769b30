"""timestamp, hardware and screen: whether each value lands in the bin that the issue's table names."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa
from bench.quality.asked import REDUCE, Out, Peers, remit
from bench.quality.labelled import Labelled, rows_of, short, word
from bench.quality.made import SEED
from bench.quality.row import REMIT, Row, known
from bench.quality.scores import percent

from remit_schemas.parameters import complete

MANY: Final = 2_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
CPU: Final = ((2, "1-2"), (4, "3-4"), (8, "5-8"), (1_024, "9+"))
"""Bins of processors by the most that each holds."""

MEMORY: Final = {2: "2", 4: "4", 8: "8", 16: "16", 32: "32+"}
"""Bins of memory by the GB that each is named for; what lies between two may be in either."""

GB_MAX: Final = 1_024

MODELS: Final = (
    "Intel(R) Core(TM) i7-10750H CPU @ 2.60GHz",
    "Apple M3 Max",
    "serial=C02XG2JHJGH5",
    "model=Pixel 9 Pro",
    "cores=8 model=SM-S928B",
    "cores=99999999",
    "cores=-4",
    "memory_gb=16 uuid=3f2504e0-4f89-41d3-9a0c-0305e82c3301",
)
"""Records with models and serials: nothing of them but a bin may come out."""

CLASSES: Final = frozenset({"small", "medium", "large", "huge"})
"""What a screen may become."""


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score drawn times, every number of processors and gigabyte of memory, and the folder's screens."""
    del peers  # none makes any of these smaller
    yield _row("timestamp", "wrong at any precision", 4 * MANY, _wrong_times())
    bins = {f"cores={n} memory_gb={n}": n for n in range(1, GB_MAX)}
    outs = remit("hardware", list(bins)).outs
    wrong = sum(not _in_bins(outs[value], n) for value, n in bins.items())
    yield _row("hardware", "wrong bins", len(bins), percent(wrong, len(bins)))
    outs = remit("hardware", MODELS).outs
    told = sum(_tells(outs[value]) for value in MODELS)
    yield _row(
        "hardware", "models and serials that come out", len(MODELS), percent(told, len(outs))
    )
    for path in labelled.files("user_agents/*browser_profiles*"):
        sizes = [f"{word(row, 'screenWidth')}x{word(row, 'screenHeight')}" for row in rows_of(path)]
        outs = remit("screen", sizes).outs
        wrong = sum(outs[size] not in CLASSES for size in sizes)
        yield _row("screen", "not in a class", len(sizes), percent(wrong, len(sizes)), short(path))


def _row(table: str, measure: str, count: int, share: float | None, data: str = "drawn") -> Row:
    """Make a row of which nothing may be."""
    scores = known({REMIT: share})
    return Row(table=table, measure=measure, data=data, count=count, scores=scores, goal=0)


def _wrong_times() -> float | None:
    """Give the percentage of drawn times that are not cut as `datetime` cuts them."""
    rng = random.Random(SEED)
    drawn = [rng.randrange(-(10**12), 4 * 10**12) for _ in range(MANY)]
    column = pa.array(drawn, pa.timestamp("ms", "UTC"))
    wrong = 0
    for precision in ("second", "minute", "hour", "day"):
        parameters = complete("timestamp", {"precision": precision})
        outs = REDUCE["timestamp"](column, parameters)[0].to_pylist()
        wrong += sum(out != _cut(ms, precision) for ms, out in zip(drawn, outs, strict=True))
    return percent(wrong, 4 * MANY)


def _cut(milliseconds: int, precision: str) -> datetime:
    """Cut a time by setting what is finer to zero."""
    finer = {"microsecond": 0, "second": 0, "minute": 0, "hour": 0}
    keys = list(finer)[: ("second", "minute", "hour", "day").index(precision) + 1]
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment.replace(**{key: finer[key] for key in keys})  # type: ignore[arg-type]


def _in_bins(out: Out, many: int) -> bool:
    """Whether a machine of so many processors and so many GB is in its bins."""
    below = max((gb for gb in MEMORY if gb <= many), default=2)
    above = min((gb for gb in MEMORY if gb >= many), default=32)
    return (
        isinstance(out, Mapping)
        and out["cpu"] == next(name for most, name in CPU if many <= most)
        and out["memory"] in {MEMORY[below], MEMORY[above]}
    )


def _tells(out: Out) -> bool:
    """Whether anything but a bin came out."""
    bins = {name for _, name in CPU} | {*MEMORY.values()}
    return isinstance(out, Mapping) and not {each for each in out.values() if each} <= bins
