"""Which batches came, and where their events stand: a journal beside the packs of a slot.

A door that answers for batches (the edge) has to know a batch that comes again, also when the process died in between.
What is written when, and what follows from it:

1. Under the packer's lock the events of a batch are written into the open pack, all but the length of the first: no reader
   sees any of them yet. Then the journal gets one record: the batch's number, the pack, and the bytes in which its events
   stand. Then the length is written, and with it all of them are there.
2. A process that dies (kill -9) leaves the pages of files as they are, so every record is there whose events are. Only for
   the last record can the events be missing: the process died between the two writes. Whoever takes the slot over looks
   (`settle`): a record whose pack is still open and ends before the record's events is cut off, before the pack is numbered.
   What is left in the journal is stored, what is not left is not: the batch that comes again is stored once.
3. A power loss may keep any page and lose any other. So a round of syncs first syncs the packs, then writes a mark (up to
   here everything is on the disk) and syncs the journal, and only then is anybody answered. In another boot than the
   journal's, only what stands before the last mark counts; events of later records, which nobody was promised, are cut
   off where their pack is still open, so that the batch that comes again is stored once. Where the pack had closed in those
   milliseconds already, it may come twice; lost it never is.

A settled journal has another name, so that nobody reads one that is not.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from remit.open_pack import Note
from remit_schemas import spool
from remit_schemas.durable import sync_folder
from remit_schemas.errors import PackError
from remit_schemas.pack import Header, scan_records

ANEW_BYTES: Final = 1 << 20  # some 30,000 batches: what a start reads again
OPEN: Final = "arrivals-"
SETTLED: Final = "settled-"
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")  # another after each start of the machine
BOOT_BYTES: Final = 36

_RECORD: Final = struct.Struct("<QHQII")  # batch, lane, sequence, begin, end; then CRC-32 of these
_CRC: Final = struct.Struct("<I")
_SIZE: Final = _RECORD.size + _CRC.size
_MARK: Final = 0  # no batch has this number: up to byte `sequence` everything is on the disk


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch, and where its events stand.

    Attributes:
        batch: Its number, over 0.
        lane: Of the pack.
        sequence: Of the pack.
        begin: Byte of the pack where the first event's length stands.
        end: Behind the last event.
        at: Byte of the journal where this stands.
    """

    batch: int
    lane: int
    sequence: int
    begin: int
    end: int
    at: int


class Arrivals:
    """The journal of one process. `note` under the packer's lock, `sync` from the worker's thread.

    Attributes:
        producer: Its id, as hex.
    """

    def __init__(self, folder: Path, producer: bytes) -> None:
        """Begin it.

        Args:
            folder: Of the process's slot.
            producer: Its id.

        Raises:
            OSError: It cannot be written.
        """
        self._folder = folder
        self.producer = producer.hex()
        self._number = 0
        self._marked = 0
        self._before: tuple[int, int] | None = None
        self._open()

    @property
    def end(self) -> int:
        """Bytes of it."""
        return self._end

    def note(self, batch: int) -> Note:
        """Give what the packer tells where the events of a batch will stand."""

        def note(header: Header, begin: int, end: int, _first: int) -> None:
            self._write(_RECORD.pack(batch, header.lane, header.sequence, begin, end))

        return note

    def sync(self, up_to: int) -> None:
        """Write down that everything before a byte of the journal is on the disk, and sync that.

        Raises:
            OSError: The disk refuses.
        """
        if self._before is not None:
            file, end = self._before
            _append(file, _RECORD.pack(_MARK, 0, end, 0, 0), end)
            os.fdatasync(file)
            os.close(file)
            self._before = None
        if up_to > self._marked:
            self._write(_RECORD.pack(_MARK, 0, up_to, 0, 0))
            self._marked = up_to
            os.fdatasync(self._file)

    def begin_anew(self) -> Path:
        """Go on in a new file; the next sync marks the end of the old one.

        Returns:
            The old one, which can go once what it says is on record elsewhere.

        Raises:
            OSError: It cannot be written.
        """
        old, before = self._path, (self._file, self._end)
        self._open()
        self._before = before
        return old

    def close(self) -> None:
        """End it; the next process reads it."""
        os.close(self._file)

    def _open(self) -> None:
        path = self._folder / f"{OPEN}{self.producer}-{self._number + 1:06d}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._number += 1
        self._path = path
        self._end = self._marked = os.write(self._file, _boot())
        sync_folder(self._folder)

    def _write(self, record: bytes) -> None:
        self._end += _append(self._file, record, self._end)


