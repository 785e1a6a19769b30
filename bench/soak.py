"""Runs everything for an hour and says whether it stays as it was: `python bench/soak.py` (MINUTES=60, RATE=2000).

Producers, a broker, `remit run` and an edge, each a real process. Memory, open files and threads of each are looked at
every five seconds. Flat is what grows by less than a tenth in an hour, by the line through the last two thirds of the run.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean
from tempfile import TemporaryDirectory
from typing import Final

if __name__ == "__main__":  # run as a script, neither `bench` nor the tests' `kit` is on the path
    root = Path(__file__).parents[1]
    sys.path[:0] = [str(root), str(root / "tests")]

from bench import results
from bench.machine import machine
from bench.measure import Figure, Result

from kit.edge_process import EdgeProcess, batch, view
from kit.flowing import end, flow, tell
from kit.installation import Installation, each_once
from kit.kafka import Kafka
from kit.outage import resident_mb
from kit.ports import free_ports
from kit.watching import until

LOOK_S: Final = 5.0
BATCH: Final = 50  # events to the edge at each look
ACCEPTED: Final = 202
GROWTH_MAX: Final = 10.0  # percent in an hour
HOUR_S: Final = 3600.0
PATIENCE_S: Final = 300.0


@dataclass(slots=True)
class Watched:
    """What was seen of one process: seconds, and the figure of each kind."""

    pid: int
    at_s: list[float] = field(default_factory=list)
    seen: dict[str, list[float]] = field(
        default_factory=lambda: {"memory": [], "files": [], "threads": []}
    )

    def look(self, at_s: float) -> None:
        """Look once."""
        proc = Path(f"/proc/{self.pid}")
        self.at_s.append(at_s)
        self.seen["memory"].append(resident_mb(self.pid))
        self.seen["files"].append(len(list((proc / "fd").iterdir())))
        self.seen["threads"].append(len(list((proc / "task").iterdir())))

    def growth(self, kind: str) -> float:
        """Percent by which a figure grows in an hour, by the line through the last two thirds."""
        since = len(self.at_s) // 3
        times, seen = self.at_s[since:], self.seen[kind][since:]
        slope, _ = linear_regression(times, seen)
        return 100 * slope * HOUR_S / mean(seen)


@dataclass(frozen=True, slots=True)
class Running:
    """All that runs.

    Attributes:
        installed: The installation.
        app: The app that emits.
        edge: The edge.
        port: Where `remit run` tells its metrics.
        watched: What is watched, by name.
    """

    installed: Installation
    app: "subprocess.Popen[str]"
    edge: EdgeProcess
    port: int
    watched: Mapping[str, Watched]

    def lag(self) -> float:
        """Packs on the log that `remit run` has not read yet, by its own word."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as told:
            lines = told.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("remit_lag_packs "))


def main() -> None:
    """Run for so many minutes, and keep what was seen; exit 1 where something grew or was lost."""
    minutes, rate = float(os.environ.get("MINUTES", "60")), int(os.environ.get("RATE", "2000"))
    about = machine()
    result = soak(minutes * 60, rate)
    results.write("soak", result, about)
    missed = [each for each in result.figures if each.goal is not None and not each.is_met]
    for each in result.figures:
        print(f"{each.name}: {each.value:.1f} {each.unit}{' MISSED' if each in missed else ''}")
    for note in result.notes:
        print(note)
    sys.exit(1 if missed else 0)


def soak(seconds: float, rate: int) -> Result:
    """Let everything run for so long."""
    with _running(rate) as running:
        begun, taken, key = time.monotonic(), 0, running.edge.key(is_browser=False)
        lags: list[float] = []
        while (at_s := time.monotonic() - begun) < seconds:
            for each in running.watched.values():
                each.look(at_s)
            lags.append(running.lag())
            taken += _send(running.edge, key)
            time.sleep(LOOK_S)
        emitted = tell(running.app) + taken
        behind_s = _catch_up(running)
        wrong = _wrong(running.installed, emitted)
    return _result(
        running.watched,
        lags,
        behind_s,
        wrong,
        f"{emitted} events in {seconds / 60:.0f} minutes, {rate} a second",
    )


