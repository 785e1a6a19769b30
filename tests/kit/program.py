"""Programs that embed remit, run as processes of their own: to be killed, forked, traced."""

import os
import subprocess
import sys
from collections.abc import Mapping


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give an environment in which a program imports what this process can, and REMIT_… says nothing but what is given."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    return {**plain, **(more or {}), "PYTHONPATH": os.pathsep.join(sys.path)}


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
    done = ended(script, *arguments, timeout_s=timeout_s)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-3000:]}"
    return done.stdout


def ended(
    script: str,
    *arguments: object,
    timeout_s: float = 300,
    env: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, whichever that is.

    Args:
        script: The program.
        arguments: What it is told.
        timeout_s: After which it is killed, and the test fails.
        env: Beside the environment of this process.
    """
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
