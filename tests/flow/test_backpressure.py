"""A consumer slower than the stream: memory and spool stay within their bounds, what is refused is counted, no event is lost."""

import json
import signal
from collections.abc import Iterator
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


def spooled(installed: Installation) -> int:
    """What the spool takes on the disk, in bytes."""
    total = 0
    for path in (installed.data / "spool").rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:  # stored meanwhile
            continue
    return total


@pytest.mark.clause("S110e")
def test_a_consumer_slower_than_the_stream_costs_counted_refusals_and_no_event(
    pressed: Installation, tmp_path: Path, *, prove: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    pressed.prepare()
    consumer = pressed.consume(tmp_path / "run.log")
    until(lambda: "consuming" in (tmp_path / "run.log").read_text(), "no consumer starts")
    app = pressed.program(APP, RATE)
    processes = {"app": app.pid, "consumer": consumer.pid}
    until(lambda: spooled(pressed) > 0, "the app does not emit")
    before = {name: resident_mb(pid) for name, pid in processes.items()}
    most, held = dict.fromkeys(processes, 0.0), 0

    def look() -> bool:
        nonlocal held
        assert (app.poll(), consumer.poll()) == (None, None)
        held = max(held, spooled(pressed))
        for name, pid in processes.items():
            most[name] = max(most[name], resident_mb(pid))
        return False

    def last(seconds: float) -> None:
        with pytest.raises(AssertionError, match="is over"):
            until(look, "it is over", seconds, 0.02)

    for _ in range(TURNS_PROVED if prove else TURNS):
        consumer.send_signal(signal.SIGSTOP)
        last(STANDS_S)
        consumer.send_signal(signal.SIGCONT)
        last(WORKS_S)
    assert app.stdin is not None
    assert app.stdout is not None
    app.stdin.write("end\n")
    app.stdin.flush()
    said = json.loads(app.stdout.readline())
    end(app)
    consumer.terminate()
    assert consumer.wait(60) == 0
    pressed.settle()

    grown = {name: most[name] - before[name] for name in processes}
    with capsys.disabled():
        print(f"\n  {said}; spool {held / 1e6:.1f} MB of {SPOOL_BYTES / 1e6:.0f}; grown {grown}")  # noqa: T201
    assert said["refused"].keys() == {"spool_full"}
    assert held <= 2 * SPOOL_BYTES
    assert max(grown.values()) < GROWTH_MB
    told = pressed.contract("page_view")
    refused = sum(said["refused"].values())
    assert (told["offered"], told["refused"], told["in_flight"]) == (
        said["taken"] + refused,
        refused,
        0,
    )
    assert told["stored"] + told["let_go"] == said["taken"]
    rows = pressed.rows("page_view")
    assert rows.num_rows == told["stored"]
    assert each_once(rows)
    assert pressed.breaches() == {}
