"""What a program asks of the kernel, in which order, as strace sees it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,fsync,fdatasync,link,linkat,rename,renameat,renameat2,write"
"""The calls that say in which order files got their bytes, their names and their safety."""

_LINE = re.compile(r"(?:\d+ +)?(?P<name>\w+)\((?P<rest>.*)")
_PATHS = re.compile(r"<([^<>]+)>|\"([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its name, and the paths that it names, those of its file descriptors included."""

    name: str
    paths: tuple[str, ...]


def has_strace() -> bool:
    """Whether calls can be traced on this machine."""
    return shutil.which("strace") is not None


def trace(script: str, folder: Path, calls: str = CALLS) -> list[Call]:
    """Run a Python script under strace and give its calls, in the order in which they began.

    Args:
        script: The program; it imports what this process can import.
        folder: Where the trace is written.
        calls: Which calls.
    """
    log = folder / "trace"
    command = ["strace", "-f", "-y", "-s", "200", "-e", f"trace={calls}", "-o", str(log)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*command, sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"the traced program failed: {done.stderr[-2000:]}"
        raise RuntimeError(message)
    return [
        call for line in log.read_text("utf-8", "replace").splitlines() if (call := _call(line))
    ]


def _call(line: str) -> Call | None:
    """Read a line; the end of a call that another thread interrupted is none."""
    match = _LINE.match(line)
    if match is None:
        return None
    return Call(match["name"], tuple(one or other for one, other in _PATHS.findall(match["rest"])))
