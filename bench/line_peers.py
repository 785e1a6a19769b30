"""Daemons that carry log lines, beside `remit import access-log`: the same lines, from a file to a file, on one core."""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import ROOT
from bench.context import place
from bench.events import page_views
from bench.line_daemons import DAEMONS, Daemon
from bench.machine import processor_s
from bench.measure import Sample

LOOK_S: Final = 0.02  # how often the daemon's file is looked at
STUCK_S: Final = 30.0  # without another line
CACHE: Final = ROOT / ".cache" / "line-peers"
BLOCK: Final = 1 << 20


class NotHadError(Exception):
    """A peer cannot be had on this machine, or does not do what it is asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What is carried.

    Attributes:
        file: Lines in the combined format.
        count: How many.
    """

    file: Path
    count: int


def prepared_lines(log: str, count: int, folder: Path) -> Lines:
    """Write so many lines: of the log, over and over, or invented."""
    file = folder / "access.log"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in islice(cycle(_given(log, count)), count))
    return Lines(file, count)


def _given(log: str, count: int) -> list[str]:
    if log:
        path = Path(log)
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", errors="replace") as lines:
            return [line.rstrip("\r\n") for line in islice(lines, count)]
    return [_line(view.values) for view in page_views(count)]


def _line(values: Mapping[str, object]) -> str:
    at = datetime.fromtimestamp(int(str(values["occurred_at"])) / 1000, UTC)
    when, request = at.strftime("%d/%b/%Y:%H:%M:%S +0000"), f"{values['method']} {values['page']}"
    end = f'"{values["referrer"] or "-"}" "{values["user_agent"]}"'
    return f'{values["ip"]} - - [{when}] "{request} HTTP/1.1" {values["status"]} 512 {end}'


def first_of(lines: Lines, count: int) -> Lines:
    """Write the first of them into a file of their own."""
    file = lines.file.with_name(f"first-{count}.log")
    with lines.file.open("rb") as given, file.open("wb") as out:
        out.writelines(islice(given, count))
    return Lines(file, count)


def import_lines(lines: Lines, core: int) -> Sample:
    """Import them into a new lake, until they are committed: the whole command, its start included."""
    with place() as installation:
        words = [sys.executable, "-m", "remit_cli", "import", "access-log", str(lines.file)]
        begun = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *words, "--wait"],  # noqa: S607
            env=installation.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - begun
    if process.returncode:
        raise NotHadError(f"import: exit {process.returncode}")
    return _sample(lines.count, used.ru_utime + used.ru_stime, wall_s)


def forward(name: str, lines: Lines, core: int) -> Sample:
    """Have a daemon carry them, until its file has them all.

    Raises:
        NotHadError: It cannot be had, does not start, or stops before the end.
    """
    daemon = DAEMONS[name]
    root = _unpacked(name, daemon.packages)
    with TemporaryDirectory(prefix="remit-bench-") as place_of:
        folder = Path(place_of)
        output = folder / "out.log"
        (folder / "conf").write_text(daemon.config(lines.file, output), encoding="utf-8")
        begun = time.perf_counter()
        with _started(root, daemon, folder, core) as process:
            _await_lines(output, lines.count, process)
            used_s = processor_s(process.pid)
            wall_s = time.perf_counter() - begun
    return _sample(lines.count, used_s, wall_s)


def _sample(count: int, processor: float, wall_s: float) -> Sample:
    return {
        "core/s": count / processor,
        "processor_s": processor,
        "events/s": count / wall_s,
        "s/million": 1e6 * processor / count,
    }


@contextmanager
def _started(
    root: Path, daemon: Daemon, folder: Path, core: int
) -> Iterator["subprocess.Popen[bytes]"]:
    libraries = [
        root / each
        for each in ("usr/lib/x86_64-linux-gnu", "usr/lib/syslog-ng", "lib/x86_64-linux-gnu")
    ]
    env = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    words = ["taskset", "-c", str(core), str(root / daemon.binary), *daemon.words(root, folder)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(words, env=env, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _await_lines(output: Path, count: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the file has so many lines; each block of it is read once."""
    seen, since = 0, time.monotonic()
    while not output.exists() and process.poll() is None and time.monotonic() - since < STUCK_S:
        time.sleep(LOOK_S)
    if not output.exists():
        said = (output.parent / "said").read_text("utf-8", "replace")
        raise NotHadError(f"wrote nothing: {said[-400:]}")
    with output.open("rb") as written:
        while seen < count:
            if block := written.read(BLOCK):
                seen, since = seen + block.count(b"\n"), time.monotonic()
            elif process.poll() is not None or time.monotonic() - since > STUCK_S:
                raise NotHadError(f"stopped after {seen:,} of {count:,} lines")
            else:
                time.sleep(LOOK_S)


def _unpacked(name: str, packages: Sequence[str]) -> Path:
    """Unpack Debian packages into .cache, once.

    Raises:
        NotHadError: No apt here, or it does not have them.
    """
    root = CACHE / name
    if (root / "made").exists():
        return root
    root.mkdir(parents=True, exist_ok=True)
    try:
        download = ["apt-get", "download", *packages]
        subprocess.run(download, cwd=root, check=True, capture_output=True)
        for package in root.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, root], check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHadError(f"the Debian packages {', '.join(packages)} cannot be had") from error
    (root / "made").touch()
    return root


def version_of(name: str) -> str:
    """Give the version of a daemon that was unpacked, as Debian counts; empty where it is not."""
    found = sorted((CACHE / name).glob(f"{DAEMONS[name].packages[0]}_*.deb"))
    return found[0].name.split("_")[1].replace("%3a", ":") if found else ""
