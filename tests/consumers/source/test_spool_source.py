"""The embedded log: packs are read where they lie, in order, once."""

import errno
import fcntl
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.watching import patience
from remit_consumers.source.base import Sealed, Start
from remit_consumers.source.spool import SpoolSource
from remit_schemas import spool
from remit_schemas.errors import LakeError, SpoolError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def open_source(folder: Path, positions: Mapping[int, int] | None = None) -> SpoolSource:
    return SpoolSource(folder, starts(positions or {}))


def starts(positions: Mapping[int, int]) -> Start:
    """Where a lake with these positions has reading begin."""
    return lambda numbers: {number: positions.get(number) for number in numbers}


def put(folder: Path, slot: int, *numbers: int, data: bytes = b"pack") -> None:
    """Write numbered packs as a producer does: aside, then renamed."""
    place = folder / spool.slot_name(slot)
    place.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        aside = place / f"{number}.tmp"
        aside.write_bytes(data + b" %d" % number)
        aside.rename(place / spool.pack_name(number))


def left(folder: Path, slot: int) -> list[int]:
    names = [file.name for file in (folder / spool.slot_name(slot)).iterdir()]
    return sorted(number for name in names if (number := spool.parse_pack_name(name)) is not None)


def places(packs: list[Sealed]) -> list[tuple[int, int]]:
    return [(pack.partition, pack.offset) for pack in packs]


def test_the_log_is_named_after_the_spools_own_id(folder: Path) -> None:
    source = open_source(folder)
    assert source.log_id == f"spool/{(folder / 'id').read_text().strip()}"
    assert open_source(folder).log_id == source.log_id


def test_packs_come_in_order_of_their_numbers_and_once(folder: Path) -> None:
    put(folder, 7, 3, 1, 10, 2)
    source = open_source(folder)
    found = source.poll(0)
    assert places(found) == [(7, 1), (7, 2), (7, 3), (7, 10)]
    assert [pack.data for pack in found] == [b"pack 1", b"pack 2", b"pack 3", b"pack 10"]
    assert source.poll(0) == []
    assert source.assigned() == {7}


def test_reading_starts_at_the_lakes_position_and_deletes_what_lies_behind_it(folder: Path) -> None:
    put(folder, 0, 1, 2, 3, 4)
    source = open_source(folder, {0: 3})
    assert places(source.poll(0)) == [(0, 3), (0, 4)]
    assert left(folder, 0) == [3, 4]


def test_new_packs_and_new_slots_are_seen(folder: Path) -> None:
    source = open_source(folder)
    assert source.poll(0) == []
    put(folder, 0, 1)
    assert places(source.poll(0)) == [(0, 1)]
    put(folder, 0, 2)
    put(folder, 63, 1)
    assert sorted(places(source.poll(0))) == [(0, 2), (63, 1)]


def test_files_behind_the_committed_position_are_deleted_and_no_other(folder: Path) -> None:
    put(folder, 0, 1, 2, 3)
    put(folder, 1, 1)
    source = open_source(folder)
    source.poll(0)
    put(folder, 0, 4)
    source.committed({0: 3, 5: 9})
    assert left(folder, 0) == [3, 4]
    assert left(folder, 1) == [1]


