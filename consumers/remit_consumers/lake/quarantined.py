"""What stands in the quarantine, and what commits say of packs that were taken out of it.

A replay is told from its receipt alone: the commit that stores the events of a pack takes them off the quarantine's
count, so that no event is ever counted twice. The row, sealed, goes in a commit of its own behind it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import QUARANTINE
from remit_consumers.lake.history import receipts_after
from remit_consumers.lake.receipt import PackOutcome, Receipt
from remit_consumers.lake.tables import Table, is_table, open_table

TABLE = "quarantine"

EVENTS = "events/"

REPLAYS = "quarantine"
"""Under this application id a replay leaves a transaction in each table that it commits to: so a table without any is
known at once, two replays at a time fence each other, and consumers that have not seen it claim anew: a copy of what it
stored may come on any partition."""


def stands(root: Path) -> pa.Table:
    """Every row of the quarantine, with what is sealed in it (columns: `columns.QUARANTINE`), the oldest first."""
    if not is_table(root, TABLE):
        return QUARANTINE.empty_table()
    rows = open_table(root, TABLE).delta.to_pyarrow_table()
    return rows.sort_by([(name, "ascending") for name in ("quarantined_at", "log", "offset")])


def unsealed(root: Path) -> pa.Table:
    """Every row of the quarantine, without what is sealed in it, in no order."""
    names = [name for name in QUARANTINE.names if name != "sealed"]
    if not is_table(root, TABLE):
        return QUARANTINE.empty_table().select(names)
    return open_table(root, TABLE).delta.to_pyarrow_table(columns=names)


def listed(root: Path) -> list[dict[str, str | int | None]]:
    """What stands in quarantine, oldest first, without what is sealed in it; times as ISO 8601."""
    rows = unsealed(root)
    for name in ("quarantined_at", "keep_until"):
        seconds = rows.column(name).cast(pa.timestamp("s", "UTC"), safe=False)
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ"))
    found: list[dict[str, str | int | None]] = rows.sort_by("quarantined_at").to_pylist()
    return found


def replays(root: Path, name: str) -> Iterator[Receipt]:
    """The receipts of an events table that speak of packs out of the quarantine."""
    for receipt in receipts_after(root, name, -1):
        if receipt.replayed:
            yield receipt


def read_by_replays(tables: Sequence[Table]) -> frozenset[tuple[bytes, int, int]]:
    """The packs whose events a replay stored: no copy of them that comes late on the log may be stored again.

    Their marks were never raised, because nobody could read them when they came.
    """
    return frozenset(
        (pack.producer, pack.lane, pack.sequence)
        for table in tables
        if table.name.startswith(EVENTS) and table.delta.transaction_version(REPLAYS) is not None
        for receipt in replays(table.root, table.name)
        for pack in receipt.packs
        if pack.outcome is PackOutcome.READ
    )
