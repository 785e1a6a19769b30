"""One slot of the spool: the files of one process, and the numbers that order them."""

import fcntl
import os
from collections import deque
from pathlib import Path
from typing import Final

from remit.open_pack import Buffer
from remit_schemas import spool
from remit_schemas.durable import make_file, replace_file, sync_folder
from remit_schemas.errors import SpoolError
from remit_schemas.format_file import check_spool, keep_spool

NUMBERS_AHEAD: Final = 1024  # numbers made sure of with one sync: one for each thousand packs
FREE_MAX: Final = 24  # preallocated files kept for use: two for each of twelve lanes
NEEDED: Final = ("posix_fallocate", "fdatasync")  # macOS has neither
ID_BYTES: Final = 16  # random, so that no two spools share a name


class Slot:
    """A claimed slot. Numbers are given out by one thread only; buffers by any.

    Attributes:
        folder: ``slot-NN``.
        bytes: Of all of them.
        sizes: Bytes of each numbered pack that lies here, as far as this process knows; in the order of numbers.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.sizes: dict[int, int] = {}
        self.bytes = 0
        self._lock = lock
        self._free: deque[Buffer] = deque()
        self._free_names = 0
        self._unsynced: list[
            int
        ] = []  # also what was here before: nobody knows whether it was synced
        self.rescan()
        self._unsynced.extend(self.sizes)
        first = max(self.sizes, default=0) + 1
        self._next = max(first, _read_number(folder / spool.NEXT))
        self._sure = self._next
        for path in folder.iterdir():
            if path.suffix == spool.TEMPORARY_SUFFIX or spool.is_free_name(path.name):
                path.unlink()

    def buffer(self, size: int) -> Buffer:
        """Give a preallocated file that is not open for any pack.

        Raises:
            OSError: There is no room for a new one.
        """
        try:
            return self._free.popleft()
        except IndexError:
            self._free_names += 1
            return Buffer(self.folder / spool.free_name(self._free_names), size)

    def recycle(self, buffer: Buffer) -> None:
        """Take back the file of a pack that was rewritten."""
        if len(self._free) >= FREE_MAX:
            buffer.path.unlink()
            return
        self._free_names += 1
        buffer.rename(self.folder / spool.free_name(self._free_names))
        self._free.append(buffer)

    def write(self, data: bytes) -> int:
        """Write a closed pack under the next number.

        Raises:
            OSError: There is no room; nothing is left of it.
        """
        number = self._number()
        path = self.folder / spool.pack_name(number)
        write_pack(path, data)
        self._written(number, len(data))
        return number

    def take_over(self, path: Path, end: int) -> int:
        """Make an open pack a closed one as it stands, cut behind its last record; needs no room on the disk."""
        number = self._number()
        os.truncate(path, end)
        path.rename(self.folder / spool.pack_name(number))
        self._written(number, end)
        return number

    def replace(self, number: int, data: bytes) -> None:
        """Put another pack in a pack's place."""
        write_pack(self.folder / spool.pack_name(number), data)
        self.bytes += len(data) - self.sizes.get(number, 0)
        self.sizes[number] = len(data)
        self._unsynced.append(number)

    def remove(self, number: int) -> None:
        """Delete a pack that is stored elsewhere now."""
        (self.folder / spool.pack_name(number)).unlink(missing_ok=True)
        self.bytes -= self.sizes.pop(number, 0)

    def rescan(self) -> None:
        """See which packs lie here: whoever reads the embedded log deletes behind itself."""
        found: dict[int, int] = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                number = spool.parse_pack_name(entry.name)
                if number is not None:
                    found[number] = _size(entry)
        self.sizes = dict(sorted(found.items()))
        self.bytes = sum(found.values())
        self._unsynced = [number for number in self._unsynced if number in found]

    def sync(self, *, always: bool = True) -> None:
        """Make every pack written since the last call survive a power loss.

        Args:
            always: Sync the folder also where no pack was written.
        """
        pending = list(self._unsynced)
        if not (pending or always):
            return
        for number in pending:
            _sync_file(self.folder / spool.pack_name(number))
        sync_folder(self.folder)
        self._unsynced = self._unsynced[len(pending) :]  # only now: an error is tried again

    @property
    def last(self) -> int:
        """The number of the last pack written."""
        return self._next - 1

    def release(self, *, is_clean: bool) -> None:
        """Give the slot up; a clean end leaves no hole in the numbers and no empty files.

        Raises:
            OSError: The end is none such; the slot is free all the same.
        """
        try:
            if is_clean:
                for buffer in self._free:
                    buffer.path.unlink(missing_ok=True)
                if self._sure != self._next:
                    self._reserve(self._next)
        finally:
            self.abandon()  # a full disk must not keep it from those who come after

    def abandon(self) -> None:
        """Close the lock and touch nothing else; all a forked child may do."""
        os.close(self._lock)

    def _number(self) -> int:
        number = self._next
        if number >= self._sure:
            self._reserve(number + NUMBERS_AHEAD)
        self._next = number + 1
        return number

    def _reserve(self, sure: int) -> None:
        replace_file(self.folder / spool.NEXT, f"{sure}\n".encode())
        self._sure = sure

    def _written(self, number: int, size: int) -> None:
        self.sizes[number] = size
        self.bytes += size
        self._unsynced.append(number)


