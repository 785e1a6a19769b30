"""Environments of peers: made of a lock in requirements when they are missing or it has changed, under .cache."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.apart import ROOT


def python_of(name: str) -> Path:
    """Give the Python of the environment that ``requirements/NAME.txt`` locks.

    Raises:
        CalledProcessError: It cannot be installed.
    """
    lock, place = ROOT / "requirements" / f"{name}.txt", ROOT / ".cache" / name
    python, made = place / "bin" / "python", place / "made-of.txt"
    if made.exists() and made.read_bytes() == lock.read_bytes():
        return python
    venv.create(place, clear=True)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
    subprocess.run([*install, "--python", python, "-r", lock], check=True)
    shutil.copy(lock, made)
    return python
