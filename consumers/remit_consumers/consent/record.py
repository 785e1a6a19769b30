"""Records of the ledger: what of a consent change is kept, and under which name."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.lake.tables import CONSENTS
from remit_consumers.reducers.closed import OTHER
from remit_consumers.reducers.final import plain
from remit_consumers.rows import COLLECTED_AT, kept_until
from remit_schemas.plan import Plan
from remit_schemas.subject import VISITOR

GIVEN = "given"
"""The one status under which anything may be stored (W3C DPV: ConsentGiven); every other denies."""

_SAID = ("purpose", "status", "agreed_version", "method")
"""What is kept of a change as the plan reduces it: words of closed lists, never what a producer happened to write."""


def records(came: Batch, reduced: Batch, names: pa.Array, plan: Plan, now: datetime) -> pa.Table:
    """Give the records of a batch of consent changes; one without a subject or without a known purpose is none.

    A change takes effect when it was said, and never later than it was collected: a sender's clock that is years
    ahead must not hold against what the subject says next.

    Args:
        came: The batch before minimize.
        reduced: The same batch after it, row by row.
        names: The ledger's name of each row's subject; null where it has none.
        plan: The plan of the contract.
        now: Aware UTC.
    """
    if reduced.outcome is None or not set(_SAID) <= set(reduced.table.column_names):
        return CONSENTS.empty_table()
    said = {name: plain(reduced.table.column(name).combine_chunks()) for name in _SAID}
    collected = came.table.column(COLLECTED_AT)
    columns = {
        **said,
        "tenant": came.tenant,
        "subject": names,
        "effect_at": _earlier(came.table.column("occurred_at"), collected),
        "recorded_at": _all(now, came.events),
        "policy_version": _all(plan.policy_version, came.events),
        "pack": came.pack,
        "index": came.index,
        "keep_until": kept_until(collected, reduced.outcome.keep_for),
        "visitor_day": _visitor_days(came.subject, collected, now),
    }
    table = pa.table([_as(columns[field.name], field.type) for field in CONSENTS], schema=CONSENTS)
    known = pc.not_equal(pc.fill_null(table.column("purpose"), OTHER), OTHER)
    return table.filter(pc.and_(known, table.column("subject").is_valid()))


def _all(value: object, rows: int) -> pa.Array:
    """A column that says the same in every row."""
    return pa.repeat(pa.scalar(value), rows)


def _visitor_days(subjects: pa.Array, collected: pa.ChunkedArray, now: datetime) -> pa.ChunkedArray:
    """The day of the key that a visitor is known under; null for everybody else."""
    days = collected.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.date32(), safe=False)
    past = pc.if_else(pc.less(days, pa.scalar(now.date())), days, pa.scalar(now.date()))
    return pc.if_else(pc.starts_with(subjects, VISITOR), past, pa.scalar(None, pa.date32()))


def _earlier(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    """The earlier of two times, row by row."""
    moments = (times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()) for times in (one, other))
    return pc.min_element_wise(*moments).cast(pa.timestamp("ms", "UTC"))


def _as(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """A column in the type of the table."""
    return column.cast(kind)
