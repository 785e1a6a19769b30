"""The table of notices: who is told of what happened to a subject's data, under the name it knows, and what it answered.

Rows are only ever appended: of several rows of one notice the newest holds. A notice is on record before the rows that
say to whom something went are gone, and its name of the subject goes once it is acknowledged, or has lapsed.

Source: policy 2021-11-01, clauses S086a, S086b.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.erasure.notice import EXCEPTIONS, Notice
from remit_consumers.erasure.strike import Struck, strike
from remit_consumers.keyfiles import FolderLock
from remit_consumers.lake.append import append_rows
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.tables import Table, evolve, is_table, open_table
from remit_schemas.errors import SettingsError

TABLE: Final = "notices"

LOCK: Final = "notices.lock"
"""In the lake's folder: held while the table changes, so that nothing that is over is noted as sent once more."""

_TIME = pa.timestamp("us", "UTC")

NOTICES = pa.schema(
    {
        "notice": pa.string(),
        "to": pa.string(),
        "kind": pa.string(),
        "reference": pa.string(),
        "subjects": pa.string(),
        "made_at": _TIME,
        "due_at": _TIME,
        "tries": pa.int32(),
        "tried_at": _TIME,
        "acknowledged_at": _TIME,
        "exception": pa.string(),
        "keep_until": _TIME,
        "taken_at": _TIME,
        "scope": pa.string(),
    }
)
"""Who is told what; the columns are the fields of a `Notice`."""


def notices(root: Path) -> list[Notice]:
    """All notices as they stand, the oldest first.

    Raises:
        LakeError: The lake cannot be read.
    """
    if not is_table(root, TABLE):
        return []
    with reaching(root):
        rows = _rows(open_table(root, TABLE, NOTICES))
    newest: dict[str, Notice] = {}
    for row in rows.to_pylist():
        one = Notice(**row)
        stands = newest.get(one.notice)
        if stands is None or _rank(one) > _rank(stands):
            newest[one.notice] = one
    return sorted(newest.values(), key=lambda one: (one.made_at, one.notice))


def record(root: Path, fresh: Sequence[Notice]) -> int:
    """Put notices on record, durably, each once; gives how many are new."""
    if not fresh:
        return 0
    with _alone(root):
        known = {one.notice for one in notices(root)}
        new = [one for one in fresh if one.notice not in known]
        _append(root, new)
    return len(new)


def acknowledge(root: Path, name: str, now: datetime, exception: str | None = None) -> Notice:
    """Note that a party has done what it was told, or why it need not; its names of the subject go.

    Raises:
        SettingsError: There is no such notice, or no such exception.
    """
    if exception is not None and exception not in EXCEPTIONS:
        message = f"an exception is one of {', '.join(EXCEPTIONS)}"
        raise SettingsError(message)
    found = next((one for one in notices(root) if one.notice == name), None)
    if found is None:
        message = "there is no such notice: `remit notices list` shows them"
        raise SettingsError(message)
    done = acknowledged(found, now, exception)
    close(root, [done])
    return done


def acknowledged(one: Notice, now: datetime, exception: str | None = None) -> Notice:
    """A notice that was answered."""
    return replace(one, acknowledged_at=now, exception=exception, subjects="")


def lapse(root: Path, now: datetime) -> list[Notice]:
    """Give up the notices that nobody answered in all that time, and forget what their subjects were called."""
    over = [replace(one, subjects="") for one in notices(root) if one.is_lapsed(now)]
    close(root, over)
    return over


def tried(root: Path, sent: Sequence[Notice]) -> None:
    """Note that notices were sent, all in one commit; who answered by another way meanwhile is not named again."""
    with _alone(root):
        still = {one.notice for one in notices(root) if one.is_open}
        _append(root, [one for one in sent if one.notice in still])


def close(root: Path, done: Sequence[Notice]) -> None:
    """Put on record that notices are over, and take away their earlier rows, which name subjects."""
    if not done:
        return
    names = pa.array([one.notice for one in done], pa.string())

    def change(rows: pa.Table) -> pa.Table:
        mine = pc.is_in(rows.column("notice"), names)
        return rows.filter(pc.invert(pc.and_(mine, pc.not_equal(rows.column("subjects"), ""))))

    with _alone(root):
        _append(root, done)
        strike(root, Struck(TABLE, ["notice"], names, change))


def whose(
    root: Path, stored: Mapping[str, Sequence[str]], contract: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    """Say to whom something of subjects went: tenant, recipient, and those of their stored pseudonyms that went there.

    Args:
        root: The lake's folder.
        stored: By tenant, pseudonyms as the rows bear them.
        contract: Only of these events; empty for all.
    """
    if not is_table(root, "disclosed"):
        return
    columns = ["tenant", "subject", "recipient", *(["contract"] if contract else [])]
    rows = open_table(root, "disclosed").delta.to_pyarrow_table(columns=columns)
    if contract:
        rows = rows.filter(pc.equal(rows.column("contract"), contract))
    for tenant, names in stored.items():
        mine = pc.and_(
            pc.equal(rows.column("tenant"), tenant),
            pc.is_in(rows.column("subject"), pa.array(list(names), pa.string())),
        )
        found: dict[str, set[str]] = {}
        for row in rows.filter(mine).to_pylist():
            found.setdefault(row["recipient"], set()).add(row["subject"])
        for to, theirs in sorted(found.items()):
            yield tenant, to, sorted(theirs)


def _rank(one: Notice) -> tuple[bool, int]:
    """Which of two rows of a notice is the newer one."""
    return not one.subjects, one.tries


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Change the table while no other process does."""
    with reaching(root):
        root.mkdir(parents=True, exist_ok=True)
        with FolderLock(root / LOCK).held():
            yield


def _rows(table: Table) -> pa.Table:
    """The rows of the table; columns that it was made without are null."""
    rows = table.delta.to_pyarrow_table()
    for column in NOTICES:
        if column.name not in rows.column_names:
            rows = rows.append_column(column, pa.nulls(rows.num_rows, column.type))
    return rows.select(NOTICES.names).cast(NOTICES)


def _append(root: Path, rows: Sequence[Notice]) -> None:
    """Append rows, durably."""
    if not rows:
        return
    table = open_table(root, TABLE, NOTICES)
    evolve(table, NOTICES)
    table.refresh()
    append_rows(table, pa.Table.from_pylist([asdict(one) for one in rows], NOTICES))
