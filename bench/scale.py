"""From Kafka to the lake with 1, 2 and 4 processes of `remit run` over 12 partitions: what another process brings."""

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Self

from bench.context import PARTITIONS, Context, place
from bench.lake import fill
from bench.machine import busy_s, processor_s
from bench.measure import Figure, Result, Samples, figure, in_turns
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from kit.installation import Installation

EVENTS: Final = 3_000_000  # of 600,000 the two seconds that count were mostly joining the group: two processes seemed slower than one
PROCESSES: Final = (1, 2, 4)
WARM: Final = 0.25  # of the events go by before the clock starts: every process has started, joined and learnt by then
LOOK_S: Final = 0.05
TIMEOUT_S: Final = 300.0


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
            f"{events:,} page views lie on a topic of {PARTITIONS} partitions, processes share them; the first {WARM:.0%} go by"
            f" uncounted. Broker and consumers share {os.cpu_count()} cores."
        ),
        f"Two processes by the clock are {_slope(samples, 2):.2f} times one, four are {_slope(samples, 4):.2f} times one.",
        "On a core: by the processor time of all the processes together; what falls there is the price of dividing the work.",
        *(_shares(samples, n) for n in PROCESSES),
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


def _shares(samples: Samples, processes: int) -> str:
    """Say who used how much of the cores meanwhile: where nothing is left of them, no further process brings anything."""
    cores = {
        name: median(each[name] for each in samples[named(processes)])
        for name in ("consumers", "broker", "others")
    }
    told = ", ".join(f"{name} {used:.2f}" for name, used in cores.items())
    return f"{named(processes)}: of {os.cpu_count()} cores {told}."


def _drained(context: Context, events: int, processes: int) -> dict[str, float]:
    """Store what lies on a topic with some processes."""
    with place(f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        fill(installation, events, context.log)
        started = [
            installation.start_into(installation.data.parent / f"run-{n}.log", "run")
            for n in range(processes)
        ]
        try:
            return _watched(
                installation, [context.kafka.pid, *(one.pid for one in started)], events
            )
        finally:
            for one in started:
                one.terminate()
            for one in started:
                one.wait(60)


def _watched(installation: Installation, pids: Sequence[int], events: int) -> dict[str, float]:
    """Watch rows come, from where all is warm to the last; the broker is the first of the processes."""
    table = installation.data / "lake" / "events" / "page_view"
    begun, seen, until = _Used.now(pids), 0, time.monotonic() + TIMEOUT_S
    while (rows := _rows(table)) < events:
        if time.monotonic() > until:
            message = f"{rows:,} of {events:,} events are stored after {TIMEOUT_S:.0f} s"
            raise TimeoutError(message)
        if rows >= events * WARM and not seen:
            begun, seen = _Used.now(pids), rows
        time.sleep(LOOK_S)
    ended, counted = _Used.now(pids), events - seen
    clock_s, broker_s = ended.clock_s - begun.clock_s, ended.broker_s - begun.broker_s
    consumers_s = ended.consumers_s - begun.consumers_s
    busy_s = ended.busy_s - begun.busy_s
    return {
        "events/s": counted / clock_s,
        "core/s": counted / consumers_s,
        "consumers": consumers_s / clock_s,
        "broker": broker_s / clock_s,
        "others": max(0.0, busy_s - consumers_s - broker_s) / clock_s,
    }


@dataclass(frozen=True, slots=True)
class _Used:
    """Seconds at one moment: of the clock, and of processor by whom."""

    clock_s: float
    broker_s: float
    consumers_s: float
    busy_s: float

    @classmethod
    def now(cls, pids: Sequence[int]) -> Self:
        """Look; the broker's process comes first."""
        broker_s, *consumers_s = map(processor_s, pids)
        return cls(time.perf_counter(), broker_s, sum(consumers_s), busy_s())


def _rows(table: Path) -> int:
    """How many rows a table has; read from its log alone."""
    try:
        counts = DeltaTable(table).get_add_actions(flatten=True).column("num_records")
    except TableNotFoundError:
        return 0
    return sum(count or 0 for count in counts.to_pylist())
