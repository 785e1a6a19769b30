"""What is held, in real processes: it goes with them, is counted where they end in order, and never reaches a disk."""

import os
import signal
from pathlib import Path

import pytest

from kit.owned import refusals
from kit.program import run, start
from kit.spooled import Home

TIMEOUT_S = 120.0
CANARY = "203.0.113.231"

_HOLDS = """
import os, sys, threading
from remit import Client, PageView
client = Client("test", data=sys.argv[1], log="", hold=True)
assert client.emit(PageView(page="/a", ip="203.0.113.231"), subject="ann").reason == "held"
assert client.emit(PageView(page="/b", ip="203.0.113.231"), subject="bob").reason == "held"
"""

_ENDS = _HOLDS + "client.agree('bob')\n"

_TERMINATED = (
    "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
    + _HOLDS
    + "print('up', flush=True)\nsignal.pause()\n"
)

_WAITS = _HOLDS + "print('up', flush=True)\nthreading.Event().wait()\n"

_FORKS = (
    _HOLDS
    + """
client.consent("cat", refused=["analytics.reporting", "functional.service.improve"])
child = os.fork()
if not child:
    client.agree("ann")
    assert client.held == 0
    client.emit(PageView(page="/child", referrer="/r"), subject="cat")
    client.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert client.held == 2
client.agree("ann")
client.close()
"""
)


def written(folder: Path) -> bytes:
    """Every byte below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def pages(home: Home) -> list[tuple[str, object]]:
    """Whose page views are on the log, and of which page."""
    events = home.stored().values()
    return sorted((e.subject, e.values["page"]) for e in events if "page" in e.values)


def test_at_the_end_of_a_process_what_nobody_answered_is_dropped_and_counted(home: Home) -> None:
    run(_ENDS, home.data)
    assert pages(home) == [("bob", "/b")]
    assert refusals(home) == {"held": 1}


def test_a_process_that_is_asked_to_end_counts_what_it_held(home: Home) -> None:
    process = start(_TERMINATED, home.data)
    assert process.stdout
    assert process.stdout.readline().strip() == "up"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TIMEOUT_S)
    assert (pages(home), refusals(home)) == ([], {"held": 2})


def test_what_a_killed_process_held_is_nowhere_and_in_no_count(home: Home) -> None:
    process = start(_WAITS, home.data)
    assert process.stdout
    assert process.stdout.readline().strip() == "up"
    process.kill()
    process.communicate(timeout=TIMEOUT_S)
    assert CANARY.encode() not in written(home.data)
    run(
        "import sys\nfrom remit import Client\nClient('next', data=sys.argv[1], log='').close()",
        home.data,
    )
    assert (pages(home), refusals(home)) == ([], {})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_what_is_held_stays_with_the_parent_and_what_is_refused_is_known_to_the_child(
    home: Home,
) -> None:
    run(_FORKS, home.data)
    assert pages(home) == [("ann", "/a"), ("cat", "/child")]
    child = [
        e.values["referrer"]
        for e in home.stored().values()
        if e.subject == "cat" and "page" in e.values
    ]
    assert child == [None]
    assert refusals(home) == {"held": 1}


_INSIDE = """
import signal, sys, threading
from remit import Client, PageView
client = Client("test", data=sys.argv[1], log="", hold=True)
client.agree("known")
inside = []
signal.signal(signal.SIGALRM, lambda *_: inside.append(client.emit(PageView(page="/inside"), subject="in")))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
over = threading.Event()
def hold():
    n = 0
    while not over.is_set():
        client.emit(PageView(page="/held"), subject=f"{n}")
        n += 1
thread = threading.Thread(target=hold)
thread.start()
for n in range(20_000):
    client.emit(PageView(page="/a"), subject="known")
signal.setitimer(signal.ITIMER_REAL, 0, 0)
over.set()
thread.join()
assert inside
client.close(30)
totals = client.totals()
print(totals.offered - sum(totals.refused.values()))
"""


def test_who_emits_inside_an_emit_never_waits_for_who_holds(home: Home) -> None:
    taken = int(run(_INSIDE, home.data))
    stored = home.stored().values()
    assert {event.subject for event in stored} == {"known"}
    assert taken == len(stored) == 20_000
