"""Compaction: many small files become few, no row changes, and everything that could meet it still holds."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kit.lake import DAY, LOG, make_flush, make_quarantined, make_receipt, make_rows, take_rows
from kit.program import run
from kit.shop import NOON, REPORTING, Shop
from remit_consumers.lake import compaction, durable, storing
from remit_consumers.lake.commit import Flush, Lake, TableCommit
from remit_consumers.lake.compaction import AT_LEAST, Compacted, compact, compact_tables
from remit_consumers.lake.lease import lease
from remit_consumers.lake.log import entry, versions
from remit_consumers.lake.pending import Pending, sync_all
from remit_consumers.lake.rewrite import live_files
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import Vacuum, take_old_orphans, take_orphans
from remit_consumers.lookout import Lookout
from remit_consumers.metrics import Metrics
from remit_consumers.proof.verify import verify
from remit_consumers.retention.compactor import Compactor
from remit_consumers.sharing.news import Cursor, news
from remit_schemas.errors import StaleWriter

TABLE = "events/page_view"
FLUSHES = AT_LEAST + 1
NAMES = ["carl", "anna", "bob"]
MANY = 20_000  # rows of a flush


def named(offset: int, day: date = DAY) -> Flush:
    """The pack at an offset, its rows somebody's."""
    rows = make_rows(offset, subject=NAMES[offset % len(NAMES)], day=day)
    return make_flush(offset, TableCommit(TABLE, rows, make_receipt(offset)))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that many small flushes were committed to."""
    made = Lake(tmp_path / "lake")
    made.claim(LOG, 0)
    for offset in range(FLUSHES):
        made.commit(named(offset))
        made.materialise()
    return made


def rows(lake: Lake, name: str = TABLE) -> list[dict[str, object]]:
    """The rows of a table, in an order of their own."""
    return sorted(DeltaTable(lake.root / name).to_pyarrow_table().to_pylist(), key=repr)


def files(lake: Lake, name: str = TABLE) -> list[str]:
    return live_files(open_table(lake.root, name))


def holds(lake: Lake) -> None:
    """All that `verify` looks for, and the next flush."""
    lake.materialise()
    checks = verify(lake.root.parent).checks
    assert {name: one.detail for name, one in checks.items() if not one.holds} == {}


def test_small_files_of_a_day_become_one_and_every_row_stays(lake: Lake) -> None:
    before = rows(lake)
    assert compact(lake.root, TABLE, 0.0) == Compacted(FLUSHES, 1)
    assert rows(lake) == before
    (merged,) = files(lake)
    assert merged.startswith(f"day={DAY}/")
    names = pq.read_table(lake.root / TABLE / merged).column("subject").to_pylist()
    assert names == sorted(names)
    holds(lake)


def test_small_files_that_pile_up_are_merged_before_the_next_sweep_and_only_then(
    lake: Lake,
) -> None:
    before, metrics = rows(lake), Metrics()
    Compactor(lake.root, metrics, pile=2 * FLUSHES, settled_s=0.0).work()
    Compactor(lake.root, metrics, pile=FLUSHES, settled_s=3_600.0).work()
    with lease(lake.root):
        Compactor(lake.root, metrics, pile=FLUSHES, settled_s=0.0).work()
    assert len(files(lake)) == FLUSHES
    compactor = Compactor(lake.root, metrics, pile=FLUSHES, settled_s=0.0)
    compactor.work()
    assert len(files(lake)) == 1
    assert rows(lake) == before
    merged = metrics.registry.get_sample_value("remit_compacted_files_total")
    assert merged == 2 * FLUSHES  # of receipts as well
    lake.commit(named(FLUSHES))
    compactor.work()
    assert len(files(lake)) == 2
    holds(lake)


def test_what_is_merged_is_not_merged_again(lake: Lake) -> None:
    compact_tables(lake.root, 0.0)
    assert compact_tables(lake.root, 0.0) == {}


def test_the_receipts_are_compacted_and_say_the_same(lake: Lake) -> None:
    before = sorted(map(repr, lake.receipts().to_pylist()))
    assert compact(lake.root, "receipts", 0.0) == Compacted(FLUSHES, 1)
    assert sorted(map(repr, lake.receipts().to_pylist())) == before
    lake.commit(named(FLUSHES))
    assert lake.materialise() == 1
    holds(lake)


def test_quarantine_is_compacted(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.claim(LOG, 0)
    for offset in range(FLUSHES):
        lake.commit(make_flush(offset, make_quarantined(offset)))
    before = rows(lake, "quarantine")
    assert compact(lake.root, "quarantine", 0.0).replaced == FLUSHES
    assert rows(lake, "quarantine") == before
    holds(lake)


def test_rows_never_move_to_another_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.claim(LOG, 0)
    for offset in range(2 * AT_LEAST):
        lake.commit(named(offset, day=DAY + timedelta(offset % 2)))
    before = rows(lake)
    assert compact(lake.root, TABLE, 0.0) == Compacted(2 * AT_LEAST, 2)
    assert rows(lake) == before
    holds(lake)


def test_files_that_are_young_few_or_large_enough_stay(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compact_tables(lake.root, 3_600.0) == {}
    with monkeypatch.context() as one:
        one.setattr(compaction, "AT_LEAST", FLUSHES + 1)
        assert compact(lake.root, TABLE, 0.0) == Compacted()
    monkeypatch.setattr(compaction, "SMALL", 0.0)
    assert compact_tables(lake.root, 0.0) == {}


def test_a_merged_file_grows_no_further_than_its_target(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max((lake.root / TABLE / path).stat().st_size for path in files(lake))
    monkeypatch.setattr(compaction, "TARGET_BYTES", 3 * largest)
    assert compact(lake.root, TABLE, 0.0) == Compacted(FLUSHES, 3)


def test_a_merged_file_has_no_more_rows_than_its_target(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_flush = len(rows(lake)) // FLUSHES
    monkeypatch.setattr(compaction, "TARGET_ROWS", 3 * a_flush)
    before = rows(lake)
    assert compact(lake.root, TABLE, 0.0) == Compacted(FLUSHES, 3)
    assert rows(lake) == before


def test_rows_that_are_merged_stand_in_memory_once_and_a_part_of_them_twice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "PART_ROWS", durable.GROUP_ROWS)
    for offset in range(FLUSHES, 2 * FLUSHES):
        lake.commit(
            make_flush(
                offset, TableCommit(TABLE, make_rows(offset, MANY), make_receipt(offset, MANY))
            )
        )
    whole = open_table(lake.root, TABLE).delta.to_pyarrow_table().nbytes
    own = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(own)
    try:
        assert compact(lake.root, TABLE, 0.0).written == 1
    finally:
        pa.set_memory_pool(before)
    assert whole < own.max_memory() < 1.5 * whole


def test_files_from_before_a_column_came_are_merged_with_those_behind_it(lake: Lake) -> None:
    wider = make_rows(FLUSHES).append_column("language", pa.array(["en"] * 3))
    lake.commit(make_flush(FLUSHES, TableCommit(TABLE, wider, make_receipt(FLUSHES))))
    before = rows(lake)
    assert compact(lake.root, TABLE, 0.0) == Compacted(FLUSHES + 1, 1)
    assert rows(lake) == before
    assert [row["language"] for row in before].count("en") == 3
    holds(lake)


def test_the_log_says_that_no_row_changed_and_tells_no_value(lake: Lake) -> None:
    compact(lake.root, TABLE, 0.0)
    newest = versions(lake.root / TABLE)[-1]
    assert entry(lake.root / TABLE, newest).is_move
    assert not entry(lake.root / TABLE, newest - 1).is_move
    text = (lake.root / TABLE / f"_delta_log/{newest:020d}.json").read_text()
    assert not any(value in text for value in (*NAMES, "192.0", "minValues"))


def test_a_row_that_is_lost_in_a_merge_is_found_by_verify(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_by_subject", lambda rows: [rows.slice(1)])
    compact(lake.root, TABLE, 0.0)
    lake.materialise()
    assert not verify(lake.root.parent).checks["rows"].holds


def test_who_is_erased_after_a_merge_is_gone_from_every_byte(lake: Lake) -> None:
    compact(lake.root, TABLE, 0.0)
    take_rows(lake, "anna")
    Vacuum().take(lake.root / TABLE, 0.0)
    assert not any(b"anna" in file.read_bytes() for file in lake.root.rglob("*.parquet"))
    assert len(rows(lake)) == (FLUSHES - FLUSHES // len(NAMES)) * 3
    holds(lake)


def test_an_erasure_that_comes_between_stands_and_the_merge_does_not(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(merged: pa.Table) -> Iterator[pa.Table]:
        yield merged
        take_rows(lake, "anna")

    with monkeypatch.context() as one:
        one.setattr(compaction, "_by_subject", late)
        assert compact(lake.root, TABLE, 0.0) == Compacted()
    assert "anna" not in {row["subject"] for row in rows(lake)}
    Vacuum().take(lake.root / TABLE, 0.0)
    assert not any(b"anna" in file.read_bytes() for file in lake.root.rglob("*.parquet"))
    holds(lake)


def test_flushes_that_commit_meanwhile_are_all_there_once(lake: Lake) -> None:
    more, is_over = 20, Event()

    def flushing() -> None:
        for offset in range(FLUSHES, FLUSHES + more):
            lake.commit(named(offset))
        is_over.set()

    flusher = Thread(target=flushing)
    flusher.start()
    while not is_over.is_set():
        compact_tables(lake.root, 0.0)
    flusher.join()
    compact_tables(lake.root, 0.0)
    packs = {(row["pack"], row["index"]) for row in rows(lake)}
    assert len(packs) == len(rows(lake)) == (FLUSHES + more) * 3
    assert len(files(lake)) < AT_LEAST
    holds(lake)


def test_another_consumer_goes_on_behind_a_merge(lake: Lake) -> None:
    compact_tables(lake.root, 0.0)
    other = Lake(lake.root)
    assert other.claim(LOG, 0).position == FLUSHES
    other.commit(named(FLUSHES))
    holds(other)


def test_a_recipient_that_follows_gets_nothing_again(lake: Lake, tmp_path: Path) -> None:
    contracts = frozenset({"page_view"})
    cursor = Cursor(tmp_path / "cursor", {})
    cursor = cursor.moved(news(lake.root, cursor, contracts).versions)
    compact(lake.root, TABLE, 0.0)
    assert news(lake.root, cursor, contracts).files == {}


def test_the_live_page_shows_no_event_twice(lake: Lake) -> None:
    lookout = Lookout(lake)
    compact_tables(lake.root, 0.0)
    assert lookout.look() == []


def test_the_consent_ledger_is_not_read_again_for_a_merge(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for minute in range(AT_LEAST):
        at = NOON + timedelta(minutes=minute)
        shop.store(shop.say("given" if minute % 2 else "withdrawn", at, subject=f"s{minute}"))
    version = shop.lake.consents_version()
    whole = shop.lake.consents(-1)
    compact(shop.root, "consents", 0.0)
    after = shop.lake.consents(version)
    assert after is not None
    assert whole is not None
    assert not after.is_whole
    assert after.rows.num_rows == 0
    late = shop.lake.consents(version - 1)  # a reader whose news was merged away
    assert late is not None
    assert late.is_whole
    assert sorted(late.rows.to_pylist(), key=repr) == sorted(whole.rows.to_pylist(), key=repr)


def test_who_agreed_before_a_merge_of_the_ledger_agrees_after_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for minute in range(AT_LEAST):
        status = "withdrawn" if minute == AT_LEAST - 1 else "given"
        shop.store(shop.say(status, NOON + timedelta(minutes=minute), subject="ann"))
        shop.store(shop.say("given", NOON + timedelta(minutes=minute), subject="bob"))
    compact_tables(shop.root, 0.0)
    shop.restart()
    later = NOON + timedelta(hours=1)
    shop.now = later
    kept = shop.kept(shop.store(shop.view(later, "ann"), shop.view(later, "bob")))
    assert [is_for_statistics for is_for_statistics, _ in kept] == [False, True], REPORTING


COMPACTING = """
import sys
from pathlib import Path
from kit.dying import after, die, die_in_turn
from remit_consumers.lake import compaction, publish

