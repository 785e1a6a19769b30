"""The table of the consent ledger: read from end to end, some at a time, and then what was added since."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import CONSENTS, CONSENTS_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.log import Entry, entries, versions
from remit_consumers.lake.tables import Table, open_table
from remit_consumers.store.place import parquet
from remit_schemas.category import ACCEPTED, CONCLUDED, DENYING, GIVING, NOTIFIED, REQUESTED, STATED

THE_POLICY = "policy"
"""What is counted under this is about a whole version of the policy, and no purpose."""

READ_AT_ONCE = 1 << 17
"""Records that are in memory together while the table is read from end to end: some 30 MB, and one row group of a file."""

_SAID = ("tenant", "subject", "purpose")
"""What records about one thing have in common."""

_TIME = CONSENTS.field("keep_until").type

_ENDING_NOTHING = (*GIVING, REQUESTED, NOTIFIED, CONCLUDED, ACCEPTED)
"""Statuses that take nothing back; every other does, and an age that was stated takes the place of an earlier one."""


@dataclass(frozen=True, slots=True)
class Records:
    """What a reader of the ledger did not have yet.

    Attributes:
        parts: The records, some at a time, to be read once (columns: `tables.CONSENTS`); reading them raises `LakeError`.
        version: Delta version that the reader stands at behind the last of them.
        is_whole: Whether they are all there is: something was rewritten, and what was read before is to be forgotten.
    """

    parts: Iterable[pa.Table]
    version: int
    is_whole: bool

    @property
    def rows(self) -> pa.Table:
        """All records in one table."""
        return pa.concat_tables([CONSENTS.empty_table(), *self.parts])


def since(table: Table, version: int) -> Records:
    """Read what a table has after a version; -1 reads it from end to end."""
    newest = versions(table.path)[-1]
    fresh = list(entries(table.path, version)) if version >= 0 else []
    is_gapless = [entry.version for entry in fresh] == [*range(version + 1, newest + 1)]
    if not 0 <= version <= newest or not is_gapless or _is_rewritten(fresh):
        table.refresh()
        known = [name for name in CONSENTS.names if name in table.columns]
        batches = table.delta.to_pyarrow_dataset().to_batches(
            columns=known, batch_size=READ_AT_ONCE, batch_readahead=1, fragment_readahead=1
        )
        return Records(_gathered(table.root, batches), table.version, is_whole=True)
    rows = [_rows(table, entry) for entry in fresh if not entry.is_move]
    return Records([pa.concat_tables([CONSENTS.empty_table(), *rows])], newest, is_whole=False)


def _gathered(root: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Records as whole rows, those of many small files together: what is learned as columns is worth it only for many."""
    waiting: list[pa.Table] = []
    with reaching(root):
        for batch in batches:
            waiting.append(_whole(pa.Table.from_batches([batch])))
            if sum(part.num_rows for part in waiting) >= READ_AT_ONCE:
                yield pa.concat_tables(waiting)
                waiting.clear()
        if waiting:
            yield pa.concat_tables(waiting)


def _is_rewritten(fresh: Sequence[Entry]) -> bool:
    """Whether commits took out more than what a reader has had: a file of rows, or one that is news itself."""
    taken = {path for entry in fresh for path in entry.removed}
    added = {one.path for entry in fresh if not entry.is_move for one in entry.added}
    return any(entry.removed and not entry.is_move for entry in fresh) or bool(taken & added)


def _rows(table: Table, entry: Entry) -> pa.Table:
    """The rows that one commit added."""
    files = [parquet(table.path / added.path).read() for added in entry.added]
    return pa.concat_tables([CONSENTS.empty_table(), *map(_whole, files)])


def _whole(rows: pa.Table) -> pa.Table:
    """Rows with every column there is now; what older consumers did not know is null."""
    for column in CONSENTS:
        if column.name not in rows.column_names:
            rows = rows.append_column(column, pa.nulls(rows.num_rows, column.type))
    return rows.select(CONSENTS.names).cast(CONSENTS)


