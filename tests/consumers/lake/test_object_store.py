"""A lake on an object store: two writers at once, killed and failed, and every event stands once."""

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from kit.installation import each_once
from kit.lake import KEEP_UNTIL, LOG, make_flush
from kit.object_store import BUCKET, ObjectStore, named_store
from kit.watching import until
from remit_consumers.lake import lease as leases
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.compaction import compact_tables
from remit_consumers.lake.lease import lease
from remit_consumers.lake.log import entry
from remit_consumers.lake.rewrite import due_files, find
from remit_consumers.lake.tables import open_table
from remit_consumers.proof.verify import verify
from remit_consumers.store.bucket import Bucket
from remit_consumers.store.place import ObjectPath, at_address, take_name
from remit_schemas.errors import LakeError, SettingsError, StaleWriter, Unconfirmed

FLUSHES = 8  # as many small files as are worth a merge
EVENTS = 3
TABLE = "events/page_view"
FAULTS = 0.04
"""Share of requests that fail: in a hundred requests of a few commits some do."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store of its own, and an environment that names it."""
    with named_store(monkeypatch) as made:
        yield made


@pytest.fixture
def root(store: ObjectStore, tmp_path: Path) -> Path:
    """A lake's place on it, which no other test has."""
    return bucket_of_its_own(store, tmp_path)


def bucket_of_its_own(store: ObjectStore, folder: Path) -> Path:
    """A lake's place in a bucket that no other test has: clients are kept by its name."""
    bucket = f"lake-{zlib.crc32(str(folder).encode()):08x}-{os.getpid()}"
    store.client().create_bucket(Bucket=bucket)
    return at_address(f"s3://{bucket}/prod")


def writer(root: Path, partition: int, flushes: int, store: ObjectStore) -> "subprocess.Popen[str]":
    """Start a writer as a process of its own."""
    words = [sys.executable, "-m", "kit.object_writer", str(root), str(partition), str(flushes)]
    environment = {**os.environ, **store.env, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)


def rows(root: Path) -> pa.Table:
    """The rows of the events table."""
    return open_table(root, TABLE).delta.to_pyarrow_table()


