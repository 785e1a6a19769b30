"""A consumer slower than the stream: memory and spool stay within their bounds, what is refused is counted, no event is lost."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from kit.flowing import end
from kit.installation import Installation, each_once
from kit.outage import resident_mb
from kit.watching import until
from remit_schemas.spool import parse_pack_name

pytestmark = pytest.mark.slow

SPOOL_BYTES = 1_000_000
HELD_MAX = (
    3 * SPOOL_BYTES
)  # what is full is seen when a pack is sealed; as much may wait for that, and it is a pack more
RATE = 10_000  # events a second: a second of them fills the spool
TURNS, TURNS_PROVED = 4, 60
WORKS_S, STANDS_S = 0.2, 1.5  # in each turn: the consumer works, and is stopped
GROWTH_MB = (
    150  # of the app, with its spool of 1 MB, and of a consumer, which has not stored anything yet
)
HANDLES_MAX = 40  # more open files than at first; packs and tables are opened one by one

Running = subprocess.Popen[str]

APP = """
import json, pathlib, select, sys, time
from remit import Client, PageView
rate, seen = int(sys.argv[1]), pathlib.Path(sys.argv[2])
client = Client("backpressure")
begun, is_told, taken, refused = time.monotonic(), False, 0, {}
while not is_told:
    due = int((time.monotonic() - begun) * rate)
    while taken + sum(refused.values()) < due:
        n = taken + sum(refused.values()) + 1
        answer = client.emit(PageView(page="/pressed", status=n), subject=f"subject {n % 500}")
        if answer:
            taken += 1
        else:
            if not refused:
                seen.touch()
            refused[answer.reason] = refused.get(answer.reason, 0) + 1
    is_told = bool(select.select([sys.stdin], [], [], 0.005)[0])
print(json.dumps({"taken": taken, "refused": refused}), flush=True)
sys.exit(0 if client.flush(240) and client.close(10) else 1)
"""
"""Emits at a steady rate until it is told to end, and says what was taken from it and what was refused.
At the first event that is refused it makes a file."""


@pytest.fixture
def pressed(tmp_path: Path) -> Iterator[Installation]:
    """An installation on the embedded log, whose spool holds little."""
    settings = {"REMIT_SPOOL_BYTES_MAX": str(SPOOL_BYTES)}
    installed = Installation(tmp_path, **settings)
    yield installed
    installed.end_all()


class Watch:
    """The most that an app, its consumer and the spool between them took, from when the spool was full first.

    Attributes:
        held: Of the spool, bytes on the disk.
        grown: Of each process, MiB of memory beyond what it had at first.
        opened: Of each process, open files beyond what it had at first.
    """

    def __init__(self, installed: Installation, processes: Mapping[str, Running]) -> None:
        self._installed = installed
        self._processes = processes
        self._before = {name: resident_mb(one.pid) for name, one in processes.items()}
        self.grown = dict.fromkeys(processes, 0.0)
        self._handles = {name: handles(one.pid) for name, one in processes.items()}
        self.opened = dict.fromkeys(processes, 0)
        self.held = 0

    def go_on(self, seconds: float) -> None:
        """Look again and again for so long."""
        ends = time.monotonic() + seconds

        def is_over() -> bool:
            self._look()
            return time.monotonic() > ends

        until(is_over, "the clock stands still", look_s=0.02)

    def _look(self) -> None:
        self.held = max(self.held, spooled(self._installed))
        for name, process in self._processes.items():
            assert process.poll() is None, f"{name} has ended"
            grown = resident_mb(process.pid) - self._before[name]
            self.grown[name] = max(self.grown[name], grown)
            opened = handles(process.pid) - self._handles[name]
            self.opened[name] = max(self.opened[name], opened)


def handles(pid: int) -> int:
    """How many files, sockets and pipes a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def spooled(installed: Installation) -> int:
    """What the sealed packs in the spool take, in bytes; an open pack is a file of its own, made as large as it may become."""
    total = 0
    for path in (installed.data / "spool").rglob("*"):
        with suppress(FileNotFoundError):  # stored meanwhile
            total += path.stat().st_size if parse_pack_name(path.name) is not None else 0
    return total


def told_to_end(app: Running) -> tuple[int, Mapping[str, int]]:
    """Tell an app to end; give how many events were taken from it, and how many refused by reason."""
    assert app.stdin is not None
    assert app.stdout is not None
    app.stdin.write("end\n")
    app.stdin.flush()
    said = json.loads(app.stdout.readline())
    end(app)
    return said["taken"], said["refused"]


@pytest.mark.clause("S110e")
def test_a_consumer_slower_than_the_stream_costs_counted_refusals_and_no_event(
    pressed: Installation, tmp_path: Path, *, prove: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    pressed.prepare()
    consumer = pressed.consume(tmp_path / "run.log")
    until(lambda: "consuming" in (tmp_path / "run.log").read_text(), "no consumer starts")
    consumer.send_signal(signal.SIGSTOP)
    full = tmp_path / "full"
    app = pressed.program(APP, RATE, full)
    until(full.exists, "the spool does not fill", look_s=0.02)
    watch = Watch(pressed, {"app": app, "consumer": consumer})
    consumer.send_signal(signal.SIGCONT)
    for _ in range(TURNS_PROVED if prove else TURNS):
        consumer.send_signal(signal.SIGSTOP)
        watch.go_on(STANDS_S)
        consumer.send_signal(signal.SIGCONT)
        watch.go_on(WORKS_S)
    taken, refused = told_to_end(app)
    consumer.terminate()
    assert consumer.wait(60) == 0
    pressed.settle()
    with capsys.disabled():
        told = f"spool {watch.held} bytes; MB grown {watch.grown}, files {watch.opened}"
        print(f"\n  {taken} taken, {refused}; {told}")  # noqa: T201
    assert refused.keys() == {"spool_full"}
    assert watch.held <= HELD_MAX
    assert max(watch.grown.values()) < GROWTH_MB
    assert max(watch.opened.values()) < HANDLES_MAX
    assert_counted(pressed, taken, sum(refused.values()))


def assert_counted(installed: Installation, taken: int, refused: int) -> None:
    """Every event is stored once, or counted as refused; the proof holds."""
    told = installed.contract("page_view")
    assert (told["offered"], told["refused"]) == (taken + refused, refused)
    assert (told["stored"] + told["let_go"], told["in_flight"]) == (taken, 0)
    rows = installed.rows("page_view")
    assert rows.num_rows == told["stored"]
    assert each_once(rows)
    assert installed.breaches() == {}