def stopped_after_ms(table: Table, when: pc.Expression | None = None) -> list[int]:
    """How long each denial on record was on its way to the ledger, in milliseconds, the shortest first."""
    columns = ["status", "effect_at", "recorded_at"]
    rows = table.delta.to_pyarrow_dataset().to_table(columns=columns, filter=when)
    rows = rows.filter(pc.is_in(rows.column("status"), pa.array(DENYING)))
    began, heard = (
        rows.column(name).cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
        for name in ("effect_at", "recorded_at")
    )
    return sorted(pc.max_element_wise(pc.subtract(heard, began), 0).to_pylist())


def notices(table: Table, when: pc.Expression | None = None) -> Mapping[str, Mapping[str, int]]:
    """How many subjects' notices are on record, by policy version and channel."""
    columns = ["agreed_version", "channel"]
    known = [name for name in (*columns, "status") if name in table.columns]
    rows = table.delta.to_pyarrow_dataset().to_table(columns=known, filter=when)
    if "channel" not in known:
        return {}
    rows = rows.filter(pc.equal(rows.column("status"), NOTIFIED))
    groups = rows.group_by(columns).aggregate([([], "count_all")])
    found: dict[str, dict[str, int]] = {}
    for row in groups.sort_by([(name, "ascending") for name in columns]).to_pylist():
        version = found.setdefault(row["agreed_version"] or "unknown", {})
        version[row["channel"] or "unknown"] = row["count_all"]
    return found


def counted(
    table: Table, tenant: str | None = None, when: pc.Expression | None = None
) -> Mapping[str, Mapping[str, int]]:
    """How many changes of each status the ledger holds, of one tenant or of all, by purpose; those to none are about the policy.

    `when` is what a record must meet, as in the others: the time at which the ledger took it.

    What was stated of a subject is counted nowhere: how many minors there are is nobody's to know (D8).
    """
    columns = ["purpose", "status"]
    meets = when
    if tenant is not None:
        mine = pc.field("tenant") == tenant
        meets = mine if when is None else mine & when
    rows = table.delta.to_pyarrow_dataset().to_table(columns=columns, filter=meets)
    groups = rows.group_by(columns).aggregate([([], "count_all")])
    found: dict[str, dict[str, int]] = {}
    for row in groups.sort_by([(name, "ascending") for name in columns]).to_pylist():
        if row["status"] != STATED:
            name = row["purpose"] or THE_POLICY
            found.setdefault(name, {})[row["status"] or "unknown"] = row["count_all"]
    return found


def outlived(root: Path, rows: pa.Table, now: datetime) -> pa.Array:
    """Which records whose time is over end what was said before them and is kept longer: it would hold again without them.

    Somebody may say a thing before another and be heard after it, and a newer policy may keep for a shorter time.

    Args:
        root: The lake's folder.
        rows: Of the ledger.
        now: Aware UTC.
    """
    is_end = pc.invert(pc.is_in(rows.column("status"), pa.array(_ENDING_NOTHING)))
    is_over = pc.less_equal(rows.column("keep_until"), pa.scalar(now, _TIME))
    theirs = pc.and_(is_end, pc.fill_null(is_over, fill_value=False))
    names = pc.unique(rows.column("subject").filter(theirs))
    if not len(names):
        return pa.repeat(pa.scalar(value=False), rows.num_rows)
    is_longer = pc.field("subject").isin(names) & (pc.field("keep_until") > pa.scalar(now, _TIME))
    ledger = open_table(root, CONSENTS_TABLE).delta.to_pyarrow_dataset()
    first: dict[tuple[str | None, ...], datetime] = {}
    for row in ledger.to_table([*_SAID, "effect_at"], filter=is_longer).to_pylist():
        key = tuple(row[name] for name in _SAID)
        first[key] = min(row["effect_at"], first.get(key, row["effect_at"]))
    keys = zip(*(rows.column(name).to_pylist() for name in _SAID), strict=True)
    each = zip(keys, rows.column("effect_at").to_pylist(), theirs.to_pylist(), strict=True)
    return pa.array([mine and key in first and first[key] <= at for key, at, mine in each])
