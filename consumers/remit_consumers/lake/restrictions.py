"""The table of restrictions: whose rows are kept and used for nothing."""

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.columns import RESTRICTIONS, RESTRICTIONS_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.promises import is_kept, keep_promised
from remit_consumers.lake.tables import open_table

KEPT_FOR = timedelta(days=1095)
"""As long as the request that asked for it."""

_KEY = ["tenant", "subject", "request"]


def restrict(root: Path, request: str, tenant: str, names: list[str], now: datetime) -> None:
    """Put every name of a subject under restriction, durably.

    Args:
        root: The lake's folder.
        request: Which asked for it.
        tenant: Whose customer.
        names: Pseudonyms as rows bear them.
        now: Aware UTC.

    Raises:
        LakeError: It cannot be written.
    """
    rows = [
        {
            "tenant": tenant,
            "subject": name,
            "request": request,
            "placed_at": now,
            "lifted_at": None,
            "keep_until": now + KEPT_FOR,
        }
        for name in names
    ]
    _append(root, pa.Table.from_pylist(rows, RESTRICTIONS))


def lift(root: Path, request: str, now: datetime) -> int:
    """End what one request restricted; gives how many names that were.

    Raises:
        LakeError: It cannot be read or written.
    """
    all_ = standing(root)
    mine = all_.filter(pc.equal(all_.column("request"), request))
    at = pa.repeat(pa.scalar(now, RESTRICTIONS.field("lifted_at").type), mine.num_rows)
    if mine.num_rows:
        place = RESTRICTIONS.get_field_index("lifted_at")
        _append(root, mine.set_column(place, RESTRICTIONS.field("lifted_at"), at))
    return int(mine.num_rows)


def standing(root: Path) -> pa.Table:
    """The restrictions that hold (columns: `tables.RESTRICTIONS`).

    Raises:
        LakeError: The lake cannot be read, or the table was there and has gone: nothing would be restricted any more.
    """
    if not is_kept(root, RESTRICTIONS_TABLE):
        return RESTRICTIONS.empty_table()
    with reaching(root):
        rows = open_table(root, RESTRICTIONS_TABLE).delta.to_pyarrow_table()
    rows = rows.select(RESTRICTIONS.names).cast(RESTRICTIONS)
    said = rows.group_by(_KEY).aggregate([("lifted_at", "count")])
    still = said.filter(pc.equal(said.column("lifted_at_count"), 0)).select(_KEY)
    return rows.join(still, _KEY, join_type="inner").select(RESTRICTIONS.names)


def _append(root: Path, rows: pa.Table) -> None:
    if not rows.num_rows:
        return
    is_kept(root, RESTRICTIONS_TABLE)
    with reaching(root):
        append_rows(open_table(root, RESTRICTIONS_TABLE), rows)
    keep_promised(root, [RESTRICTIONS_TABLE])
