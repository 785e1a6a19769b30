"""Under which key a row falls: whose it is, and in which period it was collected.

Batches are mostly of one tenant and one period, and then this costs nothing; where they are not, rows are told apart
by column operations, and only the distinct values of each scope are worked on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from remit_consumers.reducers.unique import text

DAY_MS = 86_400_000
"""Milliseconds of a day in UTC, which has no leap seconds."""

EPOCH = date(1970, 1, 1)
"""The day that periods are counted from."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one key is for.

    Attributes:
        tenant: Whose customers; empty for a single shop.
        epoch: `<number>/<days>d`: whole periods of so many days since 1970-01-01; empty where keys do not rotate.
    """

    tenant: str
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What tells the scopes of a batch's rows. Both arrays have one length: the number of rows.

    Attributes:
        tenant: Strings.
        collected_at: Times; a row's epoch goes by its day of collection, so that a replay gives the same.
    """

    tenant: pa.Array
    collected_at: pa.Array

    @classmethod
    def of_nobody(cls, count: int) -> Self:
        """Give rows of no tenant, all collected at the beginning of 1970."""
        nobody = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([""]))
        return cls(nobody, pa.array(np.zeros(count, np.int64), pa.timestamp("ms", "UTC")))

    def scopes(self, rotate_days: int) -> tuple[list[Scope], Ints]:
        """Find the distinct scopes, and for each row which of them is its own.

        Args:
            rotate_days: Length of a period; 0 where keys do not rotate.
        """
        tenants, tenant = _coded(self.tenant)
        numbers, number = self._periods(rotate_days)
        present, of_row = _numbered(tenant * len(numbers) + number)
        scopes = [
            Scope(tenants[pair // len(numbers)], _epoch(numbers[pair % len(numbers)], rotate_days))
            for pair in present.tolist()
        ]
        return scopes, of_row

    def _periods(self, rotate_days: int) -> tuple[list[int], Ints]:
        """Give the numbers of the periods, and for each row its place among them."""
        if not rotate_days:
            return [0], np.zeros(len(self.collected_at), np.int64)
        moments = self.collected_at.cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
        numbers = moments.fill_null(0).to_numpy(zero_copy_only=False) // (DAY_MS * rotate_days)
        periods, place = _numbered(numbers)
        return periods.tolist(), place


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct values of a column, scope by scope.

    Attributes:
        groups: Each scope that has any, with its distinct values.
        indices: For each row the place of its value among those of all groups, one after the other; null has none.
    """

    groups: list[tuple[Scope, list[str]]]
    indices: pa.Array


def each_scope(
    values: pa.Array,
    rows: Rows,
    rotate_days: int,
    results: Callable[[Scope, list[str]], list[str | None]],
) -> pa.DictionaryArray:
    """Put the distinct values of every scope through a function and spread the results over the rows.

    Args:
        values: The column; nulls stay null.
        rows: Whose the rows are, and when they were collected.
        rotate_days: Length of a period; 0 where keys do not rotate.
        results: Gives one result for each distinct value of a scope, in order.
    """
    found = distinct(values, rows, rotate_days)
    named = [name for scope, mine in found.groups for name in results(scope, mine)]
    return pa.DictionaryArray.from_arrays(found.indices, pa.array(named, pa.string()))


def distinct(values: pa.Array, rows: Rows, rotate_days: int) -> Distinct:
    """Find the distinct values of every scope; arguments as in `each_scope`."""
    coded = text(values).dictionary_encode()
    if not len(coded.dictionary):
        return Distinct([], coded.indices)
    scopes, of_row = rows.scopes(rotate_days)
    if len(scopes) == 1:
        return Distinct([(scopes[0], coded.dictionary.to_pylist())], coded.indices)
    count = len(coded.dictionary)
    gone = coded.indices.is_null().to_numpy(zero_copy_only=False)
    pairs = of_row * count + coded.indices.fill_null(0).to_numpy()
    present, place = np.unique(pairs[~gone], return_inverse=True)
    ends = np.searchsorted(present // count, np.arange(len(scopes) + 1))
    groups = [
        (scope, coded.dictionary.take(pa.array(present[start:stop] % count)).to_pylist())
        for scope, start, stop in zip(scopes, ends, ends[1:], strict=False)
        if start < stop
    ]
    indices = np.zeros(len(values), np.int32)
    indices[~gone] = place
    return Distinct(groups, pa.array(indices, mask=gone))


def epochs(rotate_days: int, first: date, last: date) -> list[str]:
    """The periods of which a day lies between two days, both included, as `Scope.epoch` names them."""
    if not rotate_days:
        return [""]
    numbers = ((day - EPOCH).days // rotate_days for day in (first, last))
    low, high = numbers
    return [_epoch(number, rotate_days) for number in range(low, high + 1)]


def _coded(tenants: pa.Array) -> tuple[list[str], Ints]:
    """Give the distinct tenants, and for each row its own by number."""
    coded = tenants if pa.types.is_dictionary(tenants.type) else tenants.dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)


def _numbered(numbers: Ints) -> tuple[Ints, Ints]:
    """Find distinct numbers and the place of each among them; one alone is found without sorting."""
    if len(numbers) and numbers.min() == numbers.max():
        return numbers[:1], np.zeros(len(numbers), np.int64)
    return np.unique(numbers, return_inverse=True)


def _epoch(number: int, rotate_days: int) -> str:
    """Name a period; its length is part of the name, so that no two policies share one."""
    return f"{number}/{rotate_days}d" if rotate_days else ""
