"""The vault as one file on this machine, of records of one size.

Its form::

    subjects.vault   "RMVAULT2" | vault id, 8 random bytes | edition u64, then records:
                     index 32 bytes | secret 32 bytes | CRC-32 of both; all little-endian

What a crash tore off is cut. Secrets are destroyed under the folder's lock: first the edition is raised, which tells other
processes to read all again once they get the lock; then the records are overwritten with zeros where they stand. Both are
synced, no copy is made, and after a crash in between a secret is either whole or gone: the next call goes on.

Overwriting reaches the blocks where the file system writes in place (ext4, XFS without reflinks). On flash, on
copy-on-write file systems (btrfs, ZFS), in snapshots and in backups old blocks may live on: there the disk's own encryption
and the bounded age of the vault's backups (`remit backup`) end them, and no more is claimed.

Files of before, "RMVAULT1" and records right after it, are brought to this form when they are opened.
"""

import os
import secrets
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self
from zlib import crc32

from remit_consumers.keyfiles import FolderLock, open_folder
from remit_consumers.vault.store import SECRET_BYTES, Extent
from remit_schemas.durable import make_file, replace_file
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.format_file import too_new

FILE: Final = "subjects.vault"
READ_RECORDS: Final = 1 << 14  # records read at once: 1.1 MB

FORMAT: Final = 2
"""The digit behind the name: raised with any change that a remit before it would read wrongly or write over. Each call reads it."""

RECORD: Final = struct.Struct("<32s32sI")

_HEADER = struct.Struct("<8s8sQ")
_NAME: Final = b"RMVAULT"
_MAGIC: Final = _NAME + str(FORMAT).encode()
_MAGIC_1: Final = b"RMVAULT1"
_DEAD: Final = bytes(RECORD.size)  # its checksum does not hold, so it is no record


@dataclass(frozen=True, slots=True)
class Edition:
    """Which state of which vault a file is.

    Attributes:
        vault: The vault's id, 8 bytes.
        number: Grows by one whenever secrets are destroyed.
    """

    vault: bytes
    number: int

    @classmethod
    def first(cls) -> Self:
        """Begin a vault."""
        return cls(secrets.token_bytes(8), 1)

    @property
    def header(self) -> bytes:
        """The first bytes of a file of this edition."""
        return _HEADER.pack(_MAGIC, self.vault, self.number)


