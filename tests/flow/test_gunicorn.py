"""gunicorn with four workers under load, two of them killed: each answered request is one page view in the lake."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.installation import Installation, each_once, without_holes
from kit.leash import leashed
from kit.parts import RealParts
from kit.watching import until

WORKERS, CONNECTIONS, KILLS = 4, 8, 2
LOAD_S, LOAD_PROVED_S = 4, 30
ANSWERS_MIN = 200  # in a second: less, and nothing was under load

APP = '''
import mmap, os, struct
from remit import Client
from remit.wsgi import RemitMiddleware

FOLDER = {folder!r}
client = Client("gunicorn")  # before the fork: gunicorn loads the app once (--preload)


class Worker:
    """One process: a name in letters, and counts in a file that outlive it."""

    def __init__(self):
        for letter in "abcdefghijklmnopqrstuvwxyz":
            try:
                file = os.open(f"{{FOLDER}}/{{letter}}", os.O_CREAT | os.O_EXCL | os.O_RDWR)
            except FileExistsError:
                continue
            self.pid, self.name = os.getpid(), letter
            os.ftruncate(file, 24)
            self.told = mmap.mmap(file, 24)
            struct.pack_into("<Q", self.told, 16, self.pid)
            return

    def count(self, at):
        struct.pack_into("<Q", self.told, at, struct.unpack_from("<Q", self.told, at)[0] + 1)


worker = None


def pages(environ, start_response):
    worker.count(0)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


class Counted:
    """Counts a request as ended once the middleware is done with it."""

    def __init__(self, body):
        self.body = body

    def __iter__(self):
        return iter(self.body)

    def close(self):
        self.body.close()
        worker.count(8)


middleware = RemitMiddleware(pages, client)


def application(environ, start_response):
    global worker
    if worker is None or worker.pid != os.getpid():
        worker = Worker()
    environ["PATH_INFO"] = f"/worker-{{worker.name}}"
    return Counted(middleware(environ, start_response))
'''
"""Names each worker in its page, and counts outside of its memory what it has begun and ended."""

REPORT = """
done = function(summary)
  local e = summary.errors
  io.write(string.format('{"good": %d, "bad": %d}\\n', summary.requests, e.status))
end
"""
"""What wrk prints at its end."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker has told.

    Attributes:
        begun: Requests that reached the app.
        ended: Requests that the middleware is done with.
        pid: Its process.
    """

    begun: int
    ended: int
    pid: int


def workers(folder: Path) -> Mapping[str, Told]:
    """What each worker has told so far, by its name."""
    whole = {path.name: data for path in folder.iterdir() if len(data := path.read_bytes()) == 24}
    return {name: Told(*struct.unpack("<QQQ", data)) for name, data in whole.items()}


@pytest.fixture
def wrk(real_parts: RealParts) -> str:
    """The load generator."""
    found = shutil.which("wrk")
    if found is None:
        real_parts.not_ran("wrk", "it is not installed (Debian: wrk)")
        pytest.skip("wrk is not installed")
    real_parts.ran("wrk", found)
    return found


@pytest.fixture
def start(installed: Installation, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Start a program that is ended after the test; what it says goes to a file."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*command: str) -> Path:
        log = tmp_path / f"{len(started)}.log"
        with log.open("wb") as lines:
            environment = installed.env | {
                "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])
            }
            started.append(
                subprocess.Popen(leashed(command), env=environment, stdout=lines, stderr=lines)
            )
        return log

    yield begin
    for process in reversed(started):
        process.terminate()
        process.wait(60)


def killing(folder: Path, seconds: float) -> threading.Thread:
    """Kill workers with -9, one after another, spread over these seconds."""

    def kill() -> None:
        pause = threading.Event()
        for _ in range(KILLS):
            pause.wait(seconds / (KILLS + 1))
            busiest = max(workers(folder).values(), key=lambda told: told.begun * alive(told.pid))
            os.kill(busiest.pid, signal.SIGKILL)
            until(lambda pid=busiest.pid: not alive(pid), "a killed worker lives")  # type: ignore[misc]  # mypy cannot tell the type of a lambda's default

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def alive(pid: int) -> bool:
    """Whether a process runs: of one that is dead and not waited for, Linux names no program."""
    return Path(f"/proc/{pid}/exe").exists()


@pytest.mark.slow
def test_answered_requests_are_page_views_also_of_workers_that_are_killed(
    installed: Installation, wrk: str, start: Callable[..., Path], tmp_path: Path, *, prove: bool
) -> None:
    seconds = LOAD_PROVED_S if prove else LOAD_S
    folder = tmp_path / "workers"
    folder.mkdir()
    (tmp_path / "shop.py").write_text(APP.format(folder=str(folder)))
    (tmp_path / "report.lua").write_text(REPORT)
    installed.prepare()
    kind = "run" if installed.env["REMIT_LOG"] else "up"
    start(sys.executable, "-m", "remit_cli", kind, "--port", "0")
    address = listening(start)
    killer = killing(folder, seconds)
    load = [
        wrk,
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "-s",
        str(tmp_path / "report.lua"),
        address,
    ]
    done = subprocess.run(load, capture_output=True, text=True, check=True)
    killer.join()
    until(lambda: is_quiet(folder), "requests are still being answered")
    installed.settle()

    rows = installed.rows("page_view")
    stored = Counter(row["page"] for row in rows.select(["page"]).to_pylist())
    account(workers(folder), stored)
    answers = json.loads(done.stdout.splitlines()[-1])
    assert answers["bad"] == 0
    assert answers["good"] >= ANSWERS_MIN * seconds
    left = sum(stored.values()) - answers["good"]
    assert (
        -KILLS <= left <= CONNECTIONS + KILLS
    )  # wrk does not wait for what is on its way at its end
    assert each_once(rows)
    assert without_holes(rows)
    assert installed.breaches() == {}


def account(told: Mapping[str, Told], stored: Mapping[str, int]) -> None:
    """See that each worker's page views are the requests that it ended, and of a killed one perhaps the one it was at."""
    killed = {name for name, one in told.items() if not alive(one.pid)}
    assert len(killed) == KILLS
    assert len(told) >= WORKERS
    for name, one in told.items():
        in_flight = one.begun - one.ended
        assert in_flight <= (name in killed), f"{name}: a synchronous worker answers one at a time"
        assert one.ended <= stored[f"/worker-{name}"] <= one.begun, name


def listening(start: Callable[..., Path]) -> str:
    """Start gunicorn and give its address."""
    command = ["gunicorn", "--preload", "--workers", str(WORKERS), "--bind", "127.0.0.1:0"]
    log = start(sys.executable, "-m", *command, "--log-level", "info", "shop:application")
    found: list[str] = []

    def listens() -> bool:
        match = re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", log.read_text())
        found.extend([match[1]] if match else [])
        return bool(found)

    until(listens, "gunicorn does not listen")
    return f"{found[0]}/"


def is_quiet(folder: Path) -> bool:
    """Whether no living worker is in the middle of a request."""
    return all(one.begun == one.ended for one in workers(folder).values() if alive(one.pid))
