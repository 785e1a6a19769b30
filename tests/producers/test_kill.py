"""A producer killed at any moment: nothing is lost whose emit returned, and nothing comes twice."""

import mmap
import os
import random
import struct
from collections import Counter
from pathlib import Path

from kit.program import start
from kit.spooled import Home
from remit.leftovers import adopt_dead

KILLS, KILLS_PROVED = 5, 30
EMITS_MAX = 3000  # of one process before it is killed: some twenty packs

EMIT = """
import itertools, mmap, struct, sys
from remit import Client, PageView
from remit.settings import Settings
run, data, counter = sys.argv[1:]
client = Client("test", data=data, settings=Settings(pack_events_max=150, pack_age_s=0.05))
file = open(counter, "r+b")
told = mmap.mmap(file.fileno(), 8)
for n in itertools.count():
    assert client.emit(PageView(page=f"/{run}/{n}"), subject=f"subject {n % 30}")
    struct.pack_into("<Q", told, 0, n + 1)
"""


def kill_one(home: Home, counter: Path, run: int, kill_after: int) -> int:
    """Run an emitting process, kill it once so many emits have returned, and give how many had."""
    counter.write_bytes(bytes(8))
    with counter.open("r+b") as file, mmap.mmap(file.fileno(), 8) as told:
        process = start(EMIT, run, home.data, counter)
        while struct.unpack("<Q", told)[0] < kill_after and process.poll() is None:
            os.sched_yield()
        process.kill()
        _, problems = process.communicate()
        assert not problems, problems[-2000:]
        return int(struct.unpack("<Q", told)[0])


def test_a_killed_producer_loses_nothing_whose_emit_returned_and_sends_nothing_twice(
    home: Home, tmp_path: Path, *, prove: bool
) -> None:
    chance = random.Random(7)
    returned = {
        run: kill_one(home, tmp_path / "returned", run, chance.randrange(1, EMITS_MAX))
        for run in range(KILLS_PROVED if prove else KILLS)
    }
    adopt_dead(home.data / "spool")
    pages = Counter(str(event.values["page"]) for event in home.stored().values())
    assert max(pages.values()) == 1
    for run, n in returned.items():
        mine = {int(page.split("/")[2]) for page in pages if page.startswith(f"/{run}/")}
        assert mine >= set(range(n)), f"run {run}: {len(set(range(n)) - mine)} lost of {n}"
        assert len(mine) <= n + 1, "more arrived than were emitted"
    assert not list(home.data.glob("spool/*/open-*"))
