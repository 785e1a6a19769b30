"""A time rounded down, in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from remit_consumers.reducers.unique import text
from remit_schemas.reducer import Scalar

PRECISION_MS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
"""Milliseconds of each precision."""

YEAR_1_MS = -62_135_596_800_000
"""The first millisecond of the year 1: times before cannot be written as a date and become null."""

YEAR_10000_MS = 253_402_300_800_000
"""The first millisecond of the year 10000: times from here on become null."""

ARROW = pa.timestamp("ms", "UTC")


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Round each time down to the precision.

    Args:
        values: Times of any unit (without a zone: UTC), or RFC 3339 texts; anything else counts as null.
        parameters: `precision`.
    """
    step = PRECISION_MS[str(parameters.get("precision", "second"))]
    whole = _milliseconds(values)
    numbers = whole.fill_null(0).to_numpy(zero_copy_only=False)
    bad = (numbers < YEAR_1_MS) | (numbers >= YEAR_10000_MS)
    if whole.null_count:
        bad |= whole.is_null().to_numpy(zero_copy_only=False)
    floored = np.where(bad, 0, numbers)
    floored -= floored % step
    return (pa.array(floored, pa.int64(), mask=bad if bad.any() else None).cast(ARROW),)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    if _parsed(value) is None:
        return "no time: null"
    return f"rounded down to the {parameters.get('precision', 'second')}, UTC"


def _milliseconds(values: pa.Array | pa.ChunkedArray) -> pa.Int64Array:
    """Take a column of times as milliseconds since 1970 in UTC."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("ms", values.type.tz), safe=False).cast(pa.int64())
    return pa.array(
        [None if v is None else _parsed(v) for v in text(values).to_pylist()], pa.int64()
    )


def _parsed(value: str) -> int | None:
    """Read an RFC 3339 text as milliseconds since 1970; None where it is none."""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(moment.timestamp() // 0.001)
    except (ValueError, OverflowError):
        return None
