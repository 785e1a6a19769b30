"""Runs a function of a bench module in a process of its own, so that no variant warms another."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TIMEOUT_S: Final = 1_800.0  # several times what the longest takes on a busy machine
PATHS: Final = os.pathsep.join((str(ROOT), str(ROOT / "tests")))


def environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment in which a bench module can be imported."""
    inherited = os.environ.get("PYTHONPATH", "")
    paths = os.pathsep.join(filter(None, (PATHS, inherited)))
    return {**os.environ, **(extra or {}), "PYTHONPATH": paths}


def command(function: str, **arguments: str | float) -> list[str]:
    """Give the command that runs ``module.function`` of bench and prints what it returns."""
    return [sys.executable, "-m", "bench.apart", function, json.dumps(arguments)]


def run_apart(
    function: str, env: Mapping[str, str] | None = None, **arguments: str | float
) -> dict[str, float]:
    """Run ``module.function`` of bench apart and give the metrics that it returns.

    Raises:
        RuntimeError: It failed; the message ends as its standard error does.
    """
    done = subprocess.run(
        command(function, **arguments),
        env=environ(env),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        message = f"{function}: exit {done.returncode}\n{done.stderr[-2000:]}"
        raise RuntimeError(message)
    return read_answer(done.stdout)


def read_answer(output: str) -> dict[str, float]:
    """Read the metrics that a function printed as its last line."""
    answer: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    return answer


def _main(function: str, arguments: str) -> None:
    module, _, name = function.rpartition(".")
    metrics = getattr(importlib.import_module(f"bench.{module}"), name)(**json.loads(arguments))
    print(json.dumps(metrics), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
