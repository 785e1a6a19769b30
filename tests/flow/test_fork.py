"""A process that forks in the middle of a pack, through to the lake."""

import pytest

from kit.installation import Installation, each_once, without_holes

EVENTS = 500

FORK = """
import os, sys
from remit import Client, PageView
from remit.settings import Settings
events = int(sys.argv[1])
client = Client("test", settings=Settings(pack_age_s=60, pack_events_max=300))
def emit(who, start):
    for n in range(start, start + events):
        assert client.emit(PageView(page=f"/{who}", status=n), subject=f"{n % 5}")
emit("before", 0)
child = os.fork()
emit("parent" if child else "child", events)
if not child:
    os._exit(0 if client.flush(30) else 1)
assert os.waitpid(child, 0)[1] == 0
emit("parent", 2 * events)
assert client.close(30)
"""


@pytest.mark.slow
def test_what_both_processes_emit_around_a_fork_arrives_once(installed: Installation) -> None:
    installed.prepare()
    process = installed.program(FORK, EVENTS)
    _, problems = process.communicate(timeout=300)
    assert process.returncode == 0, problems[-2000:]
    installed.settle()
    rows = installed.rows("page_view")
    found = {(row["page"], row["status"]) for row in rows.select(["page", "status"]).to_pylist()}
    assert found == {
        (f"/{who}", n)
        for who, numbers in {
            "before": range(EVENTS),
            "child": range(EVENTS, 2 * EVENTS),
            "parent": range(EVENTS, 3 * EVENTS),
        }.items()
        for n in numbers
    }
    assert rows.num_rows == 4 * EVENTS
    assert each_once(rows)
    assert without_holes(rows)
    assert installed.breaches() == {}
