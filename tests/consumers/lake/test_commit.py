"""A flush becomes rows, receipts and positions, once."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kit.lake import (
    LOG,
    PRODUCER,
    SCHEMA,
    TAGSET,
    make_flush,
    make_quarantined,
    make_receipt,
    make_rows,
    take_rows,
)
from remit_consumers.lake import publish
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.positions import RAW_LIMIT_S, Standing
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import EventCounts, PackOutcome, Receipt
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.rows import OWN_COLUMNS
from remit_consumers.store.place import take_name
from remit_schemas.errors import LakeError, StaleWriter, Unconfirmed


def rows_of(lake: Lake, table: str = "events/page_view") -> pa.Table:
    return DeltaTable(lake.root / table).to_pyarrow_table()


def claimed(root: Path, partition: int = 0) -> Lake:
    lake = Lake(root)
    lake.claim(LOG, partition)
    return lake


def test_what_is_committed_is_there_for_any_delta_reader(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    committed = lake.commit(make_flush(0))
    assert committed.versions == (("events/page_view", 1),)
    assert committed.receipts[0].events.stored == 3
    assert rows_of(lake).sort_by("index").select(SCHEMA.names).cast(SCHEMA).equals(make_rows(0))


def test_every_column_keeps_its_category_reducer_and_clause(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    bare = (
        make_rows(0)
        .replace_schema_metadata(None)
        .cast(pa.schema(list(zip(SCHEMA.names, SCHEMA.types, strict=True))))
    )
    lake.commit(make_flush(0, TableCommit("events/page_view", bare, make_receipt(0), SCHEMA)))
    metadata = {
        one.name: one.metadata for one in DeltaTable(lake.root / "events/page_view").schema().fields
    }
    assert metadata["ip"]["remit.category"] == "user.device.ip_address"
    assert metadata["ip"]["remit.clause"] == "S025"


def test_the_next_claim_starts_where_the_last_commit_ended(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    assert lake.position(LOG, 0) is None
    lake.commit(make_flush(0))
    lake.commit(make_flush(1))
    claim = Lake(lake.root).claim(LOG, 0)
    assert claim.position == 2
    assert claim.marks == {(PRODUCER, 0): 2}
    assert not claim.done
    assert lake.position(LOG, 1) is None


def test_dictionary_columns_and_milliseconds_are_stored_as_the_schema_says(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    plain = make_rows(0)
    times = plain.column("keep_until").cast(pa.timestamp("ms", "UTC"))
    encoded = plain.set_column(1, "pack", plain.column("pack").dictionary_encode())
    encoded = encoded.set_column(SCHEMA.get_field_index("keep_until"), "keep_until", times)
    lake.commit(make_flush(0, TableCommit("events/page_view", encoded, make_receipt(0), SCHEMA)))
    assert rows_of(lake).select(SCHEMA.names).cast(SCHEMA).sort_by("index").equals(plain)


def test_rows_of_two_days_go_into_two_partitions(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    later = make_rows(0, day=OTHER_DAY)
    both = pa.concat_tables(
        [make_rows(0), later.set_column(2, "index", pa.array([3, 4, 5], pa.int32()))]
    )
    lake.commit(make_flush(0, TableCommit("events/page_view", both, make_receipt(0, 6))))
    folders = sorted(path.name for path in (lake.root / "events/page_view").glob("day=*"))
    assert folders == ["day=2026-11-23", "day=2026-11-24"]
    assert rows_of(lake).num_rows == 6


def test_counts_without_rows_make_a_table_and_a_receipt(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    receipt = replace(make_receipt(0, 0), events=EventCounts(expired=7))
    lake.commit(make_flush(0, TableCommit("events/page_view", None, receipt)))
    assert rows_of(lake).num_rows == 0
    assert set(rows_of(lake).column_names) == set(OWN_COLUMNS)
    lake.commit(make_flush(1))
    assert rows_of(lake).num_rows == 3


def test_a_contract_that_gains_a_field_widens_its_table(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    wider = make_rows(1).append_column(
        pa.field("page", pa.string(), metadata={"remit.category": "x"}), pa.array(["/"] * 3)
    )
    lake.commit(make_flush(1, TableCommit("events/page_view", wider, make_receipt(1))))
    lake.commit(make_flush(2))
    pages = rows_of(lake).column("page").to_pylist()
    assert sorted(pages, key=str) == ["/"] * 3 + [None] * 6


def test_quarantine_is_committed_before_the_events(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    events = make_flush(0).parts[0]
    committed = lake.commit(make_flush(0, events, make_quarantined(0)))
    assert [name for name, _ in committed.versions] == ["quarantine", "events/page_view"]
    (listed,) = lake.quarantined()
    assert listed["reason"] == "tampered"
    assert "sealed" not in listed


def test_a_flush_that_does_not_follow_on_is_refused(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    for flush in (make_flush(0), make_flush(5), make_flush(1, partition=1)):
        with pytest.raises(StaleWriter):
            lake.commit(flush)
    assert rows_of(lake).num_rows == 3


def test_an_empty_flush_commits_nothing(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    assert lake.commit(replace(make_flush(0), positions={0: (0, 0)})).versions == ()
    assert not (lake.root / "events").exists()


def test_the_log_and_the_parquet_files_keep_no_minima_and_maxima_of_values(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    table = lake.root / "events/page_view"
    log = (table / "_delta_log" / f"{1:020d}.json").read_text()
    assert "minValues" not in log
    assert "192.0" not in log
    (file,) = table.glob("day=*/*.parquet")
    group = pq.read_metadata(file).row_group(0)
    with_statistics = {
        group.column(at).path_in_schema
        for at in range(group.num_columns)
        if group.column(at).is_stats_set
    }
    assert with_statistics <= {"subject", "keep_until"}


def test_a_tagset_is_in_the_catalogue_once(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    lake.commit(make_flush(1))
    again = claimed(lake.root)
    again.commit(make_flush(2))
    assert rows_of(lake, "tagsets").column("tagset").to_pylist() == [TAGSET.tagset]


def test_two_writers_of_one_partition_cannot_both_commit(tmp_path: Path) -> None:
    first, second = claimed(tmp_path / "lake"), claimed(tmp_path / "lake")
    first.commit(make_flush(0))
    with pytest.raises(StaleWriter):
        second.commit(make_flush(0))
    assert rows_of(first).num_rows == 3
    assert second.claim(LOG, 0).position == 1
    second.commit(make_flush(1))
    with pytest.raises(StaleWriter):
        first.commit(make_flush(1))
    files = list((first.root / "events/page_view").glob("day=*/*.parquet"))
    assert len(files) == 2
    assert not list(first.root.rglob("*.tmp"))


def test_a_writers_own_commit_to_some_of_its_partitions_is_no_one_elses(tmp_path: Path) -> None:
    first, second = claimed(tmp_path / "lake"), Lake(tmp_path / "lake")
    first.claim(LOG, 1)
    second.claim(LOG, 2)
    second.commit(make_flush(0, partition=2))  # between what the first has seen and what it commits
    first.commit(make_flush(0))
    both = replace(make_flush(1), positions={0: (1, 2), 1: (0, 1)})
    first.commit(both)
    assert [Lake(first.root).position(LOG, number) for number in range(3)] == [2, 1, 1]
    second.claim(LOG, 1)
    second.commit(make_flush(1, partition=1))
    with pytest.raises(StaleWriter):
        first.commit(make_flush(1, partition=1))


def test_a_writer_that_woke_up_late_is_refused_even_in_a_table_nobody_else_wrote(
    tmp_path: Path,
) -> None:
    zombie, owner = claimed(tmp_path / "lake"), claimed(tmp_path / "lake")
    other = TableCommit("events/service_log", make_rows(0), make_receipt(0, contract="service_log"))
    zombie_part = make_flush(0, other)
    owner.commit(make_flush(0))
    with pytest.raises(StaleWriter):
        zombie.commit(zombie_part)
    assert set(Lake(owner.root).claim(LOG, 0).done) <= {"events/service_log"}


def test_writers_of_different_partitions_do_not_hinder_one_another(tmp_path: Path) -> None:
    first, second = claimed(tmp_path / "lake", 0), claimed(tmp_path / "lake", 1)
    for offset in range(3):
        first.commit(make_flush(offset, partition=0))
        second.commit(make_flush(offset, partition=1))
    assert rows_of(first).num_rows == 18
    assert (first.position(LOG, 0), first.position(LOG, 1)) == (3, 3)


def test_after_a_crash_before_the_positions_the_packs_are_known_to_be_there(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    lake.commit(make_flush(1, *make_flush(1).parts, make_quarantined(1)))
    newest = lake.root / "positions/_delta_log" / f"{2:020d}.json"
    newest.unlink()  # as if the process had died before its last step
    claim = Lake(lake.root).claim(LOG, 0)
    assert claim.position == 1
    assert claim.done == {
        "events/page_view": {1: PackOutcome.READ},
        "quarantine": {1: PackOutcome.QUARANTINED},
    }


def test_what_a_crash_left_is_still_known_behind_commits_of_a_replay(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    lake.commit(make_flush(1))
    (lake.root / "positions/_delta_log" / f"{2:020d}.json").unlink()  # as above
    for offset in (90, 91, 92):  # packs that stood in quarantine
        part = TableCommit("events/page_view", make_rows(offset), _replay_of(offset))
        flush = replace(make_flush(offset, part), positions={0: (1, 1)}, marks={})
        claimed(lake.root).replay(flush)
    claim = Lake(lake.root).claim(LOG, 0)
    assert claim.position == 1
    assert claim.done == {"events/page_view": {1: PackOutcome.READ}}


def _replay_of(offset: int) -> Receipt:
    """The receipt of a replayed pack: it lies far behind where its partition stands."""
    receipt = make_receipt(offset)
    packs = [replace(pack, offset=0) for pack in receipt.packs]
    told = Replayed(
        *(Settled.READ, "page_view", Reason.KEY_LOST, 3, PRODUCER, 0, offset + 1, 0, 0, bytes(32))
    )
    return replace(receipt, positions={0: (1, 1)}, packs=packs, replayed=[told])


def test_a_torn_entry_and_a_torn_checkpoint_are_taken_away_when_the_lake_is_opened(
    tmp_path: Path,
) -> None:
    lake = claimed(tmp_path / "lake")
    lake.commit(make_flush(0))
    log = lake.root / "events/page_view/_delta_log"
    (log / f"{2:020d}.json").write_bytes(b"")
    (log / f"{1:020d}.checkpoint.parquet").write_bytes(b"PAR1 and no end")
    (log / "_last_checkpoint").write_text('{"version":1,"size":1}')
    again = claimed(lake.root)
    again.commit(make_flush(1))
    assert rows_of(again).num_rows == 6


def test_many_commits_leave_one_row_a_partition_and_a_short_log_of_positions(
    tmp_path: Path,
) -> None:
    lake = claimed(tmp_path / "lake")
    for offset in range(201):
        lake.commit(
            make_flush(
                offset, TableCommit("events/page_view", None, make_receipt(offset, 0), SCHEMA)
            )
        )
    positions = DeltaTable(lake.root / "positions")
    assert (
        positions.to_pyarrow_table().num_rows <= 6
    )  # two a commit: where the partition stands, and its table
    assert len(list((lake.root / "positions/_delta_log").glob("*.json"))) < 110
    assert Lake(lake.root).claim(LOG, 0).position == 201
    asleep = claimed(lake.root)
    asleep._tables.known("positions").seen[f"{LOG}/0"] = 50  # noqa: SLF001 - as a writer that last looked at version 50
    with pytest.raises(StaleWriter):
        asleep.commit(make_flush(201))


def test_marks_of_a_producer_silent_for_longer_than_the_raw_limit_are_forgotten(
    tmp_path: Path,
) -> None:
    old = Standing(5, {(PRODUCER, 0): (9, 1000)})
    assert (PRODUCER, 0) in old.after(6, {}, 1000 + RAW_LIMIT_S).marks
    assert (PRODUCER, 0) not in old.after(6, {}, 1001 + RAW_LIMIT_S).marks
    assert old.after(6, {(PRODUCER, 0): 4}, 1001).sequences() == {(PRODUCER, 0): 9}


OTHER_DAY = make_rows(0).column("day")[0].as_py().replace(day=24)

KILLED = """
import sys
from kit.lake import LOG, make_flush, make_quarantined
from remit_consumers.lake.commit import Lake
lake = Lake(sys.argv[1])
while True:
    claim = lake.claim(LOG, 0)
    offset = claim.position or 0
    for _ in range(5):
        done = claim.done if offset == (claim.position or 0) else {}
        parts = [*make_flush(offset).parts, make_quarantined(offset)]
        lake.commit(make_flush(offset, *(part for part in parts if offset not in done.get(part.table, {})))
                    if len(done) < 2 else __import__("dataclasses").replace(make_flush(offset), parts=[]))
        offset += 1
        print(offset, flush=True)
