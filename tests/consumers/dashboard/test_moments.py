"""When commits were made: from the log while it is there, and from the receipts where they say it."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from remit_consumers.dashboard.moments import Moments
from remit_consumers.lake.columns import RECEIPTS
from remit_consumers.lake.log import log_file

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def receipts(*commits: str) -> pa.Table:
    """Receipts of commits, a row each."""
    rows = [{"commit": commit, "kind": "commit"} for commit in commits]
    told = pa.Table.from_pylist(rows, schema=RECEIPTS)
    return told.drop_columns(["committed_at"]) if "committed_at" in told.column_names else told


def test_the_log_says_when_a_commit_was_made_and_a_cut_log_does_not(tmp_path: Path) -> None:
    file = log_file(tmp_path / "events" / "page_view", 3)
    file.parent.mkdir(parents=True)
    file.write_text(f'{{"commitInfo":{{"timestamp":{int(AT.timestamp() * 1000)}}}}}\n')
    found = Moments(tmp_path).of(receipts("events/page_view@3", "events/page_view@2"))
    assert found.to_pylist() == [AT, None]


def test_receipts_that_say_it_are_enough(tmp_path: Path) -> None:
    rows, moments = receipts("events/page_view@3", "events/page_view@4"), Moments(tmp_path)
    times = pa.array([AT, None], pa.timestamp("us", "UTC"))
    moments.learn(rows.append_column("committed_at", times))
    assert moments.of(rows).to_pylist() == [AT, None]
