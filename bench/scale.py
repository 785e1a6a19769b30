"""From Kafka to the lake with 1, 2 and 4 processes of `remit run` over 12 partitions: what another process brings."""

import os
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench.context import PARTITIONS, Context, place
from bench.lake import fill
from bench.measure import Figure, Result, Samples, figure, in_turns
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from kit.installation import Installation

EVENTS: Final = 600_000
PROCESSES: Final = (1, 2, 4)
LOOK_S: Final = 0.05
TIMEOUT_S: Final = 300.0
TICKS: Final = os.sysconf("SC_CLK_TCK")


def measure(context: Context) -> Result:
    """Fill a topic for each number of processes, then measure how fast it is stored; in turns."""
    events = context.events(EVENTS, 100_000)
    variants = {named(n): lambda n=n: _drained(context, events, n) for n in PROCESSES}
    samples = in_turns(variants, min(3, context.rounds))
    figures = [
        one
        for n in PROCESSES
        for one in (
            _figure(samples, n, "events/s", f"{named(n)}, by the clock"),
            _figure(samples, n, "core/s", f"{named(n)}, on a core"),
        )
    ]
    notes = [
        (
            f"{events:,} page views lie on a topic of {PARTITIONS} partitions, processes share them; counted from the first commit"
            " that all see to the last. Broker, producer's leftovers and consumers share two cores, so the slope ends at two."
        ),
        f"Two processes by the clock are {_slope(samples, 2):.2f} times one, four are {_slope(samples, 4):.2f} times one.",
        "On a core: by the processor time of all the processes together; what falls there is the price of dividing the work.",
    ]
    return Result("Processes of remit run over one topic", figures, notes)


def named(processes: int) -> str:
    """What a variant is called."""
    return f"{processes} process{'es' if processes > 1 else ''}"


def _figure(samples: Samples, processes: int, metric: str, name: str) -> Figure:
    """A figure beside that of one process."""
    baseline = named(1) if processes > 1 else ""
    return figure(samples, named(processes), metric, name=name, unit="events/s", baseline=baseline)


def _slope(samples: Samples, processes: int) -> float:
    """How many times one process's throughput some have, by the clock."""
    one, some = (median(each["events/s"] for each in samples[named(n)]) for n in (1, processes))
    return some / one


def _drained(context: Context, events: int, processes: int) -> dict[str, float]:
    """Store what lies on a topic with some processes."""
    with place(f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        fill(installation, events, context.log)
        started = [
            installation.start_into(installation.data.parent / f"run-{n}.log", "run")
            for n in range(processes)
        ]
        try:
            return _watched(installation, started, events)
        finally:
            for one in started:
                one.terminate()
            for one in started:
                one.wait(60)


def _watched(
    installation: Installation, started: "Sequence[subprocess.Popen[str]]", events: int
) -> dict[str, float]:
    """Watch rows come, from the first commit to the last."""
    table = installation.data / "lake" / "events" / "page_view"
    begun, until = (0.0, 0.0, 0), time.monotonic() + TIMEOUT_S
    while (rows := _rows(table)) < events:
        if time.monotonic() > until:
            message = f"{rows:,} of {events:,} events are stored after {TIMEOUT_S:.0f} s"
            raise TimeoutError(message)
        if rows and not begun[2]:
            begun = time.perf_counter(), _used(started), rows
        time.sleep(LOOK_S)
    counted = events - begun[2]
    clock, core = time.perf_counter() - begun[0], _used(started) - begun[1]
    return {"events/s": counted / clock, "core/s": counted / core}


def _rows(table: Path) -> int:
    """How many rows a table has; read from its log alone."""
    try:
        counts = DeltaTable(table).get_add_actions(flatten=True).column("num_records")
    except TableNotFoundError:
        return 0
    return sum(count or 0 for count in counts.to_pylist())


def _used(started: "Sequence[subprocess.Popen[str]]") -> float:
    """Seconds of processor that processes have used, their threads included."""
    told = (Path(f"/proc/{one.pid}/stat").read_text("ascii") for one in started)
    fields = (line.rpartition(")")[2].split() for line in told)
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS
