"""How far a file is read that somebody else writes and rotates, and how that very file is found again.

A file is known by device and inode and, since inodes are given out again and copies have others, by a keyed hash of
its first bytes: a log is appended to, and nobody writes those again.
"""

import gzip
import hmac
import os
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

HEAD_BYTES_MAX: Final = 1024
"""First bytes that are hashed: the first lines of a log carry its time, so two generations differ within them."""

ROTATED: Final = re.compile(r"[.-]\d[\d._T-]*(\.gz)?")
"""What stands behind the name of a rotated file: a number, or a date. A copy of another name is somebody's own."""

Fingerprint = Callable[[bytes], str]
"""A keyed hash as hex; the key lies apart from the data folder, so that the hash tells nobody what a line says."""

_TORN = (OSError, EOFError, zlib.error)
"""What reading a file raises that is being written, packed or taken away."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How far one file is read.

    Attributes:
        device: Of the file.
        inode: Of the file.
        offset: Bytes of its content that are read; of the content of a .gz, not of the file.
        head_bytes: How many of its first bytes are hashed.
        head: Their keyed hash.
        mtime_ns: When it was last written, as far as it is read: files written later are unread.
        is_inside: Whether a line too long to be one is being passed over.
        is_left: Whether it was read to its end and is not read any more.
    """

    device: int
    inode: int
    offset: int = 0
    head_bytes: int = 0
    head: str = ""
    mtime_ns: int = 0
    is_inside: bool = False
    is_left: bool = False

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Begin with a file."""
        return cls(status.st_dev, status.st_ino)

    def is_of(self, status: os.stat_result) -> bool:
        """Whether it has this device and inode."""
        return (self.device, self.inode) == (status.st_dev, status.st_ino)


def keyed(key: bytes) -> Fingerprint:
    """Make the keyed hash."""
    return lambda head: hmac.digest(key, b"remit follow v1" + head, "sha256").hex()


class OpenFile:
    """A file that is read from: plain, or a .gz that nobody writes any more."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: It cannot be opened.
        """
        self._file = path.open("rb", buffering=0)
        self.is_packed = path.suffix == ".gz"
        self._content: BinaryIO = self._file
        if self.is_packed:
            self._content = cast("BinaryIO", gzip.GzipFile(fileobj=self._file))

    @property
    def status(self) -> os.stat_result:
        """Its status now."""
        return os.fstat(self._file.fileno())

    def read(self, offset: int, size: int) -> bytes:
        """Read content from an offset on, less where it ends; a damaged .gz ends where the damage is."""
        try:
            self._content.seek(offset)
            return self._content.read(size)
        except _TORN:
            return b""

    def close(self) -> None:
        """Close it."""
        self._file.close()


def is_same(tail: Tail, file: OpenFile, fingerprint: Fingerprint) -> bool:
    """Whether a file begins as the one that was read, and reaches at least as far."""
    if tail.head_bytes and not _begins_as(tail, file, fingerprint):
        return False
    if not file.is_packed:
        return file.status.st_size >= tail.offset
    return tail.offset == 0 or len(file.read(tail.offset - 1, 1)) == 1


def find(tail: Tail, path: Path, fingerprint: Fingerprint) -> tuple[Tail, OpenFile] | None:
    """Find the file that was read: under its own name or another, moved, copied or packed.

    Args:
        tail: How far it was read.
        path: Where it was written.
        fingerprint: The keyed hash.
    """
    files = [path, *_beside(path, path.stem)]
    by_inode = [file for file in files if _is_at(tail, file)]
    for file in [*by_inode, *(files if tail.head_bytes else ())]:
        opened = _opened(file)
        if opened is None:
            continue
        if is_same(tail, opened, fingerprint):
            status = opened.status
            return replace(tail, device=status.st_dev, inode=status.st_ino), opened
        opened.close()
    return None


def unread(path: Path, known: Iterable[OpenFile], since_ns: int) -> list[tuple[Tail, OpenFile]]:
    """Open the rotated files that nobody has read, oldest first: written later than all that was read.

    A copy of what is being read is none of them; nor is one that is just being made, and holds only a beginning.

    Args:
        path: Where the live file is.
        known: Files that are being read, by whatever name.
        since_ns: When the last of what was read was written.
    """
    read = [(file.status, file.read(0, HEAD_BYTES_MAX)) for file in known]
    found: list[tuple[int, Tail, OpenFile]] = []
    for file in _beside(path, path.name):
        opened = _opened(file) if ROTATED.fullmatch(file.name[len(path.name) :]) else None
        if opened is None:
            continue
        status, head = opened.status, opened.read(0, HEAD_BYTES_MAX)
        is_known = any(
            Tail.of(status).is_of(other) or (begun and _is_one_start(head, begun))
            for other, begun in read
        )
        if is_known or not head or status.st_mtime_ns <= since_ns:
            opened.close()
        else:
            found.append((status.st_mtime_ns, Tail.of(status), opened))
    return [(tail, opened) for _, tail, opened in sorted(found, key=lambda each: each[0])]


def _is_one_start(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)


def _begins_as(tail: Tail, file: OpenFile, fingerprint: Fingerprint) -> bool:
    return tail.head_bytes > 0 and fingerprint(file.read(0, tail.head_bytes)) == tail.head


def _beside(path: Path, prefix: str) -> list[Path]:
    """The other files of a folder whose names begin so; without packed ones that are still being written."""
    try:
        entries = sorted(path.parent.iterdir())
    except OSError:
        return []
    return [
        file
        for file in entries
        if file != path and file.name.startswith(prefix)
        if file.suffix != ".gz" or file.with_suffix("") not in entries
    ]


def _is_at(tail: Tail, file: Path) -> bool:
    try:
        return tail.is_of(file.stat())
    except OSError:
        return False


def _opened(file: Path) -> OpenFile | None:
    try:
        return OpenFile(file) if file.is_file() else None
    except OSError:
        return None
