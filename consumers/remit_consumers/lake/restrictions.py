"""The table of restrictions: whose rows are kept and used for nothing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.columns import RESTRICTIONS, RESTRICTIONS_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.promises import is_kept, keep_promised
from remit_consumers.lake.tables import evolve, open_table

KEPT_FOR = timedelta(days=1095)
"""As long as the request that asked for it; one that stands is kept longer, until it is lifted."""

OBLIGED: Final = "LegalObligationImpaired"
"""Why rows are not erased that a law or a hold keeps. Source: policy 2021-11-01, clause S091b; DPV, justifications."""

UNDECIDED: Final = "InformationRequired"
"""Why rows are not erased yet of which nobody knows what a law says. Source: DPV, justifications."""

Whose = tuple[str, str]
"""A tenant, and a subject's pseudonym as events tables store it."""

KEY = ["tenant", "subject", "request"]
"""What a restriction is known by."""


def restrict(root: Path, request: str, tenant: str, names: Sequence[str], now: datetime) -> None:
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
    _append(root, [_row(request, (tenant, name), now) for name in names])


def _row(request: str, whose: Whose, now: datetime) -> dict[str, object]:
    """A restriction of one name that somebody asked for."""
    tenant, name = whose
    placed = {"placed_at": now, "keep_until": now + KEPT_FOR}
    return {"tenant": tenant, "subject": name, "request": request, **placed}


def lift(root: Path, request: str, now: datetime) -> int:
    """End what one request restricted; gives how many names that were. It stays on record as long as the request does.

    Raises:
        LakeError: It cannot be read or written.
    """
    all_ = standing(root)
    mine = all_.filter(pc.equal(all_.column("request"), request))
    for name, value in {"lifted_at": now, "keep_until": now + KEPT_FOR}.items():
        kind = RESTRICTIONS.field(name)
        same = pa.repeat(pa.scalar(value, kind.type), mine.num_rows)
        mine = mine.set_column(RESTRICTIONS.get_field_index(name), kind, same)
    _append(root, mine.to_pylist())
    return int(mine.num_rows)


def standing(root: Path) -> pa.Table:
    """The restrictions that hold (columns: `tables.RESTRICTIONS`).

    Raises:
        LakeError: The lake cannot be read, or the table was there and has gone: nothing would be restricted any more.
    """
    rows = records(root)
    said = rows.group_by(KEY).aggregate([("lifted_at", "count")])
    still = said.filter(pc.equal(said.column("lifted_at_count"), 0)).select(KEY)
    return rows.join(still, KEY, join_type="inner").select(RESTRICTIONS.names)


def records(root: Path) -> pa.Table:
    """Everything that was said of restrictions (columns: `tables.RESTRICTIONS`).

    Raises:
        LakeError: The lake cannot be read, or the table was there and has gone: nothing would be restricted any more.
    """
    if not is_kept(root, RESTRICTIONS_TABLE):
        return RESTRICTIONS.empty_table()
    with reaching(root):
        rows = open_table(root, RESTRICTIONS_TABLE).delta.to_pyarrow_table()
    for name in set(RESTRICTIONS.names) - set(
        rows.column_names
    ):  # an older version did not write it
        rows = rows.append_column(name, pa.nulls(rows.num_rows, RESTRICTIONS.field(name).type))
    return rows.select(RESTRICTIONS.names).cast(RESTRICTIONS)


def kept_back(root: Path) -> pa.Table:
    """Those that hold because rows could not be erased (columns: `tables.RESTRICTIONS`)."""
    rows = standing(root)
    return rows.filter(rows.column("code").is_valid())


def keep_back(
    root: Path, request: str, kept: Mapping[Whose, str], now: datetime, to_day: date | None = None
) -> None:
    """Have what an erasure could not take be used for nothing; doing it again changes nothing.

    Args:
        root: The lake's folder.
        request: The erasure.
        kept: Whose rows they are, each with the reason why they could not be erased.
        now: Aware UTC.
        to_day: The last day whose rows it lies on; None: all.

    Raises:
        LakeError: It cannot be read or written.
    """
    there = standing(root)
    mine = there.filter(pc.equal(there.column("request"), request)).to_pylist()
    known = {
        ((row["tenant"], row["subject"]), row["code"])
        for row in mine
        if row["to_day"] is None or (to_day is not None and row["to_day"] >= to_day)
    }
    fresh = sorted(set(kept.items()) - known)
    beside = {"to_day": to_day}
    _append(root, [_row(request, one, now) | beside | {"code": code} for one, code in fresh])


def _append(root: Path, rows: Sequence[Mapping[str, object]]) -> None:
    if not rows:
        return
    is_kept(root, RESTRICTIONS_TABLE)
    with reaching(root):
        table = open_table(root, RESTRICTIONS_TABLE)
        evolve(table, RESTRICTIONS)
        table.refresh()
        append_rows(table, pa.Table.from_pylist(rows, RESTRICTIONS))
    keep_promised(root, [RESTRICTIONS_TABLE])
