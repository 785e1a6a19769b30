"""The table of reads: who read what, for which purpose, and what became of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.columns import QUERIES, QUERIES_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.tables import is_table, open_table

DONE, REFUSED, FAILED = "done", "refused", "failed"
"""What becomes of a read: its rows were handed over; nobody was allowed to ask it; it was asked and gave nothing."""

KEEP_FOR = timedelta(days=1095)
"""How long a read stays on record: PIPL article 56 has records of handling kept for three years."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read; a name that remit does not know stands as `unknown`, because it may be anything.

    Attributes:
        query: A random id.
        user: The operating system's name of who asked.
        role: In which role; empty where none are configured.
        purpose: For which purpose.
        tenant: Of whose data.
        tables: Views that were read, sorted, joined by commas.
        columns: Columns of them that were read, the same way.
        rows: Rows that were handed over.
        sql_sha256: Of the statement's UTF-8 text.
        started_at: When it was asked, aware UTC.
        ended_at: When its result was there.
        outcome: `done`, `refused` or `failed`.
        reason: From a closed list; empty where it was done.
        keep_until: When the record goes.
    """

    query: str
    user: str
    role: str
    purpose: str
    tenant: str
    tables: str
    columns: str
    rows: int
    sql_sha256: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    reason: str
    keep_until: datetime


def record(root: Path, read: Read) -> None:
    """Put a read on record, durably.

    Raises:
        LakeError: It cannot be written; nothing may be handed over then.
    """
    with reaching(root):
        row = pa.Table.from_pylist([asdict(read)], schema=QUERIES)
        append_rows(open_table(root, QUERIES_TABLE), row)


def history(root: Path, now: datetime) -> pa.Table:
    """The reads on record that are still kept, oldest first (columns: `tables.QUERIES`).

    Raises:
        LakeError: The lake cannot be read.
    """
    if not is_table(root, QUERIES_TABLE):
        return QUERIES.empty_table()
    with reaching(root):
        rows = open_table(root, QUERIES_TABLE).delta.to_pyarrow_table(columns=QUERIES.names)
    kept = rows.filter(
        pc.greater(rows.column("keep_until"), pa.scalar(now, QUERIES.field(-1).type))
    )
    return kept.cast(QUERIES).sort_by("started_at")


def counted(reads: pa.Table) -> Mapping[str, Mapping[str, int]]:
    """For each purpose, how many reads came to which outcome, and how many rows they gave."""
    groups = reads.group_by(["purpose", "outcome"]).aggregate([([], "count_all"), ("rows", "sum")])
    found: dict[str, dict[str, int]] = {}
    for row in groups.sort_by("purpose").to_pylist():
        sums = found.setdefault(row["purpose"], dict.fromkeys((DONE, REFUSED, FAILED, "rows"), 0))
        sums[row["outcome"]] += row["count_all"]
        sums["rows"] += row["rows_sum"] or 0
    return found
