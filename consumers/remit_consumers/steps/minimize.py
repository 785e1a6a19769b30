"""Minimize: every field is kept, reduced or refused as the plan says, and every value is counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch, Step
from remit_consumers.counting import refused, stored
from remit_consumers.lake.receipt import FieldCount
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.means import Means
from remit_consumers.reducers.reducer import Reducer
from remit_consumers.reducers.scope import Rows
from remit_consumers.rows import COLLECTED_AT, stored_types
from remit_schemas.category import Decision
from remit_schemas.decided import FieldDecision, FieldPlan, Outcome
from remit_schemas.plan import Plan
from remit_schemas.subject import VISITOR

Reducers = Callable[[], Mapping[str, Reducer]]
"""Gives every reducer by name; asked only where a batch has something to reduce."""

_Apply = Callable[[pa.Array, str, FieldDecision], tuple[pa.Array, ...]]


def minimize(names: Pseudonyms, reducers: Reducers) -> Step:
    """Make the step that reduces the values of a batch and replaces its subjects by pseudonyms.

    What comes out of a reducer or of the vault for good bears a type that no reducer takes (`reducers.final`).
    """

    def step(batch: Batch, plan: Plan) -> Batch:
        if batch.outcome is None:
            message = f"a batch of {batch.contract.name} reached minimize before authorize"
            raise ValueError(message)
        rows = Rows(batch.tenant, _column(batch.table, COLLECTED_AT))

        def apply(column: pa.Array, name: str, decided: FieldDecision) -> tuple[pa.Array, ...]:
            return reducers()[name].reduce_rows(column, decided.parameters, rows)

        columns: dict[str, pa.Array] = {}
        counts: list[FieldCount] = []
        for name, field in plan.fields.items():
            done = _reduce(_column(batch.table, name), field, batch.outcome.fields[name], apply)
            columns.update(done.columns)
            counts.extend(done.counts)
        columns.setdefault(
            COLLECTED_AT, rows.collected_at
        )  # it governs, whether or not it may be stored
        days = plan.pseudonyms.rotate_days if plan.pseudonyms else 0
        return replace(
            batch,
            table=pa.table(columns),
            subject=names.of(batch.subject, rows, days),
            visitor=_counted(batch, rows, names, changes=days > 0) if plan.floor else None,
            outcome=_looked_up(batch.outcome, plan, reducers),
            counts=tuple(counts),
        )

    return step


def _counted(batch: Batch, rows: Rows, names: Pseudonyms, *, changes: bool) -> pa.Array | None:
    """Whom the floor counts by name: subjects, by names that never change.

    A visitor without an account has a name for each session, so one of them could be a crowd: no name, and their network
    counts instead. None where the names that are stored do.
    """
    without_account = pc.fill_null(pc.starts_with(batch.subject, VISITOR), fill_value=False)
    if not changes and not without_account.true_count:
        return None
    accounts = pc.if_else(without_account, pa.scalar(None, pa.string()), batch.subject)
    return names.of(accounts, rows, 0)


def _looked_up(outcome: Outcome, plan: Plan, reducers: Reducers) -> Outcome:
    """Name the data that values were looked up in, if any were."""
    for name, field in plan.fields.items():
        if field.reducer and outcome.fields[name].decision is Decision.REDUCE:
            source = reducers()[field.reducer].source
            outcome = outcome.within(source()) if source else outcome
    return outcome


def load(means: Means) -> Mapping[str, Reducer]:
    """Make every reducer. The first time takes most of a second: a service does it while it waits for its first batch."""
    from remit_consumers.reducers.registry import reducers  # noqa: PLC0415

    return reducers(means)


@dataclass(frozen=True, slots=True)
class _Reduced:
    """What became of one field: the columns to store, and the counts of its values."""

    columns: Mapping[str, pa.Array]
    counts: tuple[FieldCount, ...]


def _column(table: pa.Table, name: str) -> pa.Array:
    """One column as one array."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _reduce(column: pa.Array, field: FieldPlan, decided: FieldDecision, apply: _Apply) -> _Reduced:
    """Apply the decision to a column; a value that its reducer could not read counts as refused."""
    if decided.decision is Decision.REFUSE:
        gone = {
            name: pa.nulls(len(column), kind)
            for name, kind in stored_types(field, column.type).items()
        }
        return _Reduced(gone, refused(column, field))
    if decided.decision is Decision.KEEP or field.reducer is None:
        return _Reduced({field.field: column}, (stored(column, (column,), field, decided),))
    # What counts the values and what reduces them both go by the distinct ones: those are found once.
    values = column.dictionary_encode() if pa.types.is_string(column.type) else column
    reduced = apply(values, field.reducer, decided)
    read, unread = _parted(values, reduced)
    names = stored_types(field, column.type)
    return _Reduced(
        dict(zip(names, reduced, strict=True)),
        (stored(read, reduced, field, decided), *refused(unread, field)),
    )


def _parted(column: pa.Array, reduced: tuple[pa.Array, ...]) -> tuple[pa.Array, pa.Array]:
    """Part values with any result from those that the reducer could not read."""
    is_read = reduced[0].is_valid()
    for array in reduced[1:]:
        is_read = pc.or_(is_read, array.is_valid())
    if is_read.true_count == len(column) - column.null_count:
        return column, column.slice(0, 0)
    return column.filter(is_read), column.filter(pc.invert(is_read))
