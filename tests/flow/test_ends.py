"""Processes that fork at any moment and end in any way, through to the lake, on both logs."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from kit.installation import Installation, each_once, without_holes
from kit.watching import commits, until

FORKS, FORKS_PROVED = 12, 100

ENDS = """
import multiprocessing, os, random, signal, sys, threading, time
from remit import Client, PageView
from remit.settings import Settings
answered, forks = sys.argv[1], int(sys.argv[2])
answers = os.open(answered, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
client = Client("ends", settings=Settings(pack_age_s=0.05))
def emit(who, n):
    if client.emit(PageView(page=f"/{who}", status=n), subject=f"{n % 7}"):
        os.write(answers, f"{who} {n}\\n".encode())
def work(n):
    emit("child", n)
def go_on():
    n = 0
    while not is_over.is_set():
        n += 1
        emit("thread", n)
        time.sleep(0.001)
is_over = threading.Event()
thread = threading.Thread(target=go_on)
thread.start()  # the first fork comes while this one makes its first keys and meets the broker
chance = random.Random(14)
for n in range(forks):
    end = ("exit", "term", "process", "close")[n % 4]
    if end == "process":
        child = multiprocessing.get_context("fork").Process(target=work, args=(n,))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        continue
    pid = os.fork()
    if not pid:
        work(n)
        if end == "term":
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        os._exit(0 if end == "exit" or client.close(30) else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == (-signal.SIGTERM if end == "term" else 0), (end, code)
    time.sleep(chance.uniform(0, 0.05))
is_over.set()
thread.join()
assert client.close(30)
tasks = os.listdir("/proc/self/task") if sys.platform == "linux" else ["one"]
assert len(tasks) == 1, f"{len(tasks)} threads of the system are left"
"""


@pytest.mark.slow
def test_what_forked_and_ended_processes_were_answered_stands_in_the_lake_once(
    installed: Installation, tmp_path: Path, *, prove: bool
) -> None:
    installed.prepare()
    answered = tmp_path / "answered"
    process = installed.program(ENDS, answered, FORKS_PROVED if prove else FORKS)
    _, problems = process.communicate(timeout=300)
    assert process.returncode == 0, problems[-3000:]
    installed.settle()
    rows = installed.rows("page_view")
    stored = Counter(f"{row['page'][1:]} {row['status']}" for row in rows.to_pylist())
    assert stored == Counter(answered.read_text().splitlines())
    assert each_once(rows)
    assert without_holes(rows)
    assert installed.breaches() == {}


TERMINATED = """
import os, signal
from remit import Client, PageView
from remit.settings import Settings
client = Client("terminated", settings=Settings(pack_age_s=60))
for n in range(50):
    assert client.emit(PageView(page="/terminated", status=n), subject=f"{n % 7}")
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
"""


def test_the_consumer_that_runs_stores_what_a_terminated_app_left_open(
    embedded: Installation, tmp_path: Path
) -> None:
    embedded.prepare()
    log = tmp_path / "run.log"
    embedded.consume(log)
    until(lambda: "consuming" in log.read_text(), "the consumer does not start")
    app = embedded.program(TERMINATED)
    _, problems = app.communicate(timeout=300)
    assert app.returncode == -signal.SIGTERM, problems
    until(lambda: commits(embedded.data, "events/page_view") >= 1, "nothing is stored")
    until(lambda: embedded.rows("page_view").num_rows == 50, "not everything is stored")
    assert not list(embedded.data.glob("spool/*/open-*"))
    assert sorted(embedded.rows("page_view")["status"].to_pylist()) == list(range(50))
