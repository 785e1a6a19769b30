"""The tables of batches: what was put in is found for a day, also after a restart, in few bytes."""

import os
import secrets
import time
from pathlib import Path

import pytest

from remit.edge import seen
from remit.edge.seen import Seen
from remit.edge.sources import Bucket


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / seen.FOLDER).iterdir())


def test_what_was_put_in_is_found_again_after_a_restart_and_nothing_else(tmp_path: Path) -> None:
    numbers = [secrets.randbits(64) or 1 for _ in range(30_000)]
    first = Seen(tmp_path)
    for number in numbers:
        first.add(number)
        first.add(number)
    first.close()
    again = Seen(tmp_path)
    assert all(number in again for number in numbers)
    assert not any(secrets.randbits(64) in again for _ in range(30_000))
    again.close()
    assert size(tmp_path) < len(numbers) * 16 + seen.FIRST * 8 * (1 + seen.GROWTH + seen.GROWTH**2)


def test_a_start_takes_no_longer_for_a_million_batches(tmp_path: Path) -> None:
    folder = tmp_path / seen.FOLDER
    folder.mkdir(parents=True)
    table = seen.Table(folder / f"{int(time.time()) // seen.WINDOW_S}-0000", 1 << 21)
    for number in range(1, 1_000_001):
        table.add(number * 0x9E3779B97F4A7C15 & (1 << 64) - 1)
    table.close()
    began = time.process_time()
    again = Seen(tmp_path)
    assert time.process_time() - began < 0.5
    assert 0x9E3779B97F4A7C15 in again
    again.close()


def test_a_batch_is_forgotten_after_a_day_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    clock = [now]
    monkeypatch.setattr("remit.edge.seen.time.time", lambda: clock[0])
    known = Seen(tmp_path)
    known.add(7)
    for hours in range(24):
        clock[0] = now + hours * 3600
        known.add(1000 + hours)
        assert 7 in known
    clock[0] = now + 31 * 3600
    known.add(2000)
    assert 7 not in known
    assert 1023 in known
    known.close()


def test_a_flush_reaches_the_window_before_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.time()]
    monkeypatch.setattr("remit.edge.seen.time.time", lambda: clock[0])
    known = Seen(tmp_path)
    known.add(7)
    clock[0] += seen.WINDOW_S
    known.add(8)
    synced: set[str] = set()
    sync = os.fdatasync

    def noted(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr("remit.edge.seen.os.fdatasync", noted)
    known.flush()
    assert synced == {str(path) for path in (tmp_path / seen.FOLDER).iterdir()}
    assert len(synced) == 2
    known.close()


def test_a_table_that_a_full_disk_gave_only_in_part_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(bytes(1_757_568))  # a part, as posix_fallocate leaves it on a full ext4
    table = seen.Table(path, 1 << 10)
    assert table.size == 1 << 10
    for number in range(1, 500):
        table.add(number << 32)  # each where the last one was looked for
    assert all(number << 32 in table for number in range(1, 500))
    table.close()


def test_the_number_of_a_batch_depends_on_each_part_and_on_a_secret(tmp_path: Path) -> None:
    one, other = Seen(tmp_path / "one"), Seen(tmp_path / "other")
    numbers = {
        one.number_of(b"a", b"bc"),
        one.number_of(b"ab", b"c"),
        one.number_of(b"abc", b""),
        other.number_of(b"a", b"bc"),
    }
    assert len(numbers) == 4
    one.close()
    other.close()


def test_a_bucket_gives_its_rate_and_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("remit.edge.sources.time.monotonic", lambda: clock[0])
    bucket = Bucket(10)
    assert bucket.take(20) == 0
    assert bucket.take(5) == pytest.approx(0.5)
    clock[0] += 0.5
    assert bucket.take(5) == 0
    clock[0] += 3600
    assert bucket.take(500) == 0, "a batch that is larger than the bucket goes when it is full"
    assert bucket.take(1) > 40, "and is paid for afterwards"