def claim(root: Path) -> Slot:
    """Take a free slot: one that a dead process left something in, else the lowest.

    Args:
        root: The spool folder; made with its id where there is none.

    Raises:
        SpoolError: All slots are taken, or the folder cannot be used.
    """
    prepare(root)
    try:
        slots = sorted(range(spool.SLOTS), key=lambda slot: not has_leftovers(root, slot))
        for slot in slots:
            lock = try_lock(root / spool.slot_name(slot))
            if lock is not None:
                return Slot(root / spool.slot_name(slot), lock)
    except OSError as error:
        message = f"the spool folder cannot be used: {error.strerror}"
        raise SpoolError(message) from None
    message = f"all {spool.SLOTS} slots of the spool are taken by running processes"
    raise SpoolError(message)


def prepare(root: Path) -> None:
    """Make the spool folder and its id unless they are there, and put its format on record.

    Raises:
        SpoolError: The folder cannot be used, or a newer remit has written to it.
    """
    missing = [name for name in NEEDED if not hasattr(os, name)]
    if missing:
        message = (
            f"this system has no {', '.join(missing)}, which a spool needs: remit runs on Linux"
        )
        raise SpoolError(message)
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep_spool(root)
        if not (root / spool.ID).exists():
            make_file(root / spool.ID, os.urandom(ID_BYTES).hex().encode() + b"\n")
    except OSError as error:
        message = f"the spool folder cannot be used: {error.strerror}"
        raise SpoolError(message) from None


def has_leftovers(root: Path, slot: int) -> bool:
    """Whether packs lie in a slot; whether their process lives is the lock's to say."""
    try:
        names = [path.name for path in (root / spool.slot_name(slot)).iterdir()]
    except FileNotFoundError:
        return False
    return any(spool.parse_open_name(name) or spool.parse_pack_name(name) for name in names)


def try_lock(folder: Path) -> int | None:
    """Take the lock of a slot.

    Returns:
        The descriptor that holds it, or None when another process does, or a newer remit has written to the spool.
    """
    try:
        check_spool(folder.parent)
    except SpoolError:
        return None  # told by `prepare` to whoever starts; who runs already goes on in his own slot
    folder.mkdir(exist_ok=True, mode=0o700)
    descriptor = os.open(folder / spool.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def write_pack(path: Path, data: bytes) -> None:
    """Write a pack aside and rename it, so that a reader sees it whole or not at all."""
    temporary = path.with_suffix(spool.TEMPORARY_SUFFIX)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            written = os.write(descriptor, data)
            while written < len(data):
                written += os.write(descriptor, memoryview(data)[written:])
        finally:
            os.close(descriptor)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _sync_file(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # stored elsewhere meanwhile
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_number(path: Path) -> int:
    try:
        return int(path.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return 0
