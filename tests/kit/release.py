"""Another release of remit beside this one: its packages in a folder, its commands and apps run from there."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from kit.installation import COMMAND_TIMEOUT_S, Installation
from kit.tree import PACKAGES, ROOT

ROOMS = ("schemas", "producers", "consumers")
"""The folders that packages lie in, below the root of a tree."""


class Release(Installation):
    """The installation of another, as a release that lies in `tree` sees it: the same folders, the same log."""

    def __init__(self, tree: Path, other: Installation) -> None:
        super().__init__(other.data.parent, log=other.env["REMIT_LOG"])
        self._path = os.pathsep.join(str(tree / room) for room in ROOMS)
        self.env = {**other.env, "PYTHONPATH": self._path}

    def called(self, words: Sequence[str], stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command of that release to its end, whichever that is."""
        return subprocess.run(
            [*self.command(), *words],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT_S,
        )

    def program(self, script: str, *arguments: object) -> "subprocess.Popen[str]":
        """Start a program that embeds that release's SDK."""
        started = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(started)
        return started


def next_release(tree: Path) -> Path:
    """Copy this tree's packages, with the lake's format raised by one: what a newer remit would be."""
    for package in PACKAGES.values():
        target = tree / package.relative_to(ROOT)
        shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__"))
    file = tree / "consumers" / "remit_consumers" / "lake" / "format.py"
    text = file.read_text("utf-8")
    raised = text.replace("FORMAT: Final = 1\n", "FORMAT: Final = 2\n")
    assert raised != text
    file.write_text(raised, "utf-8")
    return tree


def release_at(commit: str, tree: Path) -> Path:
    """Take the packages of an earlier commit from git's history.

    Raises:
        OSError: There is no git.
        CalledProcessError: There is no such commit.
    """
    done = subprocess.run(
        ["git", "archive", commit, *ROOMS],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(tree, filter="data")
    return tree
