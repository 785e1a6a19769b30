"""The table of withdrawals: who withdrew what, and whether the rows stored before were rewritten."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.columns import EVERY_PURPOSE, WITHDRAWN, WITHDRAWN_TABLE
from remit_consumers.lake.promises import is_kept
from remit_consumers.lake.tables import Table, evolve, open_table

KEY = ("tenant", "subject", "purpose", "effect_at")
"""What a withdrawal is known by."""


def record(root: Path, rows: pa.Table, transactions: Mapping[str, int], begun: int) -> None:
    """Write the withdrawals of a flush, durably, each once however often the flush is tried.

    Args:
        root: The lake's folder.
        rows: Columns: `tables.WITHDRAWN`.
        transactions: For each application id, its new version: those of the flush.
        begun: The lowest first offset of the flush.

    Raises:
        StaleWriter: Another writer records for one of its partitions at this moment.
        LakeError: The table was there and has gone: a new one would forget who withdrew before.
    """
    is_kept(root, WITHDRAWN_TABLE)
    table = _open(root)
    stood = (table.delta.transaction_version(app) for app in transactions)
    if any(version is not None and version > begun for version in stood):  # a crash left some
        rows = _without(rows, _read(table))
    if rows.num_rows:
        append_rows(table, rows, transactions)


def pending(root: Path) -> pa.Table:
    """The withdrawals whose rows may still stand (columns: `tables.WITHDRAWN`)."""
    if not is_kept(root, WITHDRAWN_TABLE):
        return WITHDRAWN.empty_table()
    rows = _read(open_table(root, WITHDRAWN_TABLE))
    is_open = rows.column("applied_at").is_null()
    left = _without(rows.filter(is_open), rows.filter(pc.invert(is_open)))
    begun = left.filter(left.column("rewritten_at").is_valid())
    return pa.concat_tables([begun, _without(left, begun)])


def waits(root: Path, rows: pa.Table) -> pa.Array:
    """Which of some rows speak of a withdrawal that is not carried out: they are needed until it is."""
    left = pending(root).select(list(KEY)).to_pylist()
    keys = {tuple(one.values()) for one in left}
    mine = rows.select(list(KEY)).to_pylist() if keys else []
    return pa.array([tuple(one.values()) in keys for one in mine] or [False] * rows.num_rows)


def rewritten(root: Path, rows: pa.Table, now: datetime, left: Sequence[str]) -> None:
    """Say of erasures that tables were rewritten for them, but for those that are left, durably; once for each."""
    fresh = rows.filter(rows.column("rewritten_at").is_null())
    if not fresh.num_rows:
        return
    told = {"rewritten_at": now, "left": ",".join(left)}
    append_rows(_open(root), _said(fresh, told))


def applied(root: Path, rows: pa.Table, now: datetime) -> None:
    """Say of withdrawals that no row stands against them any more, durably."""
    append_rows(_open(root), _said(rows, {"applied_at": now}))


def waited(root: Path) -> pa.Table:
    """How long each withdrawal that was applied had to wait: `purpose`, `waited_ms` and `applied_at`."""
    if not is_kept(root, WITHDRAWN_TABLE):
        ms = pa.field("waited_ms", pa.int64())
        return pa.schema(
            [WITHDRAWN.field("purpose"), ms, WITHDRAWN.field("applied_at")]
        ).empty_table()
    rows = _read(open_table(root, WITHDRAWN_TABLE))
    rows = rows.filter(rows.column("applied_at").is_valid())
    spans = pc.subtract(rows.column("applied_at"), rows.column("recorded_at"))
    ms = pc.divide(spans.cast(pa.int64()), 1_000)
    return pa.table(
        {
            "purpose": rows.column("purpose"),
            "waited_ms": ms,
            "applied_at": rows.column("applied_at"),
        }
    )


def erased(root: Path) -> pa.Table:
    """Who was erased (columns: `tables.WITHDRAWN`): nothing of theirs that was stored before `applied_at` may be left."""
    if not is_kept(root, WITHDRAWN_TABLE):
        return WITHDRAWN.empty_table()
    rows = _read(open_table(root, WITHDRAWN_TABLE))
    is_erasure = pc.equal(rows.column("purpose"), EVERY_PURPOSE)
    return rows.filter(pc.and_(is_erasure, rows.column("applied_at").is_valid()))


def _read(table: Table) -> pa.Table:
    """All rows; columns null that an older version did not write."""
    rows = table.delta.to_pyarrow_table()
    for name in WITHDRAWN.names:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, WITHDRAWN.field(name).type))
    return rows.select(WITHDRAWN.names).cast(WITHDRAWN)


def _without(rows: pa.Table, others: pa.Table) -> pa.Table:
    """The rows whose key none of the others has."""
    if not rows.num_rows or not others.num_rows:
        return rows
    keys = others.select(list(KEY)).group_by(list(KEY)).aggregate([])
    return rows.join(keys, list(KEY), join_type="left anti").select(WITHDRAWN.names)


def _said(rows: pa.Table, told: Mapping[str, object]) -> pa.Table:
    """The rows, each saying something more."""
    for name, value in told.items():
        kind = WITHDRAWN.field(name)
        same = pa.repeat(pa.scalar(value, kind.type), rows.num_rows)
        rows = rows.set_column(WITHDRAWN.get_field_index(name), kind, same)
    return rows


def _open(root: Path) -> Table:
    """The table, with every column that this version writes."""
    table = open_table(root, WITHDRAWN_TABLE)
    evolve(table, WITHDRAWN)
    table.refresh()
    return table
