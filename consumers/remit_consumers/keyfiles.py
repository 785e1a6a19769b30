"""Secrets as files: made once, read back, locked while they change, and destroyed."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from remit_schemas.durable import make_file
from remit_schemas.errors import KeysOutOfReach

KEY_BYTES: Final = 32  # X25519, Ed25519, and keys of HMAC-SHA256 and BLAKE2b
FOLDER_MODE: Final = 0o700  # the owner, and nobody else
OTHERS: Final = 0o077  # the mode bits that let anybody else in

FileState = tuple[int, int, int]
"""Inode, time of change in nanoseconds, and size."""


def open_folder(folder: Path) -> Path:
    """Make a folder for secrets, unless it is there."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return folder


def is_exposed(folder: Path) -> bool:
    """Say whether others than its owner may enter a folder."""
    return bool(folder.stat().st_mode & OTHERS)


def lies_under(folder: Path, data: Path) -> bool:
    """Say whether a folder of secrets lies in the data folder, where a backup would take both along."""
    return folder.resolve().is_relative_to(data.resolve())


def file_state(file: Path) -> FileState | None:
    """Give what changes whenever a file is replaced; None when there is none.

    Raises:
        KeysOutOfReach: The folder cannot be read.
    """
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"the key store cannot be read: {error.strerror}"
        raise KeysOutOfReach(message) from None
    return found.st_ino, found.st_mtime_ns, found.st_size


def own_key(file: Path) -> bytes:
    """Read a secret of this installation, making it at random when there is none."""
    with suppress(FileNotFoundError):
        return read_key(file)
    make_file(file, secrets.token_bytes(KEY_BYTES))
    return read_key(file)


def read_key(file: Path) -> bytes:
    """Read a secret of 32 bytes.

    Raises:
        FileNotFoundError: There is none.
        KeysOutOfReach: It cannot be read, or has another length.
    """
    return checked_key(read_stored(file))


def read_stored(file: Path) -> bytes:
    """Read what lies in a key file; errors as `read_key`."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        message = f"a key cannot be read: {error.strerror}"
        raise KeysOutOfReach(message) from None


def checked_key(key: bytes) -> bytes:
    """Give a key as it is.

    Raises:
        KeysOutOfReach: It has another length.
    """
    if len(key) != KEY_BYTES:
        message = f"a key file holds {len(key)} bytes instead of {KEY_BYTES}"
        raise KeysOutOfReach(message)
    return key


def destroy_key(file: Path) -> None:
    """Overwrite a secret and remove it; the caller syncs the folder.

    Overwriting reaches the blocks only where the file system writes in place; where it does not
    (copy on write, flash), the file is gone and its blocks are free, and no more is claimed.
    """
    with suppress(FileNotFoundError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        file.unlink()


class FolderLock:
    """The lock of a folder, between processes; entered again by its holder, it lets in."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._depth = 0

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the lock, waiting for it; gives whether it was taken by this call."""
        if self._depth:
            yield False
            return
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._depth = 1
            yield True
        finally:
            self._depth = 0
            os.close(descriptor)  # closing lets the lock go
