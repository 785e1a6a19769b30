"""The vault: a random secret for each subject, from which pseudonyms are made; without it they tie to nobody.

One file of records of one size, only ever appended to::

    subjects.vault   "RMVAULT1", then records: index 32 bytes | secret 32 bytes | CRC-32 of both, little-endian

The index is HMAC-SHA256(index key, tenant length u32 | tenant | subject): no plain id is in the file, and without
the index key, which lies with the other keys, nobody can look a known id up. What a crash tore off is cut.
"""

import hmac
import os
import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self
from zlib import crc32

from remit_consumers.keyfiles import FolderLock, open_folder
from remit_schemas.durable import make_file
from remit_schemas.errors import KeysOutOfReach

FILE: Final = "subjects.vault"
MAGIC: Final = b"RMVAULT1"
SECRET_BYTES: Final = 32  # a key of HMAC-SHA256
KNOWN_MAX: Final = 1 << 18  # plain ids kept in memory to save their HMAC: some 50 MB at most
READ_RECORDS: Final = 1 << 14  # records read at once: 1.1 MB

_RECORD = struct.Struct("<32s32sI")
_LENGTH = struct.Struct("<I")


class Vault:
    """The vault, opened; several processes may use one folder, and they agree on every secret.

    Attributes:
        damaged: Records inside the file whose checksum does not hold; their secrets are lost.
    """

    def __init__(self, folder: Path, index_key: bytes) -> None:
        self._file = folder / FILE
        self._lock = FolderLock(folder / "lock")
        self._index_key = index_key
        self._by_index: dict[bytes, bytes] = {}
        self._known: dict[str, dict[str, bytes]] = {}
        self._known_count = 0
        self._end = len(MAGIC)
        self.damaged = 0

    @classmethod
    def open(cls, folder: Path, index_key: bytes) -> Self:
        """Open a vault, making it when there is none.

        Args:
            folder: REMIT_VAULT; never under the data folder.
            index_key: `KeyStore.index_key`, 32 bytes.

        Raises:
            KeysOutOfReach: It cannot be made or read, or is something else.
        """
        vault = cls(folder, index_key)
        try:
            open_folder(folder)
            if not vault._file.exists():
                make_file(vault._file, MAGIC)
        except OSError as error:
            raise _out_of_reach(error) from None
        vault._add(())
        return vault

    def __len__(self) -> int:
        return len(self._by_index)

    def secret_of(self, tenant: str, subject: str) -> bytes:
        """Give the secret of one subject; see `secrets_of`."""
        return self.secrets_of(tenant, (subject,))[0]

    def secrets_of(self, tenant: str, subjects: Sequence[str]) -> list[bytes]:
        """Give the secret of each subject, 32 bytes; new ones are durable before this returns.

        Args:
            tenant: Whose subjects they are; empty for a single shop.
            subjects: Ids as the app names them; best the unique ones of a batch.

        Raises:
            KeysOutOfReach: The vault cannot be read or written.
        """
        known = self._known.setdefault(tenant, {})
        missing = [subject for subject in subjects if subject not in known]
        if missing:
            self._learn(tenant, missing)
        found = [known[subject] for subject in subjects]
        if self._known_count > KNOWN_MAX:
            self._known_count = 0
            self._known.clear()
        return found

    def secrets(self) -> list[bytes]:
        """Give every secret there is, in no order that tells anything: whose they are is not known.

        Raises:
            KeysOutOfReach: The vault cannot be read.
        """
        self._add(())
        return sorted(self._by_index.values())

    def known_secret_of(self, tenant: str, subject: str) -> bytes | None:
        """Give the secret of one subject, and make none: a question about somebody must not put them into the vault.

        Raises:
            KeysOutOfReach: The vault cannot be read.
        """
        self._add(())
        return self._by_index.get(self._index_of(tenant, subject))

    def _learn(self, tenant: str, subjects: Iterable[str]) -> None:
        """Find or make the secrets of subjects that are not in memory under their plain id."""
        indexes = {subject: self._index_of(tenant, subject) for subject in subjects}
        new = [index for index in indexes.values() if index not in self._by_index]
        if new:
            self._add(new)
        known = {subject: self._by_index[index] for subject, index in indexes.items()}
        self._known[tenant].update(known)
        self._known_count += len(known)

    def _index_of(self, tenant: str, subject: str) -> bytes:
        """The tenant's length stands first, so that no two pairs give the same bytes."""
        name = tenant.encode("utf-8", "surrogatepass")
        message = _LENGTH.pack(len(name)) + name + subject.encode("utf-8", "surrogatepass")
        return hmac.digest(self._index_key, message, "sha256")

    def _add(self, indexes: Iterable[bytes]) -> None:
        """Read what other processes added; make the secrets that are still missing, durable before they are used."""
        try:
            with self._lock.held(), self._file.open("r+b", buffering=0) as file:
                seen = self._read_new(file.fileno())
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

    def _read_new(self, file: int) -> bool:
        """Take in the records behind the last one known; gives whether there were any."""
        size = os.fstat(file).st_size
        if size < self._end or os.pread(file, len(MAGIC), 0) != MAGIC:
            raise KeysOutOfReach("the vault's file was cut or replaced, or is no vault")
        before = at = self._end
        bad = 0
        for index, secret, checksum in _records(file, at):
            at += _RECORD.size
            if crc32(secret, crc32(index)) == checksum:
                self._by_index[index] = secret
                self._end, self.damaged, bad = at, self.damaged + bad, 0
            else:
                bad += 1
        return self._end > before

    def _append(self, file: int, made: dict[bytes, bytes]) -> None:
        data = b"".join(
            _RECORD.pack(index, secret, crc32(secret, crc32(index)))
            for index, secret in made.items()
        )
        try:
            os.ftruncate(file, self._end)  # what a crash tore off
            _write_all(file, data, self._end)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, self._end)
            raise
        self._by_index.update(made)
        self._end += len(data)


def _records(file: int, start: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Read whole records from `start` to the end of the file."""
    while True:
        data = os.pread(file, READ_RECORDS * _RECORD.size, start)
        whole = len(data) - len(data) % _RECORD.size
        if not whole:
            return
        yield from _RECORD.iter_unpack(data[:whole])
        start += whole


def _write_all(file: int, data: bytes, at: int) -> None:
    """A file system that fills up takes a part first and says so at the next write."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], at + written)


def _out_of_reach(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"the vault cannot be used: {error.strerror}")