def test_a_pack_that_cannot_be_deleted_holds_nothing_up_and_goes_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, 0, 1, 2)
    source = open_source(folder)
    source.poll(0)

    def refused(_: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as Path has it
        raise PermissionError(errno.EACCES, "not yours", missing_ok)

    with monkeypatch.context() as closed:
        closed.setattr(Path, "unlink", refused)
        source.committed({0: 3})
        again = open_source(folder, {0: 3})
        put(folder, 0, 3)
        assert places(again.poll(0)) == [(0, 3)]
    assert source.faults
    assert left(folder, 0) == [1, 2, 3]
    source.committed({0: 3})
    assert left(folder, 0) == [3]


def test_what_was_handed_on_and_not_committed_is_still_there_after_a_crash(folder: Path) -> None:
    put(folder, 0, 1, 2)
    assert len(open_source(folder).poll(0)) == 2
    assert places(open_source(folder).poll(0)) == [(0, 1), (0, 2)]


def test_rewind_reads_again_from_there(folder: Path) -> None:
    put(folder, 0, 1, 2, 3, 4)
    source = open_source(folder)
    source.poll(0)
    source.rewind({0: 3})
    put(folder, 0, 5)
    assert places(source.poll(0)) == [(0, 3), (0, 4), (0, 5)]
    source.committed({0: 6})
    assert left(folder, 0) == []


def test_a_pack_that_its_producer_let_go_is_passed_over(folder: Path) -> None:
    put(folder, 0, 1, 2, 3)
    source = open_source(folder)
    assert source.lag() == 3
    (folder / "slot-00" / spool.pack_name(2)).unlink()
    assert places(source.poll(0)) == [(0, 1), (0, 3)]
    assert source.faults == 0


def test_names_that_are_no_pack_are_left_alone(folder: Path) -> None:
    put(folder, 0, 1)
    for name in ("lock", "next", "free-1", "2.tmp", f"open-{'0' * 32}-001-{'0' * 20}", "1.pack"):
        (folder / "slot-00" / name).write_text("5")
    (folder / "slot-xx").mkdir()
    (folder / "other").mkdir()
    source = open_source(folder, {})
    assert places(source.poll(0)) == [(0, 1)]
    source.committed({0: 100})
    assert len(list((folder / "slot-00").iterdir())) == 7  # those six, and `reading`


def test_reading_says_what_is_about_to_be_read_before_it_is(folder: Path) -> None:
    put(folder, 0, 1, 2, 9)
    open_source(folder).poll(0)
    assert int((folder / "slot-00" / spool.READING).read_text()) == 9


def test_a_producer_that_makes_room_holds_the_reader_off(folder: Path) -> None:
    put(folder, 0, 1)
    source = open_source(folder)
    descriptor = os.open(folder / "slot-00" / spool.READING, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    child = os.fork()
    if child == 0:  # lets the lock go once it has replaced the pack
        put(folder, 0, 1, data=b"empty")
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os._exit(0)
    os.close(descriptor)
    assert source.poll(5)[0].data == b"empty 1"
    os.waitpid(child, 0)


def test_lag_counts_what_was_not_handed_on(folder: Path) -> None:
    source = open_source(folder)
    assert source.lag() == 0
    put(folder, 0, 1, 2)
    put(folder, 1, 1)
    assert source.lag() == 3
    source.poll(0)
    assert source.lag() == 0


def test_a_poll_without_packs_waits_no_longer_than_asked(folder: Path) -> None:
    source = open_source(folder)
    begun = time.monotonic()
    assert source.poll(0.1) == []
    assert 0.1 <= time.monotonic() - begun < patience()


def test_a_busy_slot_starves_no_other_and_one_poll_is_bounded(folder: Path) -> None:
    put(folder, 0, *range(1, 9), data=bytes(300_000))
    put(folder, 1, 1)
    source = open_source(folder)
    first = source.poll(0)
    assert sum(len(pack.data) for pack in first) < 1_500_000
    assert (1, 1) in places(first + source.poll(0))


def test_a_lake_that_is_away_is_asked_again_and_no_slot_is_forgotten(folder: Path) -> None:
    put(folder, 0, 1, 2)
    is_away = True

    def start(_: Collection[int]) -> Mapping[int, int | None]:
        if is_away:
            raise LakeError("away")
        return {0: 2}

    source = SpoolSource(folder, start)
    with pytest.raises(LakeError):
        source.poll(0)
    assert source.lag() == 1
    is_away = False
    assert places(source.poll(0)) == [(0, 2)]


def test_a_pack_that_cannot_be_read_now_stays_the_next_one_and_is_counted(folder: Path) -> None:
    put(folder, 0, 1, 3)
    (folder / "slot-00" / spool.pack_name(2)).mkdir()
    source = open_source(folder)
    assert places(source.poll(0)) == [(0, 1)]
    assert source.poll(0) == []
    assert source.faults > 0
    (folder / "slot-00" / spool.pack_name(2)).rmdir()
    put(folder, 0, 2)
    assert places(source.poll(0)) == [(0, 2), (0, 3)]


def test_a_slot_that_cannot_be_listed_holds_no_other_up_and_is_not_said_to_be_empty(
    folder: Path,
) -> None:
    slots = (1, 2, 3, 5, 6, 7)
    for slot in slots:
        put(folder, slot, 1)
    (folder / spool.slot_name(4)).write_bytes(b"in the way")
    source = open_source(folder)
    found = places(source.poll(0) + source.poll(0))
    assert sorted(found) == [(slot, 1) for slot in slots]
    assert source.faults
    assert source.lag() > 0


def test_a_slot_that_could_not_be_listed_once_is_found_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, 1, 1)
    source = open_source(folder)
    os.utime(folder, (0, 0))  # nothing else will have the folder looked at
    listed = os.scandir

    def refusing(path: Path) -> object:
        if path != folder:
            monkeypatch.undo()
            raise OSError(errno.EMFILE, "too many open files")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert source.poll(0) == []
    assert source.lag() > 0
    assert places(source.poll(2 * patience())) == [(1, 1)]


def test_what_the_dead_left_is_adopted_when_there_is_nothing_else(folder: Path) -> None:
    source = SpoolSource(folder, starts({}), adopt=lambda: put(folder, 4, 1))
    assert places(source.poll(0)) == [(4, 1)]


def test_a_spool_that_cannot_be_used_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError):
        open_source(tmp_path / "file")