class FileStore:
    """The secrets in a file, opened; several processes may use one folder.

    Attributes:
        damaged: Records inside the file whose checksum does not hold; their secrets are lost.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._lock = FolderLock(folder / "lock")
        self._by_index: dict[bytes, bytes] = {}
        self._edition: Edition | None = None
        self._end = _HEADER.size
        self.damaged = 0

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the file of a vault, making it when there is none.

        Raises:
            KeysOutOfReach: It cannot be made or read, or is something else.
        """
        store = cls(folder)
        try:
            open_folder(folder)
            if not store._file.exists():
                make_file(store._file, Edition.first().header)
            store._bring_to_form()
        except OSError as error:
            raise _out_of_reach(error) from None
        store._add(())
        return store

    @staticmethod
    def is_begun(folder: Path) -> bool:
        """Whether a folder has the file of a vault with any record; none where nobody may look."""
        try:
            return (folder / FILE).stat().st_size > _HEADER.size
        except OSError:
            return False

    def __len__(self) -> int:
        return len(self._by_index)

    def edition(self) -> Edition:
        """Read which edition the file is now: some 10 µs, asked once for a batch."""
        try:
            with self._file.open("rb", buffering=0) as file:
                return _edition_of(file.fileno())
        except OSError as error:
            raise _out_of_reach(error) from None

    def extent(self) -> Extent:
        """Read how far the file goes now; see `SecretStore`."""
        self._add(())
        edition = self._edition or Edition.first()
        return Extent(edition.vault, edition.number, (self._end - _HEADER.size) // RECORD.size)

    def find(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give the secrets that there are; see `SecretStore`."""
        self._add(())
        return {index: self._by_index[index] for index in indexes if index in self._by_index}

    def secrets(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give or make secrets; see `SecretStore`."""
        if self.edition() != self._edition or any(index not in self._by_index for index in indexes):
            self._add(indexes)
        return {index: self._by_index[index] for index in indexes}

    def forget(self, indexes: Iterable[bytes]) -> frozenset[bytes]:
        """Overwrite secrets where they stand; see `SecretStore`."""
        try:
            with self._lock.held(), self._file.open("r+b", buffering=0) as file:
                here = file.fileno()
                edition, _ = self._read_new(here)
                gone = frozenset(index for index in indexes if index in self._by_index)
                torn = self.damaged or os.fstat(here).st_size > self._end
                if gone or torn:
                    _write_all(here, replace(edition, number=edition.number + 1).header, 0)
                    os.fsync(here)
                    _overwrite(here, gone)
                    self._read_new(here)
                return gone
        except OSError as error:
            raise _out_of_reach(error) from None

    def records(self) -> dict[bytes, bytes]:
        """Give every secret; see `SecretStore`."""
        self._add(())
        return dict(self._by_index)

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Fill a store that is empty; see `SecretStore`."""
        try:
            with self._lock.held(), self._file.open("rb", buffering=0) as file:
                edition, _ = self._read_new(file.fileno())
                if self._by_index:
                    raise KeysOutOfReach("the vault holds secrets already: move it away first")
                replace_file(self._file, edition.header + _packed(records))
            self._add(())
        except OSError as error:
            raise _out_of_reach(error) from None

    def _bring_to_form(self) -> None:
        """Give a file of the first form the header of this one."""
        with self._lock.held():
            data = self._file.read_bytes()
            if data.startswith(_MAGIC_1):
                replace_file(self._file, Edition.first().header + data[len(_MAGIC_1) :])

    def _add(self, indexes: Iterable[bytes]) -> None:
        """Read what other processes did; make the secrets that are still missing, durable before they are used."""
        try:
            with self._lock.held(), self._file.open("r+b", buffering=0) as file:
                _, seen = self._read_new(file.fileno())
                made = {
                    index: secrets.token_bytes(SECRET_BYTES)
                    for index in indexes
                    if index not in self._by_index
                }
                if made:
                    self._append(file.fileno(), made)
                elif seen:
                    os.fsync(file.fileno())  # who wrote it may have died before its own fsync
        except OSError as error:
            raise _out_of_reach(error) from None

    def _read_new(self, file: int) -> tuple[Edition, bool]:
        """Take in the records behind the last one known, or all of another edition; gives whether there were any."""
        edition = _edition_of(file)
        if edition != self._edition:
            self._turn_to(edition)
        before = at = self._end
        if os.fstat(file).st_size < before:
            raise KeysOutOfReach("the vault's file was cut")
        bad = 0
        for index, secret, checksum in _records(file, at):
            at += RECORD.size
            if crc32(secret, crc32(index)) == checksum:
                self._by_index[index] = secret
                self._end, self.damaged, bad = at, self.damaged + bad, 0
            else:
                bad += checksum != 0 or any(secret) or any(index)
        return edition, self._end > before

    def _turn_to(self, edition: Edition) -> None:
        """Forget all that is known, to read another edition; an older one, or another vault, is refused."""
        known = self._edition
        if known and (edition.vault != known.vault or edition.number < known.number):
            raise KeysOutOfReach("the vault's file was replaced by another or an older one")
        self._edition, self._end, self.damaged = edition, _HEADER.size, 0
        self._by_index = {}

    def _append(self, file: int, made: dict[bytes, bytes]) -> None:
        data = _packed(made)
        try:
            os.ftruncate(file, self._end)  # what a crash tore off
            _write_all(file, data, self._end)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, self._end)
            raise
        self._by_index.update(made)
        self._end += len(data)


def _edition_of(file: int) -> Edition:
    """Read the header of a vault's file."""
    header = os.pread(file, _HEADER.size, 0)
    found = header[len(_NAME) : len(_MAGIC)]
    if header.startswith(_NAME) and found.isdigit() and int(found) > FORMAT:
        raise KeysOutOfReach(too_new("the vault in REMIT_VAULT", int(found), FORMAT))
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        raise KeysOutOfReach("the vault's file is no vault")
    _, vault, number = _HEADER.unpack(header)
    return Edition(vault, number)


def _overwrite(file: int, indexes: frozenset[bytes]) -> None:
    """Overwrite the records of these indexes, and damaged ones, in which nobody can tell whose secret is left."""
    at = _HEADER.size
    for index, secret, checksum in _records(file, at):
        if index in indexes or crc32(secret, crc32(index)) != checksum:
            _write_all(file, _DEAD, at)
        at += RECORD.size
    os.fsync(file)


def _packed(by_index: Mapping[bytes, bytes]) -> bytes:
    """The records of these secrets."""
    return b"".join(
        RECORD.pack(index, secret, crc32(secret, crc32(index)))
        for index, secret in by_index.items()
    )


def _records(file: int, start: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Read whole records from `start` to the end of the file."""
    while True:
        data = os.pread(file, READ_RECORDS * RECORD.size, start)
        whole = len(data) - len(data) % RECORD.size
        if not whole:
            return
        yield from RECORD.iter_unpack(data[:whole])
        start += whole


def _write_all(file: int, data: bytes, at: int) -> None:
    """A file system that fills up takes a part first and says so at the next write."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], at + written)


def _out_of_reach(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"the vault cannot be used: {error.strerror}")
