"""Programs of the tests in environments of their own, of the versions that are locked: what they need is not what remit needs."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from kit.tree import ROOT


class NotInstalled(Exception):
    """The environment cannot be made; the message says what is missing."""


def python_of(name: str) -> Path:
    """Give the Python of an environment, made of ``requirements/<name>.txt``.

    Raises:
        NotInstalled: It cannot be made.
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