def _catch_up(running: Running) -> float:
    """Wait until everything is stored; give the seconds from the app's last event on."""
    ended, installed = time.monotonic(), running.installed
    end(running.app)
    until(lambda: installed.contract("page_view")["in_flight"] == 0, "lag stays", PATIENCE_S, 1.0)
    return time.monotonic() - ended


def _wrong(installed: Installation, emitted: int) -> int:
    """How many events are missing or too many; one more where `remit verify` finds a breach."""
    rows = installed.rows("page_view")
    verify = installed.start(
        "verify"
    )  # of its own: after an hour it has more to read than commands of tests
    said, _ = verify.communicate(timeout=HOUR_S)
    if verify.returncode:
        print(said[-2000:])
    missing = abs(int(rows.num_rows) - emitted)
    return missing + (not each_once(rows)) + (verify.returncode != 0)


def _result(
    watched: Mapping[str, Watched], lags: list[float], behind_s: float, wrong: int, what: str
) -> Result:
    figures = [
        *(_growth(name, kind, each) for name, each in watched.items() for kind in each.seen),
        Figure(
            "lost or stored twice, and breaches of verify",
            "%",
            wrong,
            wrong,
            wrong,
            0.0,
            better="less",
        ),
        Figure("from the last event to lag 0", "s", behind_s, behind_s, behind_s),
        Figure("lag", "packs", mean(lags), min(lags), max(lags)),
    ]
    notes = [
        f"{what}; looked at every {LOOK_S:.0f} s.",
        f"Flat: less than {GROWTH_MAX:.0f} % an hour by the line through the last two thirds.",
        "In a run of minutes what warms up counts as growth.",
        *(f"{name}: {each.seen['memory'][-1]:.0f} MB at the end" for name, each in watched.items()),
    ]
    series = {f"{name}, memory (MB)": each.seen["memory"] for name, each in watched.items()}
    series |= {f"{name}, open files": each.seen["files"] for name, each in watched.items()}
    series["lag (packs)"] = lags
    return Result("A soak", figures, notes, series)


@contextmanager
def _running(rate: int) -> Iterator[Running]:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="remit-soak-"))
        kafka = stack.enter_context(Kafka(heap_mb=512))
        log = f"kafka://{kafka.bootstrap}/soak-{uuid.uuid4().hex[:8]}"
        installed = Installation(Path(folder), log=log)
        installed.prepare()
        try:
            (port,) = free_ports(1)
            run = installed.start_into(Path(folder) / "run.log", "run", "--port", str(port))
            settings = {n: v for n, v in installed.env.items() if n.startswith("REMIT_")}
            edge = EdgeProcess(installed.data, Path(folder) / "edge.log", **settings)
            stack.callback(edge.end)
            app = flow(installed, rate, 1.0)
            pids = {"remit run": run.pid, "remit edge": edge.process.pid, "the app": app.pid}
            until(lambda: _listens(port), "remit run does not start", look_s=0.1)
            watched = {name: Watched(pid) for name, pid in pids.items()}
            yield Running(installed, app, edge, port, watched)
        finally:
            installed.end_all()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _send(edge: EdgeProcess, key: str) -> int:
    """Send a batch to the edge; give how many events it took."""
    answer = edge.send(key, batch([view(f"/{number}") for number in range(BATCH)]), Origin=None)
    if answer.status != ACCEPTED:
        message = f"the edge answered {answer.status}"
        raise RuntimeError(message)
    return BATCH


def _growth(name: str, kind: str, each: Watched) -> Figure:
    """The figure of one process and kind; what did not grow is flat whatever it did else."""
    value = each.growth(kind)
    return Figure(
        f"{name}: {kind}, growth in an hour", "%", value, value, value, GROWTH_MAX, better="less"
    )


if __name__ == "__main__":
    main()
