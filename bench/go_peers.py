"""Peers in Go, beside `remit run`: built from bench/beside/go into .cache, on one core, and their output looked at line by line."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from bench.apart import ROOT
from bench.beside.stream_functions import tuned
from bench.beside.streams import LENGTH, Asked
from bench.line_peers import NotHadError
from bench.measure import Sample
from bench.one_core import answer, rates

GO_PEERS: Final = ("benthos",)
"""By the name in the table; Redpanda Connect's own bundle is not under an open licence as a whole, its core Benthos is."""
SOURCE: Final = ROOT / "bench" / "beside" / "go"
BINARY: Final = ROOT / ".cache" / "go-peers" / "peer"
BUILD_S: Final = 900.0  # two cores that others use, and every module fetched
TIMES: Final = ("occurred_at", "collected_at")
AGENT: Final = (
    "browser",
    "os",
)  # another parser has other names for some: that they are there is all that is asked


@cache
def build() -> Path:
    """Build the peer where its sources are newer than it is.

    Raises:
        NotHadError: There is no Go here, or a module cannot be had.
    """
    go = shutil.which("go")
    if go is None:
        raise NotHadError("there is no Go toolchain on this machine")
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "build", "-o", BINARY, "."],
        cwd=SOURCE,
        env={**os.environ, "GOFLAGS": "-p=2 -mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_S,
    )
    if done.returncode:
        raise NotHadError(f"go build: exit {done.returncode}: {done.stderr[-400:]}")
    return BINARY


def run(asked: Asked, form: str, core: int) -> Sample:
    """Have the peer do its job on one core, and compare what it wrote with what the function in Python makes.

    Raises:
        NotHadError: It cannot be built, ends early, or writes something else.
    """
    said = answer([build(), form], asked, core, {**os.environ, "GOMAXPROCS": "1"})
    check(asked, Path(asked.folder) / f"benthos-{form}.jsonl")
    return rates(said["counted"], said)


def check(asked: Asked, file: Path) -> None:
    """Compare the peer's lines with the function in Python, event by event.

    Raises:
        NotHadError: An event is missing, there twice, or not what it should be.
    """
    refine = tuned(asked.schema)
    wanted = {made["event_id"]: made for made in map(refine, _messages(Path(asked.file)))}
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            made = json.loads(line)
            if _comparable(made) != _comparable(wanted.pop(made["event_id"], {})):
                raise NotHadError(f"line {number} of its output is not what the job asks for")
    if wanted:
        raise NotHadError(f"{len(wanted)} events are not in its output")


def _comparable(made: dict[str, Any]) -> dict[str, Any]:
    """Bring times to milliseconds, and agents to whether there is one."""
    times = {name: _milliseconds(made.get(name)) for name in TIMES}
    return {**made, **times, **{name: name in made for name in AGENT}}


def _milliseconds(value: str | int | None) -> int | None:
    if isinstance(value, str):
        return round(datetime.fromisoformat(value).timestamp() * 1000)
    return value


def _messages(file: Path) -> Iterator[bytes]:
    """Read messages as `streams.write_messages` wrote them."""
    with file.open("rb") as data:
        while head := data.read(LENGTH):
            yield data.read(int.from_bytes(head, "big"))
