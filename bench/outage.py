"""The broker stopped for a minute at 5,000 events a second: what an emit takes then, and what the app holds in memory."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bench.context import Context, place
from bench.measure import Result, figure, in_turns

from kit.outage import RATE, outage, share

DOWN_S: Final = 60.0
ROUNDS: Final = 2  # a minute each
BLOCKED_MS: Final = 500.0  # as long as one attempt to reach the broker may hold the worker up
GROWTH_MB: Final = 100.0


def measure(context: Context) -> Result:
    """Measure emit before the outage and during it."""
    down_s = context.seconds(DOWN_S)
    samples = in_turns({"remit": lambda: _once(context, down_s)}, min(ROUNDS, context.rounds))
    rows = (
        ("p50", "emit while the broker is down, p50", "µs", None, "p50_before"),
        ("p99", "emit while the broker is down, p99", "µs", None, "p99_before"),
        ("longest", "emit while the broker is down, longest", "ms", BLOCKED_MS, "longest_before"),
        ("growth", "memory grown while the broker is down", "MB", GROWTH_MB, ""),
        ("back", "from the broker's return until all is acknowledged", "s", None, ""),
        ("lost", "lost or stored twice", "%", 0.0, ""),
    )
    figures = [
        replace(
            figure(
                samples,
                "remit",
                metric,
                name=name,
                unit=unit,
                goal=goal,
                baseline="remit" if beside else "",
                baseline_metric=beside,
            ),
            better="less",
        )
        for metric, name, unit, goal, beside in rows
    ]
    notes = [
        (
            f"{RATE:,} events a second from one thread; the broker is stopped for {down_s:.0f} s and started again. "
            "The baseline is the same app in the seconds before."
        ),
        "No consumer runs meanwhile; afterwards every event is counted in the lake.",
    ]
    return Result("The broker stopped under a live app", figures, notes)


def _once(context: Context, down_s: float) -> Mapping[str, float]:
    with place(f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        try:
            seen = outage(installation, context.kafka, down_s, installation.data.parent / "times")
        finally:
            installation.end_all()
        installation.settle()
        stored = installation.rows("page_view")["status"].to_pylist()
    wrong = seen.emitted - len(set(stored)) + len(stored) - len(set(stored))
    return {
        "p50": share(seen.during_us, 0.5),
        "p99": share(seen.during_us, 0.99),
        "longest": seen.during_us[-1] / 1000,
        "p50_before": share(seen.before_us, 0.5),
        "p99_before": share(seen.before_us, 0.99),
        "longest_before": seen.before_us[-1] / 1000,
        "growth": seen.during_mb - seen.before_mb,
        "back": seen.back_s,
        "lost": 100 * wrong / seen.emitted,
    }
