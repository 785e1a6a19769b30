"""A time rounded down, in UTC; and ever more coarsely with age."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.unique import text
from remit_schemas.precision import read_decay
from remit_schemas.reducer import Scalar, listed

PRECISION_MS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
"""Milliseconds of each precision; each is a multiple of the one before."""

YEAR_1_MS = -62_135_596_800_000
"""The first millisecond of the year 1: times before cannot be written as a date and become null."""

YEAR_10000_MS = 253_402_300_800_000
"""The first millisecond of the year 10000: times from here on become null."""

_PER_MS = {"s": 0, "ms": 1, "us": 1_000, "ns": 1_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

ARROW = pa.timestamp("ms", "UTC")

_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}:)([0-9]{2})(?:\.([0-9]{1,32}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))?)?"
)
"""A date, or a date and a time; without a zone it is UTC. Source: RFC 3339, 5.6."""

_LAST_MINUTE = 1_439
"""The minute of a day in which a leap second may stand. Source: RFC 3339, 5.7."""


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Round each time down to the precision.

    Args:
        values: Times of any unit (without a zone: UTC), or RFC 3339 texts; anything else counts as null.
        parameters: `precision`; of `by_purpose` a plan has chosen already, and `decay` comes with age.
    """
    return (_floored(values, PRECISION_MS[str(parameters.get("precision", "second"))]),)


def decayed(
    values: pa.Array, ages_days: pa.Array, parameters: Mapping[str, Scalar]
) -> pa.TimestampArray:
    """Round stored times down as far as their age says; those that are coarse enough stay as they are.

    Args:
        values: Times as `reduce` left them.
        ages_days: Whole days since each row was collected, as the consumer knows it: the event's own time is what a
            producer says. An age that is missing is the greatest.
        parameters: `precision` and `decay`.

    Returns:
        As many times. More age never gives a finer time, and doing it again changes nothing.
    """
    steps = read_decay(listed(parameters, "decay"))
    collected = PRECISION_MS[str(parameters.get("precision", "second"))]
    coarse_ms = np.array([collected, *(PRECISION_MS[step.precision] for step in steps)], np.int64)
    oldest = steps[-1].age_days if steps else 0
    ages = ages_days.cast(pa.int64()).fill_null(oldest).to_numpy(zero_copy_only=False)
    reached = np.searchsorted([step.age_days for step in steps], ages, side="right")
    return _floored(values, np.maximum.accumulate(coarse_ms)[reached])


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    if milliseconds(value) is None:
        return "no time: null"
    return f"rounded down to the {parameters.get('precision', 'second')}, UTC"


def milliseconds(value: str) -> int | None:
    """Read an RFC 3339 text as milliseconds since 1970 in UTC, a finer fraction cut off; None where it is none.

    A leap second is the last millisecond before it.
    """
    match = _RFC_3339.fullmatch(value)
    if match is None:
        return None
    date, clock, second, fraction, sign, hours, minutes = match.groups()
    is_leap = second == "60"
    try:
        moment = datetime.fromisoformat(
            f"{date}T{clock or '00:00:'}{'59' if is_leap else second or '00'}+00:00"
        )
    except ValueError:
        return None
    offset_s = (int(hours) * 3_600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    whole_s = (moment - _EPOCH) // _SECOND - offset_s
    if is_leap and whole_s // 60 % 1_440 != _LAST_MINUTE:
        return None
    return whole_s * 1_000 + (999 if is_leap else int((fraction or "")[:3].ljust(3, "0")))


def _floored(values: pa.Array | pa.ChunkedArray, step_ms: int | npt.NDArray[np.int64]) -> pa.Array:
    """Round each time down to a multiple of its step; what no date can write becomes null."""
    whole, per_ms = _counted(values)
    numbers = whole.fill_null(0).to_numpy(zero_copy_only=False)
    if per_ms:
        numbers = numbers // per_ms  # downwards, also before 1970
    else:
        numbers = np.clip(numbers, YEAR_1_MS // 1_000 - 1, YEAR_10000_MS // 1_000) * 1_000
    bad = (numbers < YEAR_1_MS) | (numbers >= YEAR_10000_MS)
    if whole.null_count:
        bad |= whole.is_null().to_numpy(zero_copy_only=False)
    floored = np.where(bad, 0, numbers)
    floored -= floored % step_ms
    return pa.array(floored, pa.int64(), mask=bad if bad.any() else None).cast(ARROW)


def _counted(values: pa.Array | pa.ChunkedArray) -> tuple[pa.Int64Array, int]:
    """Take a column of times as numbers since 1970 in UTC, and how many make a millisecond; 0 where they are seconds."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.int64()), _PER_MS[values.type.unit]
    coded = text(values).dictionary_encode()
    distinct = pa.array(map(milliseconds, coded.dictionary.to_pylist()), pa.int64())
    return pc.take(distinct, coded.indices), 1
