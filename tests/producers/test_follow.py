"""A file that is written and rotated by somebody else is read whole: each line once, whatever is done to the file."""

import errno
import gzip
import os
import random
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from remit.follow import CUT_BYTES_MAX, GRACE_S, Follower
from remit.tail import Tail, keyed

FINGERPRINT = keyed(bytes(32))


class Reader:
    """Follows a file as the command does, without the log behind it; it can be ended and begun again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self.overlong = 0
        self.now = 0.0
        self.tails: tuple[Tail, ...] = ()
        self.begin()

    def begin(self) -> None:
        """Begin where the last one stood."""
        self.follower = Follower(self.path, self.tails, FINGERPRINT, lambda: self.now)

    def again(self) -> None:
        """End, and begin again."""
        self.follower.close()
        self.begin()

    def read(self, cuts: int = 1_000) -> list[str]:
        """Read what there is; gives what was new."""
        before = len(self.lines)
        while cuts and (cut := self.follower.cut()) is not None:
            self.lines += cut.lines
            self.overlong += cut.overlong
            self.follower.take(cut)
            self.tails = cut.tails
            cuts -= 1
        self.tails = self.tails or self.follower.tails
        return self.lines[before:]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    """A reader of that path, which is not there yet."""
    reader = Reader(path)
    yield reader
    reader.follower.close()


def write(path: Path, *lines: str, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines[:-1]) + lines[-1] + end)
    touched(path)


SECONDS = count(1_700_000_000)


def touched(path: Path) -> None:
    """Have a second between any two things done to files: within the ticks of a kernel's clock nobody rotates twice."""
    second = next(SECONDS)
    os.utime(path, (second, second))


def test_lines_come_as_they_are_written_and_halves_wait(path: Path, reader: Reader) -> None:
    assert reader.read() == []  # the file is not there yet
    write(path, "one", "two", "thr", end="")
    assert reader.read() == ["one", "two"]
    assert reader.read() == []
    write(path, "ee", "四")
    assert reader.read() == ["three", "四"]


def test_a_moved_file_is_read_to_its_end_and_the_new_one_goes_on(
    path: Path, reader: Reader
) -> None:
    write(path, "one")
    reader.read()
    path.rename(path.with_name("app.log.1"))
    write(path.with_name("app.log.1"), "late", "no end", end="")
    assert reader.read() == ["late"]
    write(path, "new")
    write(path.with_name("app.log.1"), ", later")
    assert reader.read() == ["no end, later", "new"]
    write(path.with_name("app.log.1"), "torn off", end="")
    assert reader.read() == []
    reader.now += GRACE_S
    assert reader.read() == ["torn off"]


def test_a_copied_and_cut_file_is_read_from_its_copy_first(path: Path, reader: Reader) -> None:
    write(path, "one", "two")
    reader.read()
    write(path, "three")
    shutil.copy(path, path.with_name("app.log.1"))
    touched(path.with_name("app.log.1"))
    os.truncate(path, 0)
    touched(path)
    write(path, "four")
    assert reader.read() == ["three", "four"]
    reader.again()
    assert reader.read() == []
    assert reader.follower.lost == 0


def test_a_file_cut_without_a_copy_is_read_from_its_start_and_said_to_be_lost(
    path: Path, reader: Reader
) -> None:
    write(path, "one", "two")
    reader.read()
    path.write_text("a longer first line than before\n")
    assert reader.read() == ["a longer first line than before"]
    assert reader.follower.lost == 1


@pytest.mark.parametrize("how", ["moved", "packed", "copied"])
def test_what_was_rotated_twice_while_nobody_followed_is_read_in_its_order(
    path: Path, reader: Reader, how: str
) -> None:
    write(path.with_name("app.log.9"), "before anybody followed")
    write(path, "one")
    reader.read()
    write(path, "two")
    for number, first in enumerate(("three", "five")):
        rotate(path, number, how)
        write(path, first, f"{first}+")
    reader.again()
    assert reader.read() == ["two", "three", "three+", "five", "five+"]
    reader.again()
    assert reader.read() == []