def compact(where):
    if where == "read": compaction.write_parts = die
    if where == "written": compaction.write_parts = after(compaction.write_parts)
    if where == "synced": compaction.append = die
    if where == "drafted": publish.publish = die
    if where == "published": publish.publish = after(publish.publish)
    if where == "committed": compaction.append = after(compaction.append)
    compaction.compact_tables(Path(sys.argv[1]) / where / "lake", 0.0)

die_in_turn(sys.argv[2:], compact)
"""
"""Compacts lakes, each in a process that is killed by the system at the place that its lake is called by."""

STEPS = ("read", "written", "synced", "drafted", "published", "committed")


def test_what_a_killed_compaction_left_at_any_step_is_done_by_the_next(
    lake: Lake, tmp_path: Path
) -> None:
    before = rows(lake)
    for where in STEPS:
        shutil.copytree(lake.root, tmp_path / "killed" / where / "lake")
    run(COMPACTING, tmp_path / "killed", *STEPS, timeout_s=300)
    for where in STEPS:
        left = Lake(tmp_path / "killed" / where / "lake")
        assert rows(left) == before, where
        compact_tables(left.root, 0.0)
        assert rows(left) == before, where
        assert [len(files(left)), on_disk(left)] == [1, 1], where
    holds(Lake(tmp_path / "killed" / "committed" / "lake"))


def on_disk(lake: Lake) -> int:
    """How many files a table has, after all that nobody needs was taken away."""
    for file in (lake.root / TABLE).glob("*/*.parquet"):
        os.utime(file, (0, 0))
    vacuum = Vacuum()
    vacuum.take(lake.root / TABLE, 0.0)
    take_old_orphans(open_table(lake.root, TABLE), vacuum)
    return len([*(lake.root / TABLE).glob("*/*.parquet")])


def test_a_commit_whose_files_a_moved_clock_made_orphans_is_refused_and_stored_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(lake)

    def then_the_clock_moves(pending: list[Pending]) -> None:
        sync_all(pending)
        on_disk(lake)  # everything is old, and what no commit speaks of is taken

    with monkeypatch.context() as one:
        one.setattr(storing, "sync_all", then_the_clock_moves)
        with pytest.raises(StaleWriter, match="was a clock moved"):
            lake.commit(named(FLUSHES))
    assert rows(lake) == before
    lake.claim(LOG, 0)
    lake.commit(named(FLUSHES))
    assert len(rows(lake)) == len(before) + make_rows(FLUSHES).num_rows
    holds(lake)


def test_how_old_an_orphan_is_goes_by_the_clock_that_dates_files(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, ahead_s = open_table(lake.root, TABLE), time.time() + 86_400
    shutil.copy(table.path / files(lake)[0], table.path / f"day={DAY}/part-left.parquet")
    monkeypatch.setattr(time, "time", lambda: ahead_s)  # of a host whose clock is a day ahead
    assert take_old_orphans(table, Vacuum()) == 0
    assert take_orphans(table, pa.array(NAMES)) == 1  # too young
    os.utime(table.path / f"day={DAY}/part-left.parquet", (0, 0))
    assert take_old_orphans(table, Vacuum()) == 1
    assert not [*(table.path / "_delta_log").glob("_now_*")]
