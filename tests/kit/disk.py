"""A disk that is full, or that nobody may write to: a small file system of its own where the machine lets us mount one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kit.parts import RealParts

TRIES = 100
NAME = "a full and a read-only file system (tmpfs)"


class SmallDisk:
    """A tmpfs on a folder.

    Attributes:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path, size: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs")

    def resize(self, size: str) -> None:
        """Give it more room, or less."""
        self._mount("-o", f"remount,size={size}")

    def fill(self) -> None:
        """Leave no room: as large as what lies there, which others may add to at this moment."""
        for _ in range(TRIES):
            state = os.statvfs(self.folder)
            with suppress(subprocess.CalledProcessError):
                self.resize(str((state.f_blocks - state.f_bfree) * state.f_frsize))
                return
        message = "it cannot be filled"
        raise OSError(message)

    def allow_writes(self, *, allowed: bool) -> None:
        """Allow or forbid all writing; unlike permissions this also binds root."""
        self._mount("-o", f"remount,{'rw' if allowed else 'ro'}")

    def unmount(self) -> None:
        """Take it away, with all that is on it."""
        subprocess.run([_program("umount"), "--lazy", self.folder], check=True)

    def _mount(self, *options: str) -> None:
        subprocess.run([_program("mount"), *options, self.folder], check=True, capture_output=True)


def _program(name: str) -> str:
    """Where a program of the system is.

    Raises:
        FileNotFoundError: It has none.
    """
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise FileNotFoundError(name)
    return found


@contextmanager
def small_disk(folder: Path, size: str, parts: RealParts) -> Iterator[SmallDisk | None]:
    """Mount a small disk; None, and a line in the list of real parts, where the machine does not let us."""
    try:
        disk = SmallDisk(folder, size)
    except (OSError, subprocess.CalledProcessError):
        parts.not_ran(NAME, "mounting takes root; run the tests in a container as root")
        yield None
        return
    parts.ran(NAME)
    try:
        yield disk
    finally:
        disk.unmount()