def test_a_damaged_id_is_an_error_and_not_a_new_log(folder: Path) -> None:
    folder.mkdir()
    (folder / "id").write_text("torn")
    with pytest.raises(SpoolError):
        open_source(folder)


class Consumer:
    """A consumer as the runner is one: gathers, commits, loses what it gathered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake: dict[int, int] = {}
        self.stored: dict[int, list[int]] = {0: [], 1: []}
        self.restart()

    def restart(self) -> None:
        """As after a kill -9."""
        self.source = SpoolSource(self.folder, starts(self.lake))
        self.gathered: dict[int, list[int]] = {0: [], 1: []}

    def rewind(self) -> None:
        """As after a commit that failed."""
        self.gathered = {0: [], 1: []}
        self.source.rewind({slot: self.lake.get(slot, 0) for slot in self.source.assigned()})

    def poll(self) -> None:
        """Gather what comes."""
        for pack in self.source.poll(0):
            self.gathered[pack.partition].append(pack.offset)

    def commit(self) -> None:
        """Store what is gathered."""
        for slot, numbers in self.gathered.items():
            if numbers:
                self.stored[slot] += numbers
                self.lake[slot] = numbers[-1] + 1
        self.gathered = {0: [], 1: []}
        self.source.committed(dict(self.lake))


@given(
    acts=st.lists(st.sampled_from(["put", "put", "poll", "commit", "rewind", "restart"])),
    data=st.data(),
)
def test_whatever_happens_every_pack_is_stored_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str], data: st.DataObject
) -> None:
    consumer = Consumer(tmp_path_factory.mktemp("spool"))
    written: dict[int, list[int]] = {0: [], 1: []}
    for act in acts:
        if act == "put":
            numbers = written[data.draw(st.integers(0, 1), label="slot")]
            hole = data.draw(st.integers(1, 3), label="step")
            numbers.append((numbers[-1] if numbers else 0) + hole)
            put(consumer.folder, 0 if numbers is written[0] else 1, numbers[-1])
        else:
            getattr(consumer, act)()
    consumer.poll()
    assert consumer.source.lag() == 0
    consumer.commit()
    assert consumer.stored == written
    assert not any((consumer.folder).glob("slot-*/*.pack"))
