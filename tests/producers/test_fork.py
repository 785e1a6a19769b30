"""A process that forks in the middle of a pack: two producers from then on, and nothing of one in the other."""

from collections import Counter

import pytest

from kit.program import run
from kit.spooled import Home
from remit.leftovers import adopt_dead

FORK = """
import os, sys
from remit import Client, PageView
from remit.settings import Settings
data, end = sys.argv[1:]
client = Client("test", data=data, settings=Settings(pack_age_s=60))
for n in range(50):
    assert client.emit(PageView(page=f"/before/{n}"), subject=f"{n % 5}")
child = os.fork()
who = "parent" if child else "child"
if who == "parent" or end != "silent":
    for n in range(50):
        assert client.emit(PageView(page=f"/{who}/{n}"), subject=f"{n % 5}")
if who == "child":
    if end == "flush":
        assert client.flush(30)
    if end == "exit":
        sys.exit(0)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
for n in range(50, 60):
    assert client.emit(PageView(page=f"/parent/{n}"), subject=f"{n % 5}")
assert client.close(30)
"""


@pytest.mark.parametrize("end", ["flush", "exit", "die", "silent"])
def test_both_processes_events_arrive_once_and_no_key_seals_twice(home: Home, end: str) -> None:
    run(FORK, home.data, end)
    adopt_dead(home.data / "spool")
    stored = home.stored()
    expected = {f"/before/{n}" for n in range(50)} | {f"/parent/{n}" for n in range(60)}
    if end != "silent":
        expected |= {f"/child/{n}" for n in range(50)}
    assert Counter(e.values["page"] for e in stored.values()) == Counter(expected)
    packs = home.packs()
    of_child = {p.header.producer for p in packs if p.events[0].values["page"].startswith("/child")}  # type: ignore[attr-defined]
    of_parent = {p.header.producer for p in packs} - of_child
    assert (len(of_child), len(of_parent)) == (0 if end == "silent" else 1, 1)
    wrapped = {
        p: {k.header.wrapped_key for k in packs if k.header.producer == p}
        for p in of_child | of_parent
    }
    assert sum(map(len, wrapped.values())) == len(set().union(*wrapped.values()))
    assert len({p.header.pack_id for p in packs}) == len(packs)


def test_a_child_takes_a_slot_of_its_own_and_leaves_the_parents_lock_alone(home: Home) -> None:
    found = run(
        """
import fcntl, os, sys
from remit import Client, PageView
data = sys.argv[1]
client = Client("test", data=data)
client.emit(PageView(page="/a"))
child = os.fork()
if not child:
    client.emit(PageView(page="/b"))
    assert client.close(30)
    os._exit(0)
os.waitpid(child, 0)
with open(f"{data}/spool/slot-00/lock") as lock:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("free")
    except BlockingIOError:
        print("held")
print(sorted(name for name in os.listdir(f"{data}/spool") if name.startswith("slot")))
assert client.close(30)
""",
        home.data,
    )
    assert found.split("\n")[:2] == ["held", "['slot-00', 'slot-01']"]


def test_a_fork_while_other_threads_emit_leaves_no_lock_behind(home: Home) -> None:
    run(
        """
import os, sys, threading
from remit import Client, PageView
client = Client("test", data=sys.argv[1])
is_over = threading.Event()
def emit():
    while not is_over.is_set():
        client.emit(PageView(page="/thread"), subject="ann")
threads = [threading.Thread(target=emit) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(20):
    child = os.fork()
    if not child:
        assert client.emit(PageView(page="/child"), subject="ann")
        assert client.close(30)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
is_over.set()
for thread in threads: thread.join()
assert client.close(30)
""",
        home.data,
    )
    pages = Counter(event.values["page"] for event in home.stored().values())
    assert pages["/child"] == 20


def test_the_end_of_a_process_closes_its_client(home: Home) -> None:
    run(
        """
import sys
from remit import Client, PageView
assert Client("test", data=sys.argv[1]).emit(PageView(page="/a"), subject="ann")
""",
        home.data,
    )
    assert len(home.stored()) == 1
    assert not list(home.data.glob("spool/*/open-*"))


WHILE_IT_CONNECTS = """
import os, random, signal, socket, sys, time
from remit import Client, PageView
data, forks = sys.argv[1], int(sys.argv[2])
nobody = socket.socket()
nobody.bind(("127.0.0.1", 0))  # and never listens
log = f"kafka://127.0.0.1:{nobody.getsockname()[1]}/nobody"
chance = random.Random(12)
for n in range(forks):
    client = Client("test", data=data, log=log)
    client.emit(PageView(page="/parent"))
    connects = time.perf_counter() + chance.uniform(0, 0.012)
    while time.perf_counter() < connects: time.sleep(0.0001)
    child = os.fork()
    if not child:
        signal.alarm(20)
        client.emit(PageView(page="/child"))
        client.close(0.3)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "it hangs"
    client.close(0.3)
"""


def test_a_fork_while_librdkafka_connects_leaves_a_child_that_ends(
    home: Home, *, prove: bool
) -> None:
    forks = 300 if prove else 10
    run(WHILE_IT_CONNECTS, home.data, forks, timeout_s=600)
    adopt_dead(home.data / "spool")
    pages = Counter(event.values["page"] for event in home.stored().values())
    assert pages == {"/parent": forks, "/child": forks}
