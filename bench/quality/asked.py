"""Who is asked: remit in this process, each peer in one of its own, in an environment that is made when it is missing."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from bench.apart import ROOT
from bench.quality.labelled import every

from kit.apart import python_of
from remit_consumers.reducers import (
    free_text,
    hardware,
    ip,
    language,
    page,
    referrer,
    timestamp,
    user_agent,
)
from remit_consumers.reducers.reducer import Reduce
from remit_schemas.parameters import complete
from remit_schemas.specs import SPECS

LOCK: Final = ROOT / "requirements" / "peers.txt"
TIMEOUT_S: Final = 300.0
MOST: Final[Mapping[str, int]] = {
    "device-detector": 300,
    "presidio": 1_500,
    "crawlerdetect": 2_000,
    "user-agents": 4_000,
}
"""Distinct values of a file that a slow peer is asked (an even sample): it takes 0.5 to 20 ms for each."""

REDUCE: Final[Mapping[str, Reduce]] = {
    "ip": ip.reduce,
    "user_agent": user_agent.reduce,
    "language": language.reduce,
    "timestamp": timestamp.reduce,
    "page": page.reduce,
    "referrer": referrer.reduce,
    "free_text": free_text.reduce,
    "hardware": hardware.reduce,
    "screen": hardware.reduce_screen,
}
"""The reducers that are scored: those that need a value and nothing else."""

QUICK_MIN: Final = 500  # values of which even a quick run asks for all

Out = str | bool | Mapping[str, str | bool | None] | None
"""What is made of a value: text, or columns by name, or nothing."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was made of each value that was asked about."""

    outs: Mapping[str, Out]


def remit(
    reducer: str, values: Sequence[str], parameters: Mapping[str, object] | None = None
) -> Answers:
    """Reduce texts in one column, as the consumer does."""
    distinct = list(dict.fromkeys(values))
    column = pa.array(distinct, pa.string())
    arrays = REDUCE[reducer](column, complete(reducer, parameters or {}))
    names = [output.suffix for output in SPECS[reducer].outputs]
    if names == [""]:
        return Answers(dict(zip(distinct, arrays[0].to_pylist(), strict=True)))
    rows = zip(*(array.to_pylist() for array in arrays), strict=True)
    return Answers(
        {
            value: dict(zip(names, row, strict=True))
            for value, row in zip(distinct, rows, strict=True)
        }
    )


class Peers:
    """Asks peers about all values or a share of them, and remembers which could not answer.

    Attributes:
        failed: What a peer's process said when it ended badly, by name; empty where all answered.
        raised: Values at which a peer raised, by name.
    """

    def __init__(self, share: float = 1.0) -> None:
        self._share = share
        self._python = python_of(LOCK.stem)
        self.failed: dict[str, str] = {}
        self.raised: dict[str, int] = {}

    def ask(self, name: str, values: Sequence[str]) -> Answers:
        """Ask a peer about the distinct values, or an even sample of them where it is slow."""
        distinct = list(dict.fromkeys(values))
        most = max(QUICK_MIN, round(self._share * len(distinct)))
        if name in MOST:
            most = min(most, round(self._share * MOST[name]))
        asked = every(distinct, most)
        _, outs = self._run(name, asked)
        return Answers(dict(zip(asked, outs, strict=False)))

    def time(self, name: str, values: Sequence[str]) -> float | None:
        """Give the microseconds of processor time that a peer takes for a value at the mean, its start not counted."""
        return self._run(name, values)[0]

    def _run(self, name: str, values: Sequence[str]) -> tuple[float | None, list[Out]]:
        """Run a peer over values; None and no answers where it fails."""
        try:
            done = subprocess.run(
                [str(self._python), "-m", "bench.peer_reducers", name],
                input="\n".join(map(json.dumps, values)),
                cwd=ROOT,
                env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
                capture_output=True,
                text=True,
                check=True,
                timeout=TIMEOUT_S,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            self.failed[name] = (str(error.stderr or "").strip().splitlines() or ["too slow"])[-1]
            return None, []
        about, *outs = [json.loads(line) for line in done.stdout.splitlines()]
        self.raised[name] = self.raised.get(name, 0) + about["failed"]
        return about["us"], [out["out"] for out in outs]

    def versions(self) -> dict[str, str]:
        """Give the version of everything that was asked for in the peers' environment."""
        wanted = LOCK.with_suffix(".in").read_text(encoding="utf-8").split()
        listed = subprocess.run(
            [sys.executable, "-m", "uv", "pip", "list", "--format=json", "--python", self._python],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return {
            each["name"]: each["version"] for each in json.loads(listed) if each["name"] in wanted
        }


def everybody(
    reducer: str, peers: Peers, names: Sequence[str], values: Sequence[str]
) -> dict[str, Answers]:
    """Ask remit and the peers that answer about the same values."""
    found = {"remit": remit(reducer, values)} | {name: peers.ask(name, values) for name in names}
    return {name: answers for name, answers in found.items() if answers.outs}
