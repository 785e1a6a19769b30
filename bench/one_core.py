"""A peer of the whole job, on one core: it is told what is asked of it, and what it answers becomes rates."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.apart import ROOT, read_answer
from bench.beside.streams import Asked
from bench.line_peers import NotHadError
from bench.measure import Sample

TIMEOUT_S: Final = 240.0


def answer(
    words: Sequence[str | Path], asked: Asked, core: int, env: Mapping[str, str]
) -> dict[str, float]:
    """Have a peer do its job on one core, and give what it says of it.

    Raises:
        NotHadError: It ends early.
    """
    done = subprocess.run(
        ["taskset", "-c", str(core), *words],  # noqa: S607
        input=json.dumps(asdict(asked)),
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise NotHadError(f"exit {done.returncode}: {done.stderr[-400:]}")
    return read_answer(done.stdout)


def rates(events: float, said: Mapping[str, float]) -> Sample:
    """Give how many of so many events it does a second: of its processor's time, and by the clock."""
    return {"core/s": events / said["processor_s"], "events/s": events / said["wall_s"]}