def test_two_writers_of_which_one_is_killed_store_every_event_once_on_a_store_that_fails(
    store: ObjectStore, root: Path, tmp_path: Path, *, prove: bool
) -> None:
    flushes = FLUSHES * 10 if prove else FLUSHES
    store.fail(FAULTS)
    killed, other = (writer(root, partition, flushes, store) for partition in (0, 1))
    assert killed.stdout is not None
    for _ in range(flushes // 2):
        killed.stdout.readline()
    killed.kill()
    killed.communicate()
    again = writer(root, 0, flushes, store)
    for one in (again, other):
        one.communicate(timeout=600)
        assert one.returncode == 0
    assert store.faults["busy"]
    assert store.faults["lost"]
    store.fail(0)
    stored = rows(root)
    assert stored.num_rows == 2 * flushes * EVENTS
    assert each_once(stored)
    found = verify(tmp_path, lake=root, lag=0)
    assert {name: one.detail for name, one in found.checks.items() if not one.holds} == {}
    lake = Lake(root)
    assert [lake.position(LOG, partition) for partition in (0, 1)] == [flushes, flushes]


def test_a_writer_whose_partition_another_has_taken_over_stores_nothing_on_a_store(
    root: Path,
) -> None:
    first, second = Lake(root), Lake(root)
    first.claim(LOG, 0)
    second.claim(LOG, 0)
    second.commit(make_flush(0))
    with pytest.raises(StaleWriter):
        first.commit(make_flush(0))
    assert rows(root).num_rows == EVENTS


def test_a_name_is_one_writers_even_where_the_answer_is_lost(
    store: ObjectStore, root: Path
) -> None:
    drafted, name = root / "draft", root / "name"
    drafted.write_text("mine", "utf-8")
    store.fail(0.5)
    take_name(drafted, name)
    store.fail(0)
    assert name.read_text("utf-8") == "mine"
    (root / "other").write_text("theirs", "utf-8")
    with pytest.raises(FileExistsError):
        take_name(root / "other", name)
    assert name.read_text("utf-8") == "mine"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_commit_of_which_nobody_knows_whether_it_stands_is_stored_once_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    with ObjectStore(seed) as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        root = bucket_of_its_own(store, tmp_path)
        lake = Lake(root)
        lake.claim(LOG, 0)
        lake.commit(make_flush(0))
        store.fail(1.0, only_names=True)
        with pytest.raises(Unconfirmed):
            lake.commit(make_flush(1))
        store.fail(0)
        claim = lake.claim(LOG, 0)
        assert claim.position == 1
        done = claim.done.get(TABLE, {})
        flush = make_flush(1)
        lake.commit(replace(flush, parts=()) if 1 in done else flush)
        stored = rows(root)
        assert stored.num_rows == 2 * EVENTS
        assert each_once(stored)
        assert verify(tmp_path, lake=root, lag=0).holds


def test_a_bucket_that_keeps_older_versions_is_refused(store: ObjectStore) -> None:
    client = store.client()
    client.create_bucket(Bucket="with-versions")
    client.put_bucket_versioning(
        Bucket="with-versions", VersioningConfiguration={"Status": "Enabled"}
    )
    with pytest.raises(LakeError, match="older versions"):
        Lake(at_address("s3://with-versions/prod")).claim(LOG, 0)
    assert list(store.names()) == []


def test_small_files_are_merged_and_taken_away_on_a_store_as_in_a_folder(
    root: Path, tmp_path: Path
) -> None:
    lake = Lake(root)
    lake.claim(LOG, 0)
    for offset in range(FLUSHES):
        lake.commit(make_flush(offset))
    before = rows(root)
    assert compact_tables(root, 0.0)[TABLE].written == 1
    assert rows(root).num_rows == before.num_rows
    assert each_once(rows(root))
    table = open_table(root, TABLE)
    assert list(due_files(table, datetime(2026, 12, 1, tzinfo=UTC))) == []
    assert len(list(due_files(table, KEEP_UNTIL))) == 1
    assert find(root, TABLE, pa.array(["nobody"])) == []
    assert entry(table.path, table.version).is_move
    assert verify(tmp_path, lake=root, lag=0).holds


def test_one_process_at_a_time_holds_the_lease_of_a_lake_on_a_store(root: Path) -> None:
    with lease(root) as first, lease(root) as second:
        assert (first, second) == (True, False)
    with lease(root) as again:
        assert again


def test_a_lease_lasts_while_its_holder_lives_and_that_of_a_killed_one_soon_ends(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_free() -> bool:
        with lease(root) as is_held:
            return is_held

    monkeypatch.setattr(leases, "LEASE_S", 2.0)
    monkeypatch.setattr(leases, "RENEW_S", 0.3)
    with lease(root) as is_held:
        assert is_held
        time.sleep(4)  # twice as long as a lease that nobody renews
        assert not is_free()
    (root / leases.LOCK).write_text("a process that was killed", "utf-8")
    assert not is_free()
    until(is_free, "a killed holder's lease stays")


def test_what_was_not_built_for_a_store_ends_in_one_line(root: Path) -> None:
    with pytest.raises(LakeError, match="local folder"):
        os.fspath(root)
    with pytest.raises(LakeError, match="local folder"):
        root.rename(root / "elsewhere")


@pytest.mark.parametrize("place", ["s3://bucket", "s3:/bucket/x", "gs://bucket/x", "s3://b/../x"])
def test_a_place_that_is_no_prefix_of_a_bucket_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="REMIT_LAKE"):
        at_address(place)


def test_paths_below_a_prefix_are_found_as_in_a_folder(store: ObjectStore) -> None:
    root = ObjectPath("s3:", BUCKET, "paths")
    assert isinstance(root.bucket, Bucket)
    for name in ("a/day=1/x.parquet", "a/day=2/y.parquet", "a/_delta_log/0.json", "b"):
        (root / name).write_bytes(b"x")
    below = root / "a"
    assert {one.name for one in below.iterdir()} == {"day=1", "day=2", "_delta_log"}
    assert {one.name for one in below.glob("day=*/*.parquet")} == {"x.parquet", "y.parquet"}
    assert {one.name for one in below.glob("**/*.json")} == {"0.json"}
    assert list(root.glob("*/_delta_log")) == [below / "_delta_log"]
    assert list(root.rglob("_delta_log")) == [below / "_delta_log"]
    assert (below.is_dir(), below.is_file(), (root / "b").is_file()) == (True, False, True)
    (root / "b").unlink()
    with pytest.raises(FileNotFoundError):
        (root / "b").unlink()
    assert "paths/b" not in set(store.names())
