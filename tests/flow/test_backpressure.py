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

pytestmark = pytest.mark.slow

SPOOL_BYTES = 1_000_000
RATE = 10_000  # events a second: a second of them fills the spool
TURNS, TURNS_PROVED = 4, 60
WORKS_S, STANDS_S = 0.2, 2.0  # in each turn: the consumer works, and is stopped
GROWTH_MB = 150  # of the app, with its spool of 1 MB, and of a consumer, with a flush of 16 MB

Running = subprocess.Popen[str]

APP = """
import json, select, sys, time
from remit import Client, PageView
rate = int(sys.argv[1])
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
            refused[answer.reason] = refused.get(answer.reason, 0) + 1
    is_told = bool(select.select([sys.stdin], [], [], 0.005)[0])
print(json.dumps({"taken": taken, "refused": refused}), flush=True)
sys.exit(0 if client.flush(240) and client.close(10) else 1)
"""
"""Emits at a steady rate until it is told to end, and says what was taken from it and what was refused."""


@pytest.fixture
def pressed(tmp_path: Path) -> Iterator[Installation]:
    """An installation on the embedded log, whose spool holds little."""
    settings = {"REMIT_SPOOL_BYTES_MAX": str(SPOOL_BYTES)}
    installed = Installation(tmp_path, **settings)
    yield installed
    installed.end_all()


class Watch:
    """The most that an app, its consumer and the spool between them took.

    Attributes:
        held: Of the spool, bytes on the disk.
        grown: Of each process, MiB of memory beyond what it had at first.
    """

    def __init__(self, installed: Installation, processes: Mapping[str, Running]) -> None:
        self._installed = installed
        self._processes = processes
        self._before = {name: resident_mb(one.pid) for name, one in processes.items()}
        self.grown = dict.fromkeys(processes, 0.0)
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


def spooled(installed: Installation) -> int:
    """What the spool takes on the disk, in bytes."""
    total = 0
    for path in (installed.data / "spool").rglob("*"):
        with suppress(FileNotFoundError):  # stored meanwhile
            total += path.stat().st_blocks * 512
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
    app = pressed.program(APP, RATE)
    until(lambda: spooled(pressed) > 0, "the app does not emit")
    watch = Watch(pressed, {"app": app, "consumer": consumer})
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
        print(f"\n  {taken} taken, {refused}; spool {watch.held} bytes; MB grown {watch.grown}")  # noqa: T201
    assert refused.keys() == {"spool_full"}
    assert watch.held <= 2 * SPOOL_BYTES
    assert max(watch.grown.values()) < GROWTH_MB
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
