"""Files of a backup: copied with their hash, durably, and checked before they are used."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from remit_consumers.backup.manifest import Copied, Manifest
from remit_schemas.durable import PRIVATE
from remit_schemas.errors import LakeError

AT_ONCE: Final = 1 << 20  # bytes read at a time


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, synced, readable by its owner only.

    Raises:
        FileNotFoundError: It has gone.
    """
    with source.open("rb") as reading:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
        with open(descriptor, "wb") as writing:  # noqa: PTH123 - a descriptor, not a path
            while data := reading.read(AT_ONCE):
                writing.write(data)
            writing.flush()
            os.fsync(descriptor)


def hashed(file: Path) -> Copied:
    """What a manifest says of a file."""
    with file.open("rb") as reading:
        digest = hashlib.file_digest(reading, "sha256").hexdigest()
    return Copied(bytes=file.stat().st_size, sha256=digest)


def inventory(folder: Path) -> dict[str, Copied]:
    """Every file below a folder, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashed(path) for path in files}


def sync_tree(folder: Path) -> None:
    """Make the names in a folder, and in all below it, survive a power loss."""
    for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_files(manifest: Manifest, folder: Path, names: Iterable[str] = ()) -> None:
    """Hold files against the manifest.

    Args:
        manifest: Says what they must be.
        folder: Where they lie.
        names: Which; all of them where none is named.

    Raises:
        LakeError: One is missing or was changed.
    """
    for name in names or manifest.files:
        try:
            is_same = hashed(folder / name) == manifest.files[name]
        except OSError:
            is_same = False
        if not is_same:
            message = f"the backup is damaged: {name} is missing or is not what its manifest says"
            raise LakeError(message)
