"""A pack that is being written: a mapped file in form 1, and its events in memory for the rewrite."""

import mmap
import os
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from remit.account import Account
from remit_schemas.pack import Header
from remit_schemas.sealing import NONCE_BYTES, TAG_BYTES, PackKeys

_LENGTH: Final = struct.Struct("<I")
_SUBJECT_LENGTH: Final = struct.Struct("<H").pack
_NO_LENGTH: Final = bytes(4)  # where the next record's length will stand


class Buffer:
    """A preallocated file, mapped; used by one open pack after another.

    Attributes:
        path: Where it lies now.
        map: The mapping.
    """

    __slots__ = ("map", "path")

    def __init__(self, path: Path, size: int) -> None:
        """Make the file; never sparse, so that a full disk is an error here and no SIGBUS later.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
            self.map = mmap.mmap(descriptor, size)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)
        self.path = path

    def rename(self, path: Path) -> None:
        """Give the file another name."""
        self.path.rename(path)
        self.path = path


class OpenPack:
    """An open pack. Every method under the packer's lock.

    Attributes:
        header: In form 1.
        buffer: Its file.
        account: Where its events are counted once it closes.
        keys: The pack's keys.
        opened_at: Monotonic seconds of its first event.
        end: Bytes written.
        count: Events written.
        datums: The events, plain; None when there was no memory to keep them.
        subjects: The subject of each.
    """

    __slots__ = (
        "_aad",
        "_events_max",
        "_limit",
        "_map",
        "_nonces",
        "_seal",
        "account",
        "buffer",
        "count",
        "datums",
        "end",
        "header",
        "keys",
        "opened_at",
        "subjects",
    )

    def __init__(
        self,
        header: Header,
        keys: PackKeys,
        buffer: Buffer,
        account: Account,
        nonces: Sequence[bytes],
    ) -> None:
        self.header = header
        self.keys = keys
        self.buffer = buffer
        self.account = account
        self.opened_at = time.monotonic()
        self.count = 0
        self.datums: list[bytes] | None = []
        self.subjects: list[bytes] = []
        self._map = buffer.map
        self._seal = keys.record.encrypt
        self._aad = header.to_bytes()
        self._limit = len(self._map) - len(_NO_LENGTH)
        self._nonces = nonces
        self._events_max = len(nonces)
        self.end = len(self._aad)
        self._map[: self.end + len(_NO_LENGTH)] = self._aad + _NO_LENGTH

    def append(self, datum: bytes, subject: bytes) -> bool:
        """Seal one event behind the last; its length is written last, so no reader sees a torn record.

        Returns:
            False when it does not fit any more.
        """
        start = self.end + 4
        sealed = len(datum) + len(subject) + 18  # subject length 2, tag 16
        stop = start + sealed
        index = self.count
        if stop > self._limit or index >= self._events_max:
            return False
        self.count = index + 1  # first: whatever interrupts this, the nonce is spent
        try:
            record = _SUBJECT_LENGTH(len(subject)) + subject + datum
            self._map[start : stop + 4] = (
                self._seal(self._nonces[index], record, self._aad) + _NO_LENGTH
            )
            _LENGTH.pack_into(self._map, self.end, sealed)
            self.end = stop
            self.datums.append(datum)  # type: ignore[union-attr]  # None only once the pack is closed
            self.subjects.append(subject)
        except BaseException:
            self._spoil()
            raise
        return True

    def _spoil(self) -> None:
        """Take no more after an append that was interrupted; what was whole before it stays."""
        self._limit = 0
        whole = min(len(self.datums or ()), len(self.subjects))
        self.count = whole
        del self.subjects[whole:]
        if self.datums is not None:
            del self.datums[whole:]

    def room(self) -> int:
        """Bytes of datum and subject that an empty pack like this one takes."""
        overhead = len(self._aad) + 2 * len(_NO_LENGTH) + 2 + TAG_BYTES
        return len(self._map) - overhead


def nonces_of(events_max: int) -> tuple[bytes, ...]:
    """Make the nonce of every index a pack can have, once: 0.1 µs less for each event."""
    return tuple(index.to_bytes(NONCE_BYTES, "big") for index in range(events_max))
