"""A live log followed by real processes that are killed again and again: every line stands once in the lake."""

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from kit.installation import Installation, each_once
from kit.leash import leashed
from kit.watching import patience, until

KILLS, KILLS_PROVED = 4, 20
LAG_MAX_S = 2.0


class Writer(threading.Thread):
    """A service that writes lines, and the logrotate beside it; one thread, so that no line falls between copy and cut."""

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(name="writer")
        self.path = path
        self.written = 0
        self.rotations: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._is_over = threading.Event()

    def run(self) -> None:
        """Write until told to end, and rotate every now and then."""
        while not self._is_over.wait(0.002):
            with self.path.open("a") as log:
                for _ in range(self._chance.randrange(1, 6)):
                    log.write(f"INFO line {self.written}\n")
                    self.written += 1
            if self._chance.random() < 0.01:
                self._rotate()

    def end(self) -> None:
        """Have it end."""
        self._is_over.set()
        self.join()

    def _rotate(self) -> None:
        number = sum(self.rotations.values()) + 1
        old = self.path.with_name(f"app.log.{number}")
        how = self._chance.choice(["moved", "packed", "copied"])
        if how == "copied":
            self._pause(
                0.6
            )  # longer than two looks: nothing could tell a file that is cut twice between them
            shutil.copy(self.path, old)
            os.truncate(self.path, 0)
        else:
            self.path.rename(old)
        if how == "packed":
            self._pause(0.02)
            status = old.stat()
            with gzip.open(f"{old}.gz", "wb") as packed:
                packed.write(old.read_bytes())
            os.utime(f"{old}.gz", ns=(status.st_atime_ns, status.st_mtime_ns))
            old.unlink()
        self.rotations[how] += 1

    def _pause(self, seconds: float) -> None:
        self._is_over.wait(seconds)


def follow(installed: Installation, log: Path) -> "subprocess.Popen[str]":
    """Start a follower that dies with this process."""
    return subprocess.Popen(
        leashed([*installed.command(), "import", "log", str(log), "--follow", "--json"]),
        env=installed.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def packs(installed: Installation) -> int:
    """How many packs the follower has made so far."""
    found = list(installed.data.glob("spool/following/*/position"))
    return int(json.loads(found[0].read_text())["pack"]) if found else 0


def kill_once(installed: Installation, log: Path, chance: random.Random) -> None:
    """Start a follower and kill it some packs later, at any moment."""
    before, more = packs(installed), chance.randrange(1, 5)
    process = follow(installed, log)
    until(
        lambda: packs(installed) >= before + more or process.poll() is not None,
        "the follower makes no packs",
    )
    try:
        process.wait(chance.uniform(0, 0.02))
    except subprocess.TimeoutExpired:
        process.kill()
    _, problems = process.communicate()
    assert process.returncode == -signal.SIGKILL, problems[-2000:]


def numbers(installed: Installation) -> Counter[int]:
    """The numbers of the lines in the lake."""
    messages = installed.rows("service_log")["message"].to_pylist()
    return Counter(int(message.rpartition(" ")[2]) for message in messages)


def is_read(installed: Installation, log: Path) -> bool:
    """Whether the position says that the live file is read to its end."""
    found = list(installed.data.glob("spool/following/*/position"))
    after = json.loads(found[0].read_text())["after"] if found else []
    status = log.stat()
    return any(tail[1] == status.st_ino and tail[2] == status.st_size for tail in after)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_a_follower_killed_again_and_again_stores_every_line_once(
    installed: Installation, tmp_path: Path, seed: int, *, prove: bool
) -> None:
    chance = random.Random(seed)
    log = tmp_path / "log" / "app.log"
    log.parent.mkdir()
    log.touch()
    writer = Writer(log, seed)
    first = follow(installed, log)
    until(lambda: any(installed.data.glob("spool/following/*/position")), "it does not begin")
    writer.start()
    first.kill()
    first.communicate()
    try:
        for _ in range(KILLS_PROVED if prove else KILLS):
            kill_once(installed, log, chance)
    finally:
        writer.end()
    with log.open("a") as last:
        last.write(f"INFO line {writer.written}\n")
    process = follow(installed, log)
    until(lambda: is_read(installed, log), "it does not come to the end")
    process.terminate()
    out, problems = process.communicate(timeout=300)
    assert (process.returncode, problems.splitlines()[1:]) == (
        0,
        [],
    )  # the first says that it follows
    assert json.loads(out)["files"][str(log)]["lines"] > 0
    installed.settle()
    found = numbers(installed)
    lost = set(range(writer.written + 1)) - set(found)
    assert (len(lost), max(found.values())) == (0, 1), writer.rotations
    assert len(found) == writer.written + 1
    assert each_once(installed.rows("service_log"))
    assert installed.breaches() == {}


def test_a_line_is_stored_within_two_seconds_of_being_written(
    embedded: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    consumer = embedded.consume(tmp_path / "run.log")
    until(lambda: "consuming" in (tmp_path / "run.log").read_text(), "no consumer starts")
    process = follow(embedded, log)
    log.write_text("INFO line 0\n")
    until(lambda: stored(embedded) == 1, "the first line does not come")
    lags_s = []
    for number in range(1, 6):
        with log.open("a") as file:
            file.write(f"INFO line {number}\n")
        begun = time.monotonic()
        until(lambda: stored(embedded) == number + 1, "a line does not come")  # noqa: B023 - called before the next turn
        lags_s.append(time.monotonic() - begun)
    for each in (process, consumer):
        each.terminate()
        each.wait(60)
    process.communicate()
    assert sorted(lags_s)[len(lags_s) // 2] < LAG_MAX_S * patience(), lags_s


def stored(installed: Installation) -> int:
    """How many lines stand in the lake."""
    if not (installed.data / "lake" / "events" / "service_log" / "_delta_log").is_dir():
        return 0
    return int(installed.rows("service_log").num_rows)
