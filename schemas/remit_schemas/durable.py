"""Files that survive a power loss: written aside, synced, renamed, and their folder synced."""

import os
from pathlib import Path

PRIVATE = 0o600  # mode of a file that only its owner may read


def replace_file(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file so that a reader sees the old one or the new one, whole, also after a power loss."""
    temporary = write_aside(path, data, mode=mode)
    temporary.replace(path)
    sync_folder(path.parent)


def make_file(path: Path, data: bytes, *, mode: int = PRIVATE) -> bool:
    """Write a file unless there is one; of two processes at once, one wins.

    Returns:
        Whether it was this call that made it.
    """
    temporary = write_aside(path, data, mode=mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    sync_folder(path.parent)
    return True


def write_aside(path: Path, data: bytes, *, mode: int = PRIVATE) -> Path:
    """Write and sync the file that is to become `path`; readable by nobody else at any moment.

    Returns:
        The temporary file, in the same folder: ``.<name>.<process>.tmp``.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)  # of a process that had this number and died
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb", closefd=True) as file:  # noqa: PTH123 (a descriptor, not a path)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    return temporary


def sync_folder(folder: Path) -> None:
    """Make names that were added to or taken from a folder survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
