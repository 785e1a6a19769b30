"""How much columns tell: their distinct values, and the Shannon entropy that a reducer takes away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Information:
    """What the values of some rows tell, all together.

    Attributes:
        distinct: Different values.
        bits: Values times the entropy of one, rounded: what it takes to say which value each row has. It adds up over
            commits; among n values one has log2(n) bits at most, so small commits tell less than large ones.
    """

    distinct: int
    bits: int


def information(columns: Sequence[pa.Array]) -> Information:
    """Measure the values of a field, which several columns together may make up; rows without any are left out.

    Source: Shannon, A Mathematical Theory of Communication (1948), section 6.
    """
    counts = _counts_of_one(columns[0]) if len(columns) == 1 else _counts_of_many(columns)
    total = int(counts.sum())
    if not total:
        return Information(0, 0)
    bits = total * np.log2(total) - float(np.sum(counts * np.log2(counts)))
    return Information(len(counts), max(0, round(bits)))


def _counts_of_one(column: pa.Array) -> Counts:
    """How often each value of a column stands in it."""
    if column.null_count == len(column):
        return np.zeros(0, np.int64)
    if pa.types.is_dictionary(column.type):
        numbers = column.indices.drop_null().to_numpy()
        counts = np.bincount(numbers, minlength=1)
        return np.asarray(counts[counts > 0], np.int64)
    counted = pc.value_counts(column if not column.null_count else column.drop_null())
    return np.asarray(counted.field("counts").to_numpy(zero_copy_only=False), np.int64)


def _counts_of_many(columns: Sequence[pa.Array]) -> Counts:
    """How often each combination of values stands in its rows; one that is null throughout is none."""
    filled = columns[0].is_valid()
    for column in columns[1:]:
        filled = pc.or_(filled, column.is_valid())
    codes = pa.array(combinations(columns).codes)
    return _counts_of_one(codes if filled.true_count == len(filled) else codes.filter(filled))


CODES_MAX = 1 << 62
"""Numbers for combinations: beyond that they are given anew, so that none is ever given twice."""


@dataclass(frozen=True, slots=True)
class Combinations:
    """The combinations of values in the rows of some columns; null is a value here.

    Attributes:
        codes: A number for each row, equal where all values are.
        columns: The columns, dictionary-encoded.
    """

    codes: Counts
    columns: Sequence[pa.DictionaryArray]


def combinations(columns: Sequence[pa.Array]) -> Combinations:
    """Number the combinations of values in the rows of one or more columns."""
    codes = np.zeros(len(columns[0]), np.int64)
    encoded: list[pa.DictionaryArray] = []
    size = 1
    for column in columns:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        values = len(coded.dictionary) + 1
        if size * values > CODES_MAX:
            again = pa.array(codes).dictionary_encode()
            codes, size = again.indices.to_numpy().astype(np.int64), len(again.dictionary)
        indices = coded.indices
        if indices.null_count:
            indices = pc.fill_null(indices, values - 1)
        codes = codes * values + indices.to_numpy()
        size *= values
        encoded.append(coded)
    return Combinations(codes, encoded)