"""


@pytest.mark.clause("S110e")
def test_a_writer_killed_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, *, prove: bool
) -> None:
    root = tmp_path / "lake"
    acknowledged = 0
    for kill in range(20 if prove else 4):
        command = [sys.executable, "-c", KILLED, str(root)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
            assert writer.stdout is not None
            for _ in range(2 + kill % 5):
                acknowledged = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            acknowledged = int([str(acknowledged).encode(), *writer.stdout.read().split()][-1])
    claim = Lake(root).claim(LOG, 0)
    assert (claim.position or 0) >= acknowledged
    stored = rows_of(Lake(root)).group_by(["pack", "index"]).aggregate([([], "count_all")])
    assert set(stored.column("count_all").to_pylist()) == {1}
    packs = (claim.position or 0) + len(claim.done.get("events/page_view", {}))
    assert stored.num_rows == 3 * packs
    assert len(Lake(root).quarantined()) in {claim.position, (claim.position or 0) + 1}


def behind_the_name(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Have something happen once, right behind the moment at which a commit got its name."""

    def taken(drafted: Path, name: Path) -> None:
        take_name(drafted, name)
        monkeypatch.setattr(publish, "take_name", take_name)
        what()

    monkeypatch.setattr(publish, "take_name", taken)


def _stands_once(root: Path) -> None:
    lake = Lake(root)
    claim = lake.claim(LOG, 0)
    assert claim.position == 1
    assert claim.done["events/page_view"] == {1: PackOutcome.READ}
    assert rows_of(lake).num_rows == 6, "the files of what stands are there"