@pytest.mark.parametrize("is_rotated", [False, True])
def test_a_file_that_was_left_and_is_written_to_once_more_is_read_from_there(
    path: Path, reader: Reader, *, is_rotated: bool
) -> None:
    old = path.with_name("app.log.1")
    write(path, "one", "two")
    assert reader.read() == ["one", "two"]
    path.rename(old)
    write(path, "new")
    assert reader.read() == ["new"]
    reader.now += GRACE_S
    assert reader.read() == []
    write(path, "newer")
    assert reader.read() == ["newer"]
    write(old, "late")  # a worker of the server has it open still
    if is_rotated:
        old.rename(path.with_name("app.log.2"))
        path.rename(old)
        write(path, "newest")
        assert reader.read() == ["late", "newest"]
    reader.again()
    assert reader.read() == ([] if is_rotated else ["late"])
    reader.again()
    assert reader.read() == []


def test_an_inode_that_is_given_out_again_is_another_file(path: Path, reader: Reader) -> None:
    write(path, "one")
    reader.read()
    path.write_text("one more of the same length and more\n")  # same inode, other content
    reader.again()
    assert reader.read() == ["one more of the same length and more"]


def test_a_file_that_cannot_be_opened_is_said_and_read_once_it_can(
    path: Path, reader: Reader
) -> None:
    path.symlink_to(path.with_name("a-folder"))
    path.with_name("a-folder").mkdir()
    assert reader.read() == []
    assert reader.follower.problem == os.strerror(errno.EISDIR)
    path.unlink()
    write(path, "one")
    assert reader.read() == ["one"]
    assert reader.follower.problem is None


def test_a_line_that_never_ends_is_passed_over_and_counted_once(path: Path, reader: Reader) -> None:
    write(path, "x" * (2 * CUT_BYTES_MAX + 5), end="")
    assert reader.read() == []
    reader.again()
    write(path, "x", "next")
    assert reader.read() == ["next"]
    assert reader.overlong == 1


def rotate(path: Path, number: int, how: str) -> None:
    """Rotate a file as logrotate does, in each of its ways."""
    old = path.with_name(f"app.log.{number}")
    if how == "copied":
        shutil.copy(path, old)
        touched(old)
        os.truncate(path, 0)
        touched(path)
        return
    path.rename(old)
    if how == "packed":
        status = old.stat()
        packed = old.with_name(f"{old.name}.gz")
        packed.write_bytes(gzip.compress(old.read_bytes()))
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        old.unlink()


@pytest.mark.parametrize("seed", range(20))
def test_each_line_comes_once_over_any_turns_of_writing_rotating_and_restarting(
    path: Path, reader: Reader, seed: int
) -> None:
    chance = random.Random(seed)
    written, rotations = 1, 0
    write(path, "0")
    reader.follower.cut()  # from here on the file is followed
    reader.tails = reader.follower.tails
    for _ in range(80):
        turn = chance.random()
        if turn < 0.5:
            more = range(written, written + chance.randrange(1, 9))
            written = more.stop
            write(path, *(f"{number} {'x' * chance.randrange(60)}" for number in more))
        elif turn < 0.7:
            reader.read(cuts=chance.randrange(3))
        elif turn < 0.8:
            reader.again()
        elif path.exists():
            rotations += 1
            reader.follower.cut()  # a file that is cut before anybody looked at it leaves nothing to know it by
            rotate(path, rotations, chance.choice(["moved", "packed", "copied"]))
    write(path, str(written))  # what was rotated unread is read once the next file is there
    reader.read()
    reader.again()
    reader.read()
    numbers = [int(line.split()[0]) for line in reader.lines]
    assert sorted(numbers) == list(range(written + 1))
