"""Memory of `remit run` under sustained load: is it bounded, and is it flat."""

import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Final

from bench.apart import ROOT, command, environ, run_apart
from bench.context import Context, place
from bench.machine import resident_mb
from bench.measure import Figure, Result, plain

from kit.installation import Installation

LOAD_S: Final = 75.0
GOAL_MB: Final = 800.0
FLAT_MB_PER_MIN: Final = (
    20.0  # under this the second half is flat: less than 3 % of the goal a minute
)
BEHIND: Final = 400_000  # events on the topic beforehand: while it catches up, every batch is full
EVERY_S: Final = 0.5
LIBRARIES: Final = "import polars, pyarrow, deltalake, confluent_kafka, sys; print(1, flush=True); sys.stdin.read()"


def measure(context: Context) -> Result:
    """Keep `remit run` under load from a producer and look at its memory twice a second."""
    seconds = context.seconds(LOAD_S)
    with place(f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        run_apart("lake.filled", installation.env, events=context.events(BEHIND))
        sizes, stored = _watched(installation, seconds)
    half = sizes[len(sizes) // 2 :]
    empty = _libraries_mb()
    peak = max(size for _, size in sizes)
    figures = [
        Figure(
            "resident, highest",
            "MB",
            peak,
            peak,
            peak,
            GOAL_MB,
            "its libraries, imported and idle",
            empty,
        ),
        plain("resident at the end", "MB", sizes[-1][1]),
        plain("growth over the second half", "MB/min", _slope(half) * 60, FLAT_MB_PER_MIN),
        plain("events stored meanwhile", "events/s", stored / seconds),
    ]
    notes = [
        (
            f"{seconds:.0f} s of load from a producer without pause on the same cores, behind {BEHIND:,} events that lie there already: "
            "so batches of 50,000 first. Resident memory as the kernel counts it (VmRSS), mappings of files included."
        ),
        "Growth: the straight line through the second half.",
    ]
    series = {"resident MB every 5 s": [round(size) for _, size in sizes[:: int(5 / EVERY_S)]]}
    return Result("Memory of remit run under sustained load", figures, notes, series)


def _watched(installation: Installation, seconds: float) -> tuple[list[tuple[float, float]], int]:
    """Resident memory over time, and how many events were stored."""
    running = subprocess.Popen(
        [sys.executable, "-m", "remit_cli", "run"], env=installation.env, stderr=subprocess.DEVNULL
    )
    load = subprocess.Popen(
        command("memory.loaded", seconds=seconds),
        env=environ(installation.env),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    sizes: list[tuple[float, float]] = []
    begun = time.monotonic()
    try:
        while (at := time.monotonic() - begun) < seconds:
            assert running.poll() is None, "remit run ended under load"
            sizes.append((at, resident_mb(running.pid)))
            time.sleep(EVERY_S)
    finally:
        load.kill()
        load.wait()
        running.terminate()
        running.wait(60)
    stored = installation.contract("page_view")["stored"]
    return sizes, stored


def loaded(seconds: float) -> dict[str, float]:
    """Emit page views without pause for so long, in this process."""
    from bench.events import page_views  # noqa: PLC0415  # only the loading process needs these

    from remit import Accepted, Client, PageView  # noqa: PLC0415

    built = [
        (PageView.of(view.values), view.subject)
        for seed in (1, 2)
        for view in page_views(100_000, seed)
    ]
    client = Client("bench")
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        event, subject = built[number % len(built)]
        if not isinstance(client.emit(event, subject=subject), Accepted):
            time.sleep(0.002)
        number += 1
    client.close(5)
    return {"events": number}


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line through the points, least squares."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / (sum((x - mean_x) ** 2 for x, _ in points) or 1)


def _libraries_mb() -> float:
    """Resident memory of an interpreter that has only imported what `remit run` needs."""
    with subprocess.Popen(
        [sys.executable, "-c", LIBRARIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as idle:
        assert idle.stdout is not None
        idle.stdout.readline()
        return resident_mb(idle.pid)
