"""Environments of their own for what the tests use beside the project: made once in .cache, of locked versions."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from kit.tree import ROOT


class NotInstalled(Exception):
    """The environment cannot be made; the message says which lock cannot be installed."""


def python_of(name: str) -> Path:
    """Give the Python of the environment that requirements/NAME.txt locks.

    Raises:
        NotInstalled: It cannot be installed.
    """
    lock, place = ROOT / "requirements" / f"{name}.txt", ROOT / ".cache" / name
    python, made = place / "bin" / "python", place / "made-of.txt"
    if made.exists() and made.read_bytes() == lock.read_bytes():
        return python
    venv.create(place, clear=True)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
    done = subprocess.run(
        [*install, "--python", str(python), "-r", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotInstalled(f"{lock.name} cannot be installed")
    shutil.copy(lock, made)
    return python
