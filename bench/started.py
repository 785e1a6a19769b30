"""Starting: `import remit`, and `remit run` until it consumes."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from bench.apart import ROOT, environ
from bench.context import Context, place
from bench.measure import Result, figure, in_turns

from kit.installation import Installation

READY: Final = "consuming"  # the word that `remit run` says when it is open
IMPORTS: Final = ("remit", "confluent_kafka", "pydantic", "fastavro")
LIBRARIES: Final = "import polars, pyarrow, deltalake, confluent_kafka"
IMPORT_GOAL_MS: Final = 100.0
START_GOAL_S: Final = 1.5
ROUNDS: Final = 9  # short ones: the median of more


def measure(context: Context) -> Result:
    """Measure imports in fresh interpreters and the start of `remit run` on both logs, in turns."""
    rounds = max(context.rounds, ROUNDS) if context.scale == 1 else context.rounds
    imports: dict[str, Callable[[], dict[str, float]]] = {
        f"import {name}": lambda name=name: {"ms": _import_ms(f"import {name}")}  # type: ignore[misc]
        for name in IMPORTS
    }
    samples = {**in_turns(imports, rounds)}
    with place() as embedded, place(f"kafka://{context.kafka.bootstrap}/bench-start") as kafka:
        starts: dict[str, Callable[[], dict[str, float]]] = {
            "remit run": lambda: {"s": _start_s(embedded)},
            "remit run, Kafka": lambda: {"s": _start_s(kafka)},
            "importing its libraries": lambda: {"s": _whole_s([sys.executable, "-c", LIBRARIES])},
            "an empty interpreter": lambda: {"s": _whole_s([sys.executable, "-c", ""])},
        }
        samples |= in_turns(starts, rounds)
    figures = [
        figure(
            samples,
            "import remit",
            "ms",
            name="import remit",
            unit="ms",
            goal=IMPORT_GOAL_MS,
            baseline="import confluent_kafka",
        ),
        *(figure(samples, name, "ms", name=name, unit="ms") for name in list(imports)[1:]),
        *(
            figure(
                samples,
                name,
                "s",
                name=f"start of {name}",
                unit="s",
                goal=START_GOAL_S,
                baseline="importing its libraries",
            )
            for name in ("remit run", "remit run, Kafka")
        ),
        figure(
            samples,
            "an empty interpreter",
            "s",
            name="an empty interpreter, begun and ended",
            unit="s",
        ),
    ]
    notes = [
        "import: within a fresh interpreter, files in the disk cache; the interpreter's own start is not in it.",
        "start: from the start of the process until it says that it consumes: keys, policy, vault and lake are open.",
    ]
    return Result("Starting", figures, notes)


def _import_ms(statement: str) -> float:
    code = (
        f"import time; begun = time.perf_counter(); {statement}; print(time.perf_counter() - begun)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environ(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout) * 1000


def _whole_s(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begun


def _start_s(installation: Installation) -> float:
    begun = time.perf_counter()
    running = installation.start("run")
    assert running.stderr is not None
    try:
        for line in running.stderr:
            if READY in line:
                return time.perf_counter() - begun
    finally:
        running.terminate()
        running.communicate()
    message = "remit run ended before it was ready"
    raise RuntimeError(message)
