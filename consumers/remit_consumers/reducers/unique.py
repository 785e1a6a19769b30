"""The door of every reducer: a column comes in, its distinct values are worked on, columns go out.

Values of telemetry repeat (50,000 page views of a real server: 3,462 pages, 1,310 agents), so the logic runs once
for each distinct value of a batch, and a bounded memory carries what was found over to the next batch.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.final import refuse_final

R = TypeVar("R")

MEMO_VALUES_MAX = 65_536
"""Distinct values that one memory holds: more than a batch has; 32 MB of agents
(measured: 480 bytes each, the string included)."""

MEMO_CHARS_MAX = 512
"""Characters of the longest value that is remembered, so that hostile input takes at most four times that."""


def text(values: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Take whatever stands for a column of texts as a plain string array.

    Args:
        values: Strings of any Arrow kind, also dictionaries and chunks. Anything that holds no text counts as null.

    Raises:
        ReducerError: The column was reduced for good (see `final`): a mistake of the program, whatever the values.
    """
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_string(values.type):
        return values
    refuse_final(values.type)
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    return pa.nulls(len(values), pa.string())


def coded(values: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """Take whatever stands for a column of texts by its distinct values; one that is encoded already is not encoded anew.

    Args:
        values: As for `text`.

    Raises:
        ReducerError: As for `text`.
    """
    kind = values.type
    is_coded = isinstance(values, pa.DictionaryArray) and pa.types.is_string(kind.value_type)
    return (
        values
        if is_coded and not values.dictionary.null_count
        else text(values).dictionary_encode()
    )


class Memo(Generic[R]):
    """Remember what a pure function gave for a text; when full, forget everything and begin again.

    Attributes:
        many: The function: results for distinct values, in order.
    """

    def __init__(self, many: Callable[[list[str]], list[R]]) -> None:
        self.many = many
        self._known: dict[str, R] = {}

    def all(self, values: Sequence[str]) -> list[R]:
        """Give the result for each of these distinct values, in order."""
        known = self._known
        if len(known) + len(values) > MEMO_VALUES_MAX:
            known.clear()
        new = [value for value in values if value not in known]
        if not new:
            return [known[value] for value in values]
        found = dict(zip(new, self.many(new), strict=True))
        results = [known[value] if value in known else found[value] for value in values]
        room = MEMO_VALUES_MAX - len(known)
        known.update(item for item in list(found.items())[:room] if len(item[0]) <= MEMO_CHARS_MAX)
        return results


def each(
    values: pa.Array, results: Callable[[list[str]], list[str | None]]
) -> tuple[pa.DictionaryArray]:
    """Put the distinct values of a column through a function and spread the results over the rows.

    Args:
        values: The column; nulls stay null.
        results: Gives one result for each distinct value, in order.

    Returns:
        Text, dictionary-encoded: what comes after works on the few different results, too.
    """
    found = coded(values)
    distinct = pa.array(results(found.dictionary.to_pylist()), pa.string())
    return (spread(distinct, found.indices),)


def each_row(
    values: pa.Array,
    results: Callable[[list[str]], list[R]],
    columns: Callable[[list[R]], tuple[pa.Array, ...]],
) -> tuple[pa.Array, ...]:
    """Do as `each` does, where one value gives several columns.

    Args:
        values: The column; nulls stay null in every output.
        results: Gives one result for each distinct value, in order.
        columns: Turns the results into one array for each output.
    """
    found = coded(values)
    distinct = columns(results(found.dictionary.to_pylist()))
    return tuple(spread(column, found.indices) for column in distinct)


def spread(distinct: pa.Array, rows: pa.Array) -> pa.Array:
    """Give each row its result: a text by its number (measured: a fifth of the time of copying it), all else itself."""
    if not pa.types.is_string(distinct.type):
        return pc.take(distinct, rows)
    results = distinct.dictionary_encode()
    return pa.DictionaryArray.from_arrays(pc.take(results.indices, rows), results.dictionary)
