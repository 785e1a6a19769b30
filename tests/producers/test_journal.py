"""Where a follower stands moves together with its pack, wherever the process dies."""

import os
from pathlib import Path

import pytest

from remit.journal import Journal
from remit.tail import Tail
from remit_schemas.errors import SettingsError

BEFORE = (Tail(1, 2, offset=10),)
AFTER = (Tail(1, 3, offset=7, head_bytes=7, head="00", is_left=True), Tail(1, 2, offset=20))


class Killed(BaseException):
    """What stands for a kill: nothing of ours runs after it, save that files stay as they are."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


def journal_at(folder: Path) -> Journal:
    return Journal(folder / "journal")


def published_to(log: Path, journal: Journal, tails: tuple[Tail, ...], name: str) -> None:
    journal.commit(tails, name.encode(), lambda staged: staged.rename(log / name))


def tails_after_restart(folder: Path) -> tuple[Tail, ...]:
    again = journal_at(folder)
    found = again.tails
    again.close()
    again = journal_at(folder)  # and once more: a restart changes nothing
    assert again.tails == found
    assert not list((folder / "journal").glob("pack-*"))
    again.close()
    return found


def begun(tmp_path: Path, log: Path) -> Journal:
    journal = journal_at(tmp_path)
    assert journal.tails == ()
    published_to(log, journal, BEFORE, "first")
    return journal


def test_a_pack_that_was_published_moves_the_position(tmp_path: Path, log: Path) -> None:
    journal = begun(tmp_path, log)
    published_to(log, journal, AFTER, "second")
    assert journal.tails == AFTER
    journal.close()
    assert tails_after_restart(tmp_path) == AFTER
    assert sorted(path.name for path in log.iterdir()) == ["first", "second"]


def test_killed_before_the_position_names_the_pack_it_is_nobodys(tmp_path: Path, log: Path) -> None:
    journal = begun(tmp_path, log)
    (tmp_path / "journal" / "pack-2").write_bytes(b"staged")
    (tmp_path / "journal" / ".position.1.tmp").write_bytes(b"half")
    journal.close()
    assert tails_after_restart(tmp_path) == BEFORE


@pytest.mark.parametrize(("is_renamed", "expected"), [(False, BEFORE), (True, AFTER)])
def test_killed_around_the_rename_the_position_is_where_the_pack_is(
    tmp_path: Path, log: Path, expected: tuple[Tail, ...], *, is_renamed: bool
) -> None:
    journal = begun(tmp_path, log)

    def die(staged: Path) -> None:
        if is_renamed:
            staged.rename(log / "second")
        raise Killed

    with pytest.raises(Killed):
        journal.commit(AFTER, b"second", die)
    journal.close()
    assert tails_after_restart(tmp_path) == expected
    assert (log / "second").exists() == is_renamed


def test_where_there_is_no_room_all_is_as_before_and_the_next_pack_goes(
    tmp_path: Path, log: Path
) -> None:
    journal = begun(tmp_path, log)

    def fail(_staged: Path) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        journal.commit(AFTER, b"second", fail)
    assert journal.tails == BEFORE
    journal.close()
    assert tails_after_restart(tmp_path) == BEFORE
    journal = journal_at(tmp_path)
    published_to(log, journal, AFTER, "second")
    journal.close()
    assert tails_after_restart(tmp_path) == AFTER


def test_two_processes_do_not_follow_the_same_file(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    with pytest.raises(SettingsError, match="another process"):
        journal_at(tmp_path)
    journal.close()
    journal_at(tmp_path).close()
