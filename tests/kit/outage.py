"""A broker that is stopped for a while under an app that goes on emitting: what the app notices, and what it keeps."""

import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from kit.flowing import end, tell
from kit.installation import Installation
from kit.kafka import Kafka
from kit.watching import until

RATE = 5_000  # events a second
BEFORE_S = 2.0  # with the broker up, so that the connection stands
ENTRY = struct.Struct("<qq")
"""When an emit began, by the monotonic clock, and how long it took; nanoseconds."""

APP = """
import array, select, sys, time
from remit import Client, PageView
rate, path = int(sys.argv[1]), sys.argv[2]
client = Client("outage")
times, said, n = array.array("q"), "", 1
assert client.emit(PageView(page="/outage", status=n), subject="subject 1") and client.flush(120)
print("begun", flush=True)
now, begun, since_n = time.monotonic_ns, time.monotonic(), n
while said != "end":
    due = since_n + int((time.monotonic() - begun) * rate)
    while n < due:
        n += 1
        event, subject = PageView(page="/outage", status=n), f"subject {n % 500}"
        since = now()
        taken = client.emit(event, subject=subject)
        times.extend((since, now() - since))
        assert taken, taken
    if select.select([sys.stdin], [], [], 0.002)[0]:
        said, rate, begun, since_n = sys.stdin.readline().strip(), rate / 50, time.monotonic(), n
print(n, flush=True)
with open(path, "wb") as file: times.tofile(file)
sys.exit(0 if client.flush(250) and client.close(10) else 1)
"""
"""Emits at a steady rate, slower once it is told "slow", until it is told to end.

`status` numbers the events from 1 on, as in `flowing.FLOW`.
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """What was seen of an outage.

    Attributes:
        emitted: Events, each answered Accepted.
        before_us: How long each emit took with the broker up, in microseconds, in order of size.
        during_us: How long each took while it was down.
        before_mb: Resident memory of the app before, MiB.
        during_mb: The most of it while the broker was down.
        back_s: From the broker's return until everything was acknowledged.
    """

    emitted: int
    before_us: list[float]
    during_us: list[float]
    before_mb: float
    during_mb: float
    back_s: float


def outage(installed: Installation, kafka: Kafka, down_s: float, times: Path) -> Outage:
    """Stop a broker for a while under an app that emits 5,000 events a second."""
    app = installed.program(APP, RATE, times)
    assert app.stdin is not None
    assert app.stdout is not None
    assert app.stdout.readline(), app.communicate()[1][
        -2000:
    ]  # it begins once a first event is on the log
    _watch(app, BEFORE_S)
    before_mb = resident_mb(app.pid)
    kafka.stop()
    stopped = time.monotonic_ns()
    during_mb = _watch(app, down_s)
    back = time.monotonic_ns()
    app.stdin.write(
        "slow\n"
    )  # a broker comes back in 5 s or in 50, and nothing is learned from 200,000 events more
    app.stdin.flush()
    kafka.start()
    began = time.monotonic()
    emitted = tell(app)
    end(app)
    entries = list(ENTRY.iter_unpack(times.read_bytes()))
    return Outage(
        emitted=emitted,
        before_us=sorted(spent / 1000 for since, spent in entries if since < stopped),
        during_us=sorted(spent / 1000 for since, spent in entries if stopped <= since < back),
        before_mb=before_mb,
        during_mb=during_mb,
        back_s=time.monotonic() - began,
    )


def share(ordered: list[float], part: float) -> float:
    """Give the value that a part (0 to 1) of ordered values does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def resident_mb(pid: int) -> float:
    """Give the resident memory of a process in MiB; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def _watch(app: "subprocess.Popen[str]", seconds: float) -> float:
    """Let an app go on for so long; give the most memory it had."""
    until_s, most = time.monotonic() + seconds, 0.0

    def is_over() -> bool:
        nonlocal most
        assert app.poll() is None, app.communicate()[1][-2000:]
        most = max(most, resident_mb(app.pid))
        return time.monotonic() >= until_s

    until(is_over, "the clock stands still", seconds + 60)
    return most
