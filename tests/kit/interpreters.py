"""Other versions of Python, each with what the SDK needs and no more; made once, kept under .cache."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from kit.program import environment
from kit.tree import ROOT

VERSIONS = ("3.12", "3.13", "3.14")
"""Beside the one that the project itself runs on."""
LOCK = ROOT / "requirements" / "sdk.txt"


def find(version: str) -> Path | None:
    """Find an interpreter of a version: on the path, or among pyenv's."""
    for found in _candidates(version):
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        if said.returncode == 0 and said.stdout.startswith(f"Python {version}."):
            return found
    return None


def prepared(version: str, base: Path) -> Path:
    """Give the Python of an environment with the SDK's requirements; made where it is missing or the lock has changed.

    Raises:
        CalledProcessError: They cannot be installed.
    """
    folder = ROOT / ".cache" / "interpreters" / version
    python, made = folder / "bin" / "python", folder / "made-of.txt"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not made.exists() or made.read_text("ascii") != wanted:
        subprocess.run([base, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
        subprocess.run([*install, "--python", python, "-r", LOCK], check=True)
        made.write_text(wanted, "ascii")
    return python


def sources() -> dict[str, str]:
    """Give the environment in which such an interpreter finds the SDK's sources."""
    roots = os.pathsep.join(str(ROOT / each) for each in ("producers", "schemas"))
    return {**environment(), "PYTHONPATH": roots}


def _candidates(version: str) -> Iterator[Path]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
