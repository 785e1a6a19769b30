"""An upgrade that rolls: two releases of remit on one log and one lake at a time, and what each does of the other's."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.flowing import assert_each_once, end, flow, log_of_its_own, tell
from kit.installation import Installation
from kit.kafka import Kafka
from kit.parts import RealParts
from kit.release import Release, next_release, release_at
from kit.watching import until
from remit_consumers.lake.format import FILE, FORMAT

NEWER = "written by a newer remit"
EARLIER = ("5ac71ed", "df4804d^")
"""Commits whose consumers know nothing of a format of the lake: the last of them, with receipts as ours, and the last
whose receipts were of version 5, as tests/upgrade/make has it."""

LOOK_S = 0.5


@pytest.fixture
def on_kafka(tmp_path: Path, kafka: Kafka) -> Iterator[Installation]:
    """An installation on a topic that no other test uses."""
    installed = Installation(tmp_path / "installed", log=log_of_its_own(kafka))
    yield installed
    installed.end_all()


@pytest.fixture
def later(on_kafka: Installation, tmp_path: Path) -> Iterator[Release]:
    """The same installation as the next release sees it, which raises the lake's format."""
    release = Release(next_release(tmp_path / "next"), on_kafka)
    yield release
    release.end_all()


@pytest.fixture(params=EARLIER)
def earlier(
    on_kafka: Installation, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Release]:
    """The same installation as an earlier commit of this project sees it."""
    if not request.getfixturevalue("prove"):
        pytest.skip("two releases for a minute: make prove")
    real_parts: RealParts = request.getfixturevalue("real_parts")
    part = "an earlier release beside this one (git's history)"
    try:
        tree = release_at(str(request.param), tmp_path / "earlier")
    except (OSError, subprocess.CalledProcessError):
        real_parts.not_here(part, "git does not have the commit")
        pytest.skip(part)
    real_parts.ran(part)
    release = Release(tree, on_kafka)
    yield release
    release.end_all()


def format_of(installed: Installation) -> str:
    file = installed.data / "lake" / FILE
    return file.read_text("ascii").strip() if file.exists() else ""


def ended(process: "subprocess.Popen[str]") -> int:
    """Wait until a process has ended by itself; give its exit code."""
    until(lambda: process.poll() is not None, "it goes on", look_s=LOOK_S)
    return process.wait()


@pytest.mark.kafka
def test_a_newer_consumer_takes_over_from_an_older_one_that_ends_with_one_line(
    on_kafka: Installation, later: Release, tmp_path: Path
) -> None:
    on_kafka.settle()
    assert format_of(on_kafka) == str(FORMAT)
    older_says, newer_says = tmp_path / "older.txt", tmp_path / "newer.txt"
    older = on_kafka.consume(older_says)
    until(lambda: "consuming" in older_says.read_text(), "the older does not start", look_s=LOOK_S)
    app = flow(on_kafka, least=2_000, seconds=10)  # an older producer, before, during and after
    until((on_kafka.data / "lake/events/page_view").exists, "nothing is stored")
    later.consume(newer_says)
    assert ended(older) == 2
    assert older_says.read_text().splitlines()[-1].startswith("remit: the lake in ")
    assert NEWER in older_says.read_text().splitlines()[-1]
    assert format_of(on_kafka) == str(FORMAT + 1)
    emitted = tell(app)
    end(app)
    later.settle()
    assert_each_once(later, emitted)
    assert NEWER in on_kafka.remit("report", expect=2).stderr


@pytest.mark.kafka
@pytest.mark.slow
def test_a_release_before_formats_and_this_one_share_a_log_and_a_lake(
    on_kafka: Installation, earlier: Release, tmp_path: Path
) -> None:
    earlier.settle()
    assert format_of(on_kafka) == ""
    earlier.consume(tmp_path / "older.txt")
    app = flow(earlier, least=20_000, seconds=60)
    until((on_kafka.data / "lake/events/page_view").exists, "nothing is stored")
    on_kafka.consume(tmp_path / "newer.txt")
    until(lambda: format_of(on_kafka) == str(FORMAT), "this one stores nothing", look_s=LOOK_S)
    emitted = tell(app)
    end(app)
    on_kafka.settle()
    assert_each_once(on_kafka, emitted)
