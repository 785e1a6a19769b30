"""Runs everything for an hour and says whether it stays as it was: `python bench/soak.py` (MINUTES=60, RATE=2000).

Producers, a broker, `remit run` and an edge, each a real process. Memory, open files and threads of each are looked at
every five seconds. Flat is what grows by less than a tenth in an hour, by the line through the last two thirds of the run.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
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


def main() -> None:
    """Run for so many minutes, and keep what was seen; exit 1 where something grew or was lost."""
    minutes, rate = float(os.environ.get("MINUTES", "60")), int(os.environ.get("RATE", "2000"))
    about = machine()
    result = soak(minutes * 60, rate)
    results.write("soak", result, about)
    for each in result.figures:
        print(f"{each.name}: {each.value:.1f} {each.unit}{'' if each.is_met else ' MISSED'}")
    for note in result.notes:
        print(note)
    sys.exit(0 if all(each.is_met for each in result.figures) else 1)


def soak(seconds: float, rate: int) -> Result:
    """Let everything run for so long."""
    with _running(rate) as (installed, app, edge, watched):
        begun, taken, key = time.monotonic(), 0, edge.key(is_browser=False)
        while (at_s := time.monotonic() - begun) < seconds:
            for each in watched.values():
                each.look(at_s)
            taken += _send(edge, key)
            time.sleep(LOOK_S)
        ended = time.monotonic()
        emitted = tell(app) + taken
        end(app)
        until(
            lambda: installed.contract("page_view")["in_flight"] == 0, "lag stays", PATIENCE_S, 1.0
        )
        behind_s = time.monotonic() - ended
        rows = installed.rows("page_view")
        wrong = abs(rows.num_rows - emitted) + (not each_once(rows)) + len(installed.breaches())
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
    ]
    notes = [
        f"{emitted} events in {seconds / 60:.0f} minutes, {rate} a second; looked at every {LOOK_S:.0f} s.",
        f"Flat: less than {GROWTH_MAX:.0f} % an hour by the line through the last two thirds.",
        *(f"{name}: {each.seen['memory'][-1]:.0f} MB at the end" for name, each in watched.items()),
    ]
    series = {f"{name}, memory (MB)": each.seen["memory"] for name, each in watched.items()}
    return Result("A soak", figures, notes, series)


Running = tuple[Installation, "subprocess.Popen[str]", EdgeProcess, Mapping[str, Watched]]
"""The installation, the app that emits, the edge, and what is watched, by name."""


@contextmanager
def _running(rate: int) -> Iterator[Running]:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="remit-soak-"))
        kafka = stack.enter_context(Kafka(heap_mb=512))
        log = f"kafka://{kafka.bootstrap}/soak-{uuid.uuid4().hex[:8]}"
        installed = Installation(Path(folder), log=log)
        installed.prepare()
        try:
            run = installed.consume(Path(folder) / "run.log")
            settings = {n: v for n, v in installed.env.items() if n.startswith("REMIT_")}
            edge = EdgeProcess(installed.data, Path(folder) / "edge.log", **settings)
            stack.callback(edge.end)
            app = flow(installed, rate, 1.0)
            pids = {"remit run": run.pid, "remit edge": edge.process.pid, "the app": app.pid}
            yield installed, app, edge, {name: Watched(pid) for name, pid in pids.items()}
        finally:
            installed.end_all()


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
