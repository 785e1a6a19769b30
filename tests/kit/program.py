"""Programs that embed remit, run as processes of their own: to be killed, forked, traced."""

import os
import subprocess
import sys


def environment() -> dict[str, str]:
    """Give an environment in which a program imports what this process can, and REMIT_… says nothing."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    return {**plain, "PYTHONPATH": os.pathsep.join(sys.path)}


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a program."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, *arguments: object, timeout_s: float = 60) -> str:
    """Run a program to its end and give what it printed.

    Raises:
        AssertionError: It failed.
    """
    process = start(script, *arguments)
    out, problems = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, f"exit {process.returncode}: {problems[-3000:]}"
    return out
