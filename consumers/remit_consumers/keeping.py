"""The solver: until when rows and their fields are kept, columns in, columns out.

    kept until = the later of the legal floor and (the earlier of the ceiling and the end of the purpose)

and for as long as a hold lies on it. A ceiling counts from the beginning of the UTC day of collection, a floor from the
end of the day it counts from: neither is ever missed by what the hours of a day would add.

Source: policy 2021-11-01, clauses S105a, S105b, S107a, S108a, S108b.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.rows import COLLECTED_AT
from remit_schemas.retention import LegalFloor, PurposeEnd, RetentionTerms

Moments = npt.NDArray[np.int64]
"""Microseconds since 1970 in UTC, one a row."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What moments count from."""

DAY_US = 86_400_000_000
"""A day in microseconds."""

NEVER = np.iinfo(np.int64).max
"""An end that does not come."""

NONE = np.iinfo(np.int64).min
"""A floor that is not there."""

TIME = pa.timestamp("us", "UTC")


def microseconds(length: timedelta) -> int:
    """A length in microseconds."""
    return length // timedelta(microseconds=1)


def moments(times: pa.Array | pa.ChunkedArray, missing: int) -> Moments:
    """Times as numbers; those that are missing as given."""
    whole = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
    numbers = whole.cast(TIME).cast(pa.int64()).fill_null(missing)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.int64)


def day_of(rows: pa.Table) -> Moments:
    """The beginning of each row's UTC day of collection."""
    name = "day" if "day" in rows.column_names else COLLECTED_AT
    at = moments(rows.column(name), 0)
    return at - at % DAY_US


def floors(rows: pa.Table, floor: LegalFloor | None) -> Moments:
    """Until when a law keeps each row; `NONE` where it does not speak of it.

    Args:
        rows: With `day` or `collected_at`, and the stored columns that the floor names; one that is not there says
            nothing in any row.
        floor: None: no law speaks of any.
    """
    if floor is None:
        return np.full(rows.num_rows, NONE, np.int64)
    begun = day_of(rows)
    if floor.counted_from != COLLECTED_AT and floor.counted_from in rows.column_names:
        told = moments(rows.column(floor.counted_from), NONE)
        begun = np.where(told == NONE, begun, told)
    until = begun - begun % DAY_US + DAY_US + microseconds(floor.keep_for)
    return np.where(says(rows, floor.field, floor.values), until, NONE)


def says(rows: pa.Table, field: str | None, values: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which rows have one of these values in a field; all where no field is named."""
    if field is None:
        return np.ones(rows.num_rows, np.bool_)
    if field not in rows.column_names:
        return np.zeros(rows.num_rows, np.bool_)
    column = rows.column(field)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found = pc.is_in(pc.cast(column, pa.string()), value_set=pa.array(list(values), pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def kept_rows(rows: pa.Table, keep_for: timedelta, terms: RetentionTerms | None) -> pa.Array:
    """Until when rows are kept as far as they themselves tell: their ceiling, and what a law demands of them.

    Args:
        rows: As in `floors`.
        keep_for: What rules and consents allow, from the beginning of the day of collection.
        terms: What the policy says beside; None: nothing.
    """
    ceiling = day_of(rows) + microseconds(keep_for)
    floor = floors(rows, terms.floor if terms else None)
    return pa.array(until(ceiling, floor), pa.int64()).cast(TIME)


def until(ceiling: Moments, floor: Moments, ended: Moments | None = None) -> Moments:
    """Until when rows are kept, holds left out.

    Args:
        ceiling: What their rules and consents allow.
        floor: What a law demands; `NONE` where it does not.
        ended: When their purpose and the time after it are over; `NEVER` where nothing has shown that.
    """
    return np.maximum(ceiling if ended is None else np.minimum(ceiling, ended), floor)


def ended(
    keys: pa.ChunkedArray, days: Moments, ends: "Ends | None", end: PurposeEnd | None
) -> Moments:
    """When the purpose of each row is over: at its subject's first end on or after its day, and the time after it."""
    never = np.full(len(days), NEVER, np.int64)
    if ends is None or end is None or not len(ends.days):
        return never
    place = pc.fill_null(pc.index_in(keys, value_set=ends.keys), -1)
    of = np.asarray(place.to_numpy(zero_copy_only=False), np.int64)
    width = np.int64(DAY_NUMBERS)
    at = np.searchsorted(ends.ranks, of * width + days // DAY_US)
    at_or_last = np.minimum(at, len(ends.days) - 1)
    is_mine = (of >= 0) & (at < len(ends.days)) & (ends.ranks[at_or_last] // width == of)
    over = (ends.days[at_or_last] + 1) * DAY_US + microseconds(end.then)
    return np.where(is_mine, over, never)


DAY_NUMBERS = 1 << 24
"""More days than any date has: a key's place times this, and a day, is one number that sorts by both."""


class Ends:
    """The days on which subjects' purposes were shown to have ended.

    Attributes:
        keys: Of the subjects, distinct.
        days: Of the ends, as days since 1970, sorted by key and day.
        ranks: Key and day of each as one number, ascending.
    """

    def __init__(self, keys: pa.ChunkedArray, days: Moments) -> None:
        """Take in the ends: a key and the beginning of a day for each; a key that is null is nobody's."""
        known = keys.is_valid().to_numpy()
        coded = keys.filter(pa.array(known)).combine_chunks()
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        encoded = coded.dictionary_encode()
        numbers = np.asarray(encoded.indices.to_numpy(), np.int64)
        self.keys: pa.Array = encoded.dictionary
        self.ranks: Moments = np.unique(numbers * DAY_NUMBERS + days[known] // DAY_US)
        self.days: Moments = self.ranks % DAY_NUMBERS