def test_a_commit_that_cannot_be_looked_at_behind_its_name_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "lake"
    lake = claimed(root)
    lake.commit(make_flush(0))

    def refusing(_path: Path) -> bool:
        monkeypatch.undo()
        raise OSError(errno.EIO, "no answer")

    behind_the_name(monkeypatch, lambda: monkeypatch.setattr(Path, "exists", refusing))
    with pytest.raises(Unconfirmed):
        lake.commit(make_flush(1))
    _stands_once(root)


def test_a_commit_that_is_interrupted_behind_its_name_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "lake"
    lake = claimed(root)
    lake.commit(make_flush(0))

    def interrupt() -> None:
        raise KeyboardInterrupt

    behind_the_name(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        lake.commit(make_flush(1))
    _stands_once(root)


def test_a_rewriting_that_is_interrupted_behind_its_name_keeps_the_rows_that_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = claimed(tmp_path / "lake")
    rows = pa.concat_tables([make_rows(0), make_rows(0, subject="a")])
    lake.commit(make_flush(0, TableCommit("events/page_view", rows, make_receipt(0, 6))))

    def interrupt() -> None:
        raise KeyboardInterrupt

    behind_the_name(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        take_rows(lake, "a")
    assert rows_of(lake).num_rows == 3


def test_a_full_disk_says_so_and_leaves_nothing_half_visible(tmp_path: Path) -> None:
    script = f"""
import resource, signal, sys
from pathlib import Path
from kit.lake import LOG, make_flush
from remit_consumers.lake.commit import Lake
from remit_schemas.errors import LakeError
lake = Lake({str(tmp_path / "lake")!r}); lake.claim(LOG, 0); lake.commit(make_flush(0))
before = sorted(path for path in lake.root.rglob("*.parquet"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY))
try:
    lake.commit(make_flush(1))
except LakeError as error:
    assert "192.0" not in str(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert sorted(path for path in lake.root.rglob("*.parquet")) == before
    assert not list(lake.root.rglob("*.tmp"))
    lake.claim(LOG, 0); lake.commit(make_flush(1))
    print("mended")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "mended", done.stderr
    assert rows_of(Lake(tmp_path / "lake")).num_rows == 6


def test_a_folder_without_permission_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        root = Path("/proc/remit-lake")  # where not even root may make a folder
    else:
        root = tmp_path / "closed" / "lake"
        root.parent.mkdir(mode=0o500)
    with pytest.raises(LakeError, match=r"permission|cannot be (read|made)"):
        Lake(root).claim(LOG, 0)


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "make room"), (errno.EACCES, "write permission"), (errno.EIO, "EIO")],
)
def test_a_fault_of_the_disk_says_what_to_do_and_quotes_nothing(
    tmp_path: Path, number: int, advice: str
) -> None:
    with pytest.raises(LakeError, match=advice) as caught, reaching(tmp_path):
        raise OSError(number, "secret@example.com")
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
