"""Slots: claimed by one process each, numbers that never repeat, packs that a reader sees whole."""

import os
from pathlib import Path

import pytest

from kit.program import run
from kit.spooled import Home, MakeClient
from remit.importer import Importer
from remit.leftovers import adopt, adopt_dead
from remit.open_pack import Buffer
from remit.slot import claim, prepare
from remit_schemas import spool
from remit_schemas.errors import SpoolError
from remit_schemas.events import PageView

TIMEOUT_S = 120.0


def numbers(folder: Path) -> list[int | None]:
    return [spool.parse_pack_name(path.name) for path in sorted(folder.glob("*.pack"))]


def test_numbers_never_repeat_after_packs_were_read_and_deleted(tmp_path: Path) -> None:
    slot = claim(tmp_path)
    assert [slot.write(b"x") for _ in range(3)] == [1, 2, 3]
    for path in slot.folder.glob("*.pack"):
        path.unlink()
    slot.release(is_clean=True)
    again = claim(tmp_path)
    assert again.folder == slot.folder
    assert again.write(b"x") == 4
    again.abandon()


def test_numbers_never_repeat_after_a_crash_either(tmp_path: Path) -> None:
    slot = claim(tmp_path)
    last = [slot.write(b"x") for _ in range(3)][-1]
    for path in slot.folder.glob("*.pack"):
        path.unlink()
    slot.abandon()
    again = claim(tmp_path)
    assert again.write(b"x") > last
    again.abandon()


def test_a_spool_has_one_name_for_its_life(tmp_path: Path) -> None:
    prepare(tmp_path)
    name = (tmp_path / spool.ID).read_text()
    prepare(tmp_path)
    assert (tmp_path / spool.ID).read_text() == name
    assert len(bytes.fromhex(name)) == 16


def test_every_claim_takes_another_slot_until_none_is_left(tmp_path: Path) -> None:
    claimed = [claim(tmp_path) for _ in range(spool.SLOTS)]
    assert len({slot.folder for slot in claimed}) == spool.SLOTS
    with pytest.raises(SpoolError, match="64 slots"):
        claim(tmp_path)
    claimed[40].release(is_clean=True)
    again = claim(tmp_path)
    assert again.folder == claimed[40].folder
    for slot in [*claimed[:40], *claimed[41:], again]:
        slot.abandon()


def test_a_free_slot_with_something_left_in_it_is_claimed_first(tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path)
    second.write(b"x")
    first.abandon()
    second.abandon()
    again = claim(tmp_path)
    assert again.folder == second.folder
    again.abandon()


def test_a_slot_that_a_full_disk_keeps_from_a_clean_end_is_free_all_the_same(
    tmp_path: Path,
) -> None:
    slot = claim(tmp_path)
    slot.write(b"a pack")
    hindrance = slot.folder / f".{spool.NEXT}.{os.getpid()}.tmp"
    hindrance.mkdir()  # so that the numbers cannot be written
    with pytest.raises(OSError, match="directory"):
        slot.release(is_clean=True)
    hindrance.rmdir()
    assert claim(tmp_path).folder == slot.folder


def test_what_a_dead_process_was_writing_is_cleared_away(tmp_path: Path) -> None:
    slot = claim(tmp_path)
    Buffer(slot.folder / spool.free_name(9), 4096)
    (slot.folder / "00000000000000000007.tmp").write_bytes(b"half a pack")
    slot.abandon()
    again = claim(tmp_path)
    assert sorted(path.name for path in again.folder.iterdir()) == [spool.LOCK]
    again.abandon()


def test_files_of_open_packs_are_preallocated_and_used_again(tmp_path: Path) -> None:
    slot = claim(tmp_path)
    buffer = slot.buffer(1 << 20)
    assert buffer.path.stat().st_blocks * 512 >= 1 << 20
    slot.recycle(buffer)
    assert slot.buffer(1 << 20) is buffer
    slot.abandon()


