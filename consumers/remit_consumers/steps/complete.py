"""Complete: of some fields one must be there, and one suffices."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch, Split
from remit_schemas.plan import Plan

INCOMPLETE = "incomplete"
"""Why an event is refused that has none of its alternatives; the producer's word for it, too."""


def complete(split: Split) -> Split:
    """Make the step that refuses events without any alternative, and parts the others by the first that is there.

    What stands behind that one is more than is needed: only what is optional can hold it.

    Source: policy 2021-11-01, clauses S023a, S023b.

    Args:
        split: Parts what is complete further.
    """

    def step(batch: Batch, plan: Plan) -> Sequence[tuple[Batch, Plan]]:
        if plan.alternatives is None or not batch.events:
            return split(batch, plan)
        names = plan.alternatives.fields
        first = _first_there(batch.table, names)
        parts: list[tuple[Batch, Plan]] = []
        for number in np.unique(first).tolist():
            part = batch.at(np.flatnonzero(first == number))
            if number == len(names):
                parts.append((part.without_rows(plan.outcome(), INCOMPLETE), plan))
            else:
                parts += split(replace(part, spare=frozenset(names[number + 1 :])), plan)
        return parts

    return step


def _first_there(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """For each row the number of the first of these columns that holds anything; how many there are where none does."""
    first = np.full(table.num_rows, len(names))
    for number, name in reversed(list(enumerate(names))):
        first[_is_there(table.column(name))] = number
    return first


def _is_there(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which rows hold anything: neither null nor an empty text, as `remit_schemas.event.is_there` has it."""
    there = column.is_valid()
    if pa.types.is_string(column.type):
        there = pc.and_(there, pc.fill_null(pc.greater(pc.binary_length(column), 0), False))  # noqa: FBT003
    found: npt.NDArray[np.bool_] = there.to_numpy()
    return found
