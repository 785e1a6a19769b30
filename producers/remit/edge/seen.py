"""Which batches came within the last day: tables in mapped files, so that no start has to load them.

A table is open addressing over 64-bit numbers: 8 bytes for each batch at a load of six tenths, some 13 bytes in all, in
pages that the system may drop and read again. A window of six hours has one table; when it is full, another four times as
large beside it. Five windows are kept: 24 to 30 hours. The numbers are keyed hashes, so no sender can choose one; of ten
million batches in a day, one is taken for another once in two hundred years.

A table only ever says what is durable: a batch is put in after its group commit. Until then, and until the table itself
is synced, the journal beside the packs has it (`remit.arrivals`).
"""

import hashlib
import mmap
import os
import time
from array import array
from pathlib import Path
from typing import Final

from remit_schemas.durable import make_file, sync_folder

FOLDER: Final = "seen"
SECRET: Final = "secret"  # noqa: S105  # a file's name; what is in it keys a hash and opens nothing
SECRET_BYTES: Final = 32
WINDOW_S: Final = 6 * 3600
WINDOWS: Final = 5  # 24 to 30 hours
FIRST: Final = 1 << 13  # numbers: 64 KiB
GROWTH: Final = 4
LARGEST: Final = 1 << 26  # numbers of one table: 512 MiB; more come beside it
FULL: Final = 0.6  # beyond it, a look takes ever more steps
NUMBER_BYTES: Final = 8


class Table:
    """One file of numbers. Not for two threads at once."""

    __slots__ = ("_left", "_map", "_mask", "_numbers", "path")

    def __init__(self, path: Path, size: int) -> None:
        """Open it, or make it.

        Args:
            path: Its file.
            size: Numbers it has room for, a power of two; of one that is there, the file says.

        Raises:
            OSError: There is no room for it.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            there = os.fstat(descriptor).st_size // NUMBER_BYTES
            is_whole = not there & (there - 1)
            if not is_whole:  # a full disk gave a part of it, or its maker died: it holds nothing
                os.ftruncate(descriptor, 0)
                there = 0
            size = there or size
            os.posix_fallocate(descriptor, 0, size * NUMBER_BYTES)  # no SIGBUS on a full disk
            self._map = mmap.mmap(descriptor, size * NUMBER_BYTES)
        finally:
            os.close(descriptor)
        self.path = path
        self._numbers = memoryview(self._map).cast("Q")
        self._mask = size - 1
        self._left = int(size * FULL) - (size - array("Q", self._numbers).count(0))

    @property
    def is_full(self) -> bool:
        """Whether it takes no more."""
        return self._left <= 0

    @property
    def size(self) -> int:
        """Numbers it has room for."""
        return self._mask + 1

    def __contains__(self, number: int) -> bool:
        numbers, mask = self._numbers, self._mask
        at = number & mask
        while found := numbers[at]:
            if found == number:
                return True
            at = (at + 1) & mask
        return False

    def add(self, number: int) -> None:
        """Put a number in that is not in yet."""
        numbers, mask = self._numbers, self._mask
        at = number & mask
        while numbers[at]:
            at = (at + 1) & mask
        numbers[at] = number
        self._left -= 1

    def flush(self) -> None:
        """Sync it; from any thread.

        Raises:
            OSError: The disk refuses.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # its window is over meanwhile
        try:
            os.fdatasync(descriptor)  # the mapping's own flush would hold every thread up
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of the file."""
        self._numbers.release()
        self._map.close()


class Seen:
    """The batches of the last day."""

    def __init__(self, folder: Path) -> None:
        """Open what is there.

        Args:
            folder: The edge's.

        Raises:
            OSError: The folder cannot be used.
        """
        self._folder = folder / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_file(folder / SECRET, os.urandom(SECRET_BYTES))
        self._secret = (folder / SECRET).read_bytes()
        self._windows: dict[int, list[Table]] = {}
        for path in sorted(self._folder.iterdir()):
            window = int(path.name.split("-")[0])
            self._windows.setdefault(window, []).append(Table(path, FIRST))
        self._turn()

    def number_of(self, *parts: bytes) -> int:
        """Give the number of a batch, from what names it; over 0."""
        words = b"\0".join(parts)
        digest = hashlib.blake2b(words, digest_size=NUMBER_BYTES, key=self._secret).digest()
        return int.from_bytes(digest, "little") or 1

    def __contains__(self, number: int) -> bool:
        for tables in self._windows.values():
            for table in tables:
                if number in table:  # a generator takes as long as the look itself
                    return True
        return False

    def add(self, number: int) -> None:
        """Put a batch in, unless it is in.

        Raises:
            OSError: There is no room for another table.
        """
        if number in self:
            return
        if time.time() >= self._until:
            self._turn()
        table = self._tables[-1]
        if table.is_full:
            table = self._another(min(table.size * GROWTH, LARGEST))
        table.add(number)

    def flush(self) -> None:
        """Sync every table; a journal's numbers may stand in those of the window before, and the clock may go back.

        Raises:
            OSError: The disk refuses.
        """
        for tables in list(self._windows.values()):
            for table in list(tables):
                table.flush()
        sync_folder(self._folder)

    def close(self) -> None:
        """Let go of the files."""
        for tables in self._windows.values():
            for table in tables:
                table.close()

    def _turn(self) -> None:
        """Begin the window of this hour, and drop those that are over."""
        window = int(time.time()) // WINDOW_S
        self._until = (window + 1) * WINDOW_S
        for old in [w for w in self._windows if w <= window - WINDOWS]:
            for table in self._windows.pop(old):
                table.close()
                table.path.unlink()
        self._window = window
        self._tables = self._windows.setdefault(window, [])
        if not self._tables:
            self._another(FIRST)

    def _another(self, size: int) -> Table:
        path = self._folder / f"{self._window}-{len(self._tables):04d}"
        table = Table(path, size)
        self._tables.append(table)
        return table