def test_files_are_for_their_owner_only(home: Home, make_client: MakeClient) -> None:
    client = make_client(pack_age_s=60)
    client.emit(PageView(page="/a"), subject="ann")
    client.flush(TIMEOUT_S)
    client.emit(PageView(page="/b"), subject="ann")
    for path in home.slots[0].iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_what_a_dead_process_left_comes_first_and_under_its_own_id(
    home: Home, make_client: MakeClient
) -> None:
    script = """
import os, sys
from remit import Client, OperationalLog, PageView
from remit.settings import Settings
client = Client("test", data=sys.argv[1], settings=Settings(pack_age_s=60))
for n in range(40):
    assert client.emit(PageView(page=f"/{n}"), subject=f"{n}")
    assert client.emit(OperationalLog(operation=f"{n}"), subject=f"{n}")
os._exit(1)
"""
    run(script.replace("_exit(1)", "_exit(0)"), home.data)
    assert home.files() == []
    client = make_client()
    dead = {pack.header.producer for pack in home.packs()}
    assert client.emit(PageView(page="/new"), subject="ann")
    assert client.flush(TIMEOUT_S)
    packs = home.packs()
    assert len(home.stored()) == 81
    assert len(dead) == 1
    assert packs[-1].header.producer not in dead
    assert not list(home.slots[0].glob("open-*" + dead.pop().hex()[:8] + "*"))


def test_an_operator_can_number_what_dead_processes_left(
    home: Home, make_client: MakeClient
) -> None:
    living = make_client(pack_age_s=60)
    living.emit(PageView(page="/living"), subject="ann")
    run(
        """
import os, sys
from remit import Client, PageView
Client("test", data=sys.argv[1]).emit(PageView(page="/dead"), subject="ann")
os._exit(0)
""",
        home.data,
    )
    assert adopt_dead(home.data / "spool") == 1
    (event,) = home.stored().values()
    assert event.values["page"] == "/dead"
    assert adopt_dead(home.data / "spool") == 0


def test_an_open_pack_without_a_header_is_cleared_away(tmp_path: Path) -> None:
    slot = claim(tmp_path)
    zeros = slot.folder / spool.open_name(bytes(16), 1, 1)
    zeros.write_bytes(bytes(4096))
    assert adopt(slot) == 1
    assert numbers(slot.folder) == []
    assert not zeros.exists()
    slot.abandon()


def test_a_record_that_is_not_whole_is_cut_off(home: Home, make_client: MakeClient) -> None:
    client = make_client(pack_age_s=60)
    client.emit(PageView(page="/whole"), subject="ann")
    (path,) = home.slots[0].glob("open-*")
    data = path.read_bytes().rstrip(b"\0")
    aside = home.data / "spool" / "slot-09"
    aside.mkdir()
    (aside / path.name).write_bytes(data + (500).to_bytes(4, "little") + b"half a record")
    assert adopt_dead(home.data / "spool") == 1
    (event,) = home.stored().values()
    assert event.values["page"] == "/whole"
    assert (aside / spool.pack_name(1)).stat().st_size <= len(data) + 16


def test_a_pack_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    slot = claim(tmp_path)
    (slot.folder / spool.pack_name(1)).mkdir()
    (slot.folder / spool.pack_name(1) / "in the way").touch()
    with pytest.raises(OSError, match="directory"):
        slot.write(b"x")
    assert not list(slot.folder.glob("*.tmp"))
    slot.abandon()


def test_a_start_that_fails_behind_its_claim_leaves_the_slot_free(
    home: Home, make_client: MakeClient
) -> None:
    slot = claim(home.data / spool.FOLDER)
    obstacle = slot.folder / spool.open_name(bytes(16), 0, 1)
    slot.release(is_clean=True)
    obstacle.mkdir()  # cannot be read as a pack
    for _ in range(2):
        with pytest.raises(OSError, match="directory"):
            make_client()
        with pytest.raises(OSError, match="directory"):
            Importer(PageView, b"a file", log="", data=home.data)
    obstacle.rmdir()
    again = claim(home.data / spool.FOLDER)
    assert again.folder == slot.folder
    again.abandon()
