"""`remit import … --follow`: what it refuses, and what it says at its end."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.command import Said
from kit.installation import Installation
from kit.watching import until
from remit.importer import NO_TENANT

Remit = Callable[..., Said]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    found = Installation(tmp_path)
    yield found
    found.end_all()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["import", "log", "no-such.log"], "no such file"),
        (["import", "log", "old.log.gz", "--follow"], "does not grow"),
        (["import", "log", "/dev/null", "--follow"], "regular file"),
        (["import", "access-log", "app.log", "--follow", "--wait"], "without --wait"),
        (
            ["import", "access-log", "app.log", "--follow", "--resume"],
            "without --wait and --resume",
        ),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_code_2(
    remit: Remit, words: list[str], problem: str
) -> None:
    said = remit(*words)
    assert said.code == 2
    assert problem in said.problem


def test_a_file_is_followed_by_one_process_and_each_signal_ends_it_with_its_count(
    installed: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    for signum in (signal.SIGTERM, signal.SIGINT):
        follower = installed.start("import", "log", str(log), "--follow")
        with log.open("a") as file:
            file.write("INFO a line\n\nINFO another\n")
        size = str(log.stat().st_size)
        until(lambda size=size: is_at(installed, size), "it does not read")  # type: ignore[misc]  # bound now
        second = installed.remit("import", "log", str(log), "--follow", expect=2)
        assert second.stderr == "remit: another process follows this file already\n"
        follower.send_signal(signum)
        out, problems = follower.communicate(timeout=300)
        assert (follower.returncode, problems) == (0, "remit: following 1 file; Ctrl-C stops\n")
        assert out == f"{log}: 3 lines, 2 accepted, refused: 1 unparsed\n"
    installed.settle()
    told = installed.contract("service_log")
    assert (told["offered"], told["stored"], told["refused"], told["in_flight"]) == (6, 4, 2, 0)
    assert installed.breaches() == {}


def test_a_follower_that_may_not_go_on_says_why(installed: Installation, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("INFO a line\n")
    follower = installed.start("import", "log", str(log), "--follow")
    until(lambda: is_at(installed, str(log.stat().st_size)), "it does not read")
    installed.remit("tenants", "set", "acme", "--edition", "basic")
    _, problems = follower.communicate(timeout=300)
    assert problems.splitlines()[1:] == [f"remit: {NO_TENANT}"]
    assert follower.returncode == 2


def is_at(installed: Installation, offset: str) -> bool:
    """Whether the position names this offset."""
    positions = list(installed.data.glob("spool/following/*/position"))
    return bool(positions) and f",{offset}," in positions[0].read_text().rpartition("after")[2]


def test_nothing_of_a_line_or_a_path_lies_beside_the_position(
    installed: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "alice-birds.log"
    log.write_text("INFO mail to canary@birds.example\n")
    follower = installed.start("import", "log", str(log), "--follow")
    until(lambda: is_at(installed, str(log.stat().st_size)), "it does not read")
    follower.terminate()
    follower.communicate(timeout=300)
    kept = b"".join(
        path.read_bytes() + str(path).encode()
        for path in installed.data.rglob("*")
        if path.is_file()
    )
    assert not [word for word in (b"canary", b"alice", b"birds") if word in kept]