def _append(file: int, record: bytes, end: int) -> int:
    """Write a record behind the last; of half a one, as a full disk leaves it, nothing stays: it would hide those behind it."""
    whole = record + _CRC.pack(crc32(record))
    written = os.write(file, whole)
    if written != len(whole):
        os.ftruncate(file, end)
        raise OSError("the journal of batches could not be written")
    return written


def settle(folder: Path) -> None:
    """Cut the journals of a dead process to what is true; before its packs are numbered.

    Args:
        folder: Of its slot, locked by the caller.

    Raises:
        OSError: The disk refuses; nothing is numbered then.
    """
    for path in sorted(folder.glob(f"{OPEN}*")):
        producer = bytes.fromhex(path.name.split("-")[1])
        keep = _true_end(folder, producer, path.read_bytes())
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, keep)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.rename(path.with_name(path.name.replace(OPEN, SETTLED, 1)))
        sync_folder(folder)


def settled(root: Path) -> Iterator[Path]:
    """Yield the settled journals of a spool."""
    yield from sorted(root.glob(f"slot-*/{SETTLED}*"))


def unsettled(root: Path, producer: str) -> bool:
    """Whether a spool has a journal of another process that nobody has settled yet."""
    mine = f"{OPEN}{producer}-"
    return any(not path.name.startswith(mine) for path in root.glob(f"slot-*/{OPEN}*"))


def read(journal: bytes) -> Iterator[Arrival]:
    """Yield what a journal says, marks too, up to the first record that is not whole."""
    for at in range(BOOT_BYTES, len(journal) - _SIZE + 1, _SIZE):
        record = journal[at : at + _RECORD.size]
        if _CRC.unpack_from(journal, at + _RECORD.size)[0] != crc32(record):
            return
        batch, lane, sequence, begin, end = _RECORD.unpack(record)
        yield Arrival(batch, lane, sequence, begin, end, at)


def is_mark(arrival: Arrival) -> bool:
    """Whether a record names no batch."""
    return arrival.batch == _MARK


def _true_end(folder: Path, producer: bytes, journal: bytes) -> int:
    arrivals = list(read(journal))
    end = arrivals[-1].at + _SIZE if arrivals else BOOT_BYTES
    if journal[:BOOT_BYTES] != _boot():
        end = max((one.sequence for one in arrivals if is_mark(one)), default=BOOT_BYTES)
    ends: dict[tuple[int, int], int | None] = {}
    for one in arrivals:
        if is_mark(one):
            continue
        pack = folder / spool.open_name(producer, one.lane, one.sequence)
        if (one.lane, one.sequence) not in ends:
            ends[one.lane, one.sequence] = end_of(pack) if pack.exists() else None
        whole = ends[one.lane, one.sequence]
        if whole is None:
            continue
        if one.at < end and one.end > whole:
            end = one.at  # its events never came to be there
        if one.at >= end and one.begin < whole:
            _cut(pack, one.begin)
            ends[one.lane, one.sequence] = one.begin
    return end


def _cut(pack: Path, begin: int) -> None:
    """End an open pack before a record: a length of 0 ends it."""
    descriptor = os.open(pack, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, bytes(4), begin)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def end_of(pack: Path) -> int | None:
    """Find where the last whole record of an open pack ends; None when it is no pack."""
    data = pack.read_bytes()
    try:
        end = Header.parse(data).length
    except PackError:
        return None
    for start, length in scan_records(data, end):
        end = start + length
    return end


def _boot() -> bytes:
    try:
        return BOOT.read_bytes()[:BOOT_BYTES].ljust(BOOT_BYTES)
    except OSError:  # no Linux: every start is taken for another boot's
        return os.urandom(BOOT_BYTES)
