"""When commits were made: as their receipts' rows say where they do, else as the log of their table does."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.log import log_file

HEAD_BYTES = 4096
"""How much of a log entry is looked at: its time stands at the beginning, before the receipt."""

COMMITTED_AT = "committed_at"
"""The column of the receipts that says it, in the row of the commit itself."""

_TIME = re.compile(rb'"timestamp":(\d{10,16})')


class Moments:
    """The times of the commits of one lake; each is looked up once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, datetime | None] = {}

    def learn(self, receipts: pa.Table) -> None:
        """Take up the times that receipts have of their own: they are there when the log has been cut.

        Args:
            receipts: Columns: `columns.RECEIPTS`; those of older versions have no times.
        """
        if COMMITTED_AT in receipts.column_names:
            rows = receipts.filter(pc.is_valid(receipts.column(COMMITTED_AT)))
            times = rows.column(COMMITTED_AT).to_pylist()
            self._known |= dict(zip(rows.column("commit").to_pylist(), times, strict=True))

    def of(self, receipts: pa.Table) -> pa.Array:
        """Give for each receipt row when its commit was made, aware UTC; null where the log no longer says.

        Args:
            receipts: Columns: `columns.RECEIPTS`.
        """
        coded = pc.dictionary_encode(receipts.column("commit").combine_chunks())
        times = [self._time(commit) for commit in coded.dictionary.to_pylist()]
        return pa.array(times, pa.timestamp("us", "UTC")).take(coded.indices)

    def at(self, table: str, version: int) -> datetime | None:
        """When one commit was made, aware UTC; None where the log no longer says."""
        return self._time(f"{table}@{version}")

    def _time(self, commit: str) -> datetime | None:
        if commit not in self._known:
            self._known[commit] = self._look(commit)
        return self._known[commit]

    def _look(self, commit: str) -> datetime | None:
        table, _, version = commit.rpartition("@")
        try:
            with log_file(self._root / table, int(version)).open("rb") as opened:
                found = _TIME.search(opened.read(HEAD_BYTES))
        except OSError:  # the log was cut: what was chained before has no time any more
            return None
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC) if found else None
