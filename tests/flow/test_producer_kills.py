"""An app killed at any moment, through to the lake: nothing is lost whose emit returned, and nothing comes twice."""

import mmap
import os
import random
import struct
from collections import Counter
from pathlib import Path

import pytest

from kit.installation import Installation, each_once, without_holes

KILLS, KILLS_PROVED = 5, 30
EMITS_MAX = 6_000  # of one process before it is killed: up to twenty packs of one lane are acknowledged by then

EMIT = """
import itertools, mmap, struct, sys
from remit import Client, PageView
from remit.settings import Settings
run, counter = sys.argv[1:]
client = Client("killed", settings=Settings(pack_events_max=150, pack_age_s=0.02))
file = open(counter, "r+b")
told = mmap.mmap(file.fileno(), 8)
for n in itertools.count():
    assert client.emit(PageView(page=f"/{run}", status=n), subject=f"subject {n % 30}")
    struct.pack_into("<Q", told, 0, n + 1)
"""
"""Emits until it is killed, and tells after each emit how many have returned."""


def kill_one(installed: Installation, counter: Path, run: str, kill_after: int) -> int:
    """Run an app, kill it once so many emits have returned, and give how many had."""
    counter.write_bytes(bytes(8))
    with counter.open("r+b") as file, mmap.mmap(file.fileno(), 8) as told:
        app = installed.program(EMIT, run, counter)
        while struct.unpack("<Q", told)[0] < kill_after and app.poll() is None:
            os.sched_yield()
        app.kill()
        _, problems = app.communicate()
        assert "Error" not in problems, problems[-2000:]
        return int(struct.unpack("<Q", told)[0])


@pytest.mark.clause("S110e")
@pytest.mark.slow
def test_a_killed_app_loses_nothing_whose_emit_returned_and_nothing_stands_twice(
    installed: Installation, tmp_path: Path, *, prove: bool
) -> None:
    chance = random.Random(30)
    installed.prepare()
    runs = [
        f"run-{chr(97 + n // 26)}{chr(97 + n % 26)}"
        for n in range(KILLS_PROVED if prove else KILLS)
    ]
    returned = {
        run: kill_one(installed, tmp_path / "returned", run, chance.randrange(1, EMITS_MAX))
        for run in runs
    }
    installed.settle()
    rows = installed.rows("page_view")
    stored = Counter(
        (row["page"], row["status"]) for row in rows.select(["page", "status"]).to_pylist()
    )
    assert max(stored.values()) == 1
    for run, count in returned.items():
        mine = {number for page, number in stored if page == f"/{run}"}
        lost = set(range(count)) - mine
        assert not lost, f"{run}: {len(lost)} of {count} are lost"
        assert len(mine) <= count + 1, f"{run}: more arrived than were emitted"
    assert each_once(rows)
    assert without_holes(rows)
    assert installed.breaches() == {}
