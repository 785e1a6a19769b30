"""Minimize: every field is kept, reduced or refused as the plan says, and every value is counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch, Step
from remit_consumers.lake.receipt import FieldCount
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.reducer import Reducer
from remit_consumers.rows import stored_types
from remit_schemas.category import Decision
from remit_schemas.plan import FieldDecision, FieldPlan, Plan


def minimize(names: Pseudonyms) -> Step:
    """Make the step that reduces the values of a batch and replaces its subjects by pseudonyms."""

    def step(batch: Batch, plan: Plan) -> Batch:
        if batch.outcome is None:
            message = f"a batch of {batch.contract.name} reached minimize before authorize"
            raise ValueError(message)
        columns: dict[str, pa.Array] = {}
        counts: list[FieldCount] = []
        for name, field in plan.fields.items():
            done = _reduce(_column(batch.table, name), field, batch.outcome.fields[name])
            columns.update(done.columns)
            counts.extend(done.counts)
        return replace(
            batch,
            table=pa.table(columns),
            subject=names.of(batch.tenant, batch.subject),
            counts=tuple(counts),
        )

    return step


@cache
def reducers() -> Mapping[str, Reducer]:
    """Every reducer. Loading them takes most of a second: a service does it while it waits for its first batch."""
    from remit_consumers.reducers.registry import REDUCERS  # noqa: PLC0415

    return REDUCERS


@dataclass(frozen=True, slots=True)
class _Reduced:
    """What became of one field: the columns to store, and the counts of its values."""

    columns: Mapping[str, pa.Array]
    counts: tuple[FieldCount, ...]


def _column(table: pa.Table, name: str) -> pa.Array:
    """One column as one array."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _reduce(column: pa.Array, field: FieldPlan, decided: FieldDecision) -> _Reduced:
    """Apply the decision to a column; a value that its reducer could not read counts as refused."""
    if decided.decision is Decision.REFUSE:
        gone = {
            name: pa.nulls(len(column), kind)
            for name, kind in stored_types(field, column.type).items()
        }
        return _Reduced(gone, _refusal(column, len(column) - column.null_count, field, decided))
    if decided.decision is Decision.KEEP or field.reducer is None:
        return _Reduced({field.field: column}, (_count(column, (column,), field, decided),))
    reduced = reducers()[field.reducer].reduce(column, decided.parameters)
    count = _count(column, reduced, field, decided)
    unread = len(column) - column.null_count - count.values_in
    names = stored_types(field, column.type)
    return _Reduced(
        dict(zip(names, reduced, strict=True)),
        (count, *_refusal(column, unread, field, decided, count.bytes_in)),
    )


def _count(
    before: pa.Array, after: tuple[pa.Array, ...], field: FieldPlan, decided: FieldDecision
) -> FieldCount:
    """Count the values that came out: those with any result."""
    kept = after[0].is_valid()
    for array in after[1:]:
        kept = pc.or_(kept, array.is_valid())
    values = int(pc.sum(kept).as_py() or 0)
    whole = values == len(before) - before.null_count
    bytes_in = _bytes(before) if whole else _bytes(before.filter(kept))
    return _field_count(
        field, decided, decided.decision, (values, values, bytes_in, sum(map(_bytes, after)))
    )


def _refusal(
    column: pa.Array, values: int, field: FieldPlan, decided: FieldDecision, bytes_kept: int = 0
) -> tuple[FieldCount, ...]:
    """Count the values that are not stored, if there are any."""
    if not values:
        return ()
    return (
        _field_count(field, decided, Decision.REFUSE, (values, 0, _bytes(column) - bytes_kept, 0)),
    )


def _field_count(
    field: FieldPlan, decided: FieldDecision, decision: Decision, figures: tuple[int, int, int, int]
) -> FieldCount:
    """One row of a receipt."""
    stored = decision is not Decision.REFUSE
    return FieldCount(
        field=field.field,
        category=field.category,
        decision=decision,
        reducer=(field.reducer or "") if stored else "",
        clause=field.clause or "",
        purposes=",".join(sorted(decided.purposes)) if stored else "",
        basis=decided.basis if stored else "",
        values_in=figures[0],
        values_out=figures[1],
        bytes_in=figures[2],
        bytes_out=figures[3],
    )


def _bytes(array: pa.Array) -> int:
    """The size of the values themselves: text as UTF-8, everything else at its width."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        text_bytes: int | None = pc.sum(pc.binary_length(array)).as_py()
        return text_bytes or 0
    if pa.types.is_null(array.type):
        return 0
    width: int = array.type.bit_width
    values: int = len(array) - array.null_count
    return values * max(width // 8, 1)
