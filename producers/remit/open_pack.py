"""A pack that is being written: a mapped file in form 1, and its events in memory for the rewrite."""

import mmap
import os
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from remit.account import Account
from remit_schemas.pack import Header
from remit_schemas.sealing import NONCE_BYTES, TAG_BYTES, PackKeys

_LENGTH: Final = struct.Struct("<I")
_LENGTH_BYTES: Final = _LENGTH.pack
_SUBJECT_LENGTH: Final = struct.Struct("<H").pack
_NO_LENGTH: Final = bytes(4)  # where the next record's length will stand


Note = Callable[[Header, int, int, int], None]
"""Told where events will stand: the header of their pack, the bytes where they begin and end, the index of the first."""


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
        synced: Bytes known to survive a power loss; under the worker's hand only.
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
        "synced",
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
        self.synced = 0
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

    def append_all(
        self, datums: Sequence[bytes], subject: bytes, before: "Note | None" = None
    ) -> bool:
        """Seal events of one subject behind the last, all or none, whatever interrupts this.

        The length of the first is written last: until then a reader sees none of them, from then on all.

        Args:
            datums: The events.
            subject: Of all of them.
            before: Told where they will stand, when everything but that length is written.

        Returns:
            False when they do not fit any more.
        """
        start, first, events = self.end, self.count, len(datums)
        stop = start + sum(map(len, datums)) + events * (len(subject) + 22)  # 4, 2 and tag 16
        if stop > self._limit or first + events > self._events_max:
            return False
        self.count = first + events  # first: whatever interrupts this, the nonces are spent
        try:
            sealed = self._sealed(first, datums, subject)
            self._map[start + 4 : stop + 4] = sealed[4:]
            if before is not None:
                before(self.header, start, stop, first)
            self._map[start : start + 4] = sealed[:4]
            self.end = stop
            self.datums += datums  # type: ignore[operator]  # None only once the pack is closed
            self.subjects += [subject] * events
        except BaseException:
            self._spoil()
            raise
        return True

    def _sealed(self, first: int, datums: Sequence[bytes], subject: bytes) -> bytes:
        """Seal events as records with their lengths, from the nonce of an index on, and end them."""
        seal, aad, name = self._seal, self._aad, _SUBJECT_LENGTH(len(subject)) + subject
        parts: list[bytes] = []
        for nonce, datum in zip(self._nonces[first : self.count], datums, strict=True):
            parts.append(_LENGTH_BYTES(len(name) + len(datum) + TAG_BYTES))
            parts.append(seal(nonce, name + datum, aad))
        parts.append(_NO_LENGTH)
        return b"".join(parts)

    def sync(self) -> None:
        """Make what was written so far survive a power loss; one that closed and was written anew is elsewhere by now.

        Raises:
            OSError: It could not be written.
        """
        end = self.end
        if self.synced < end:
            try:
                descriptor = os.open(self.buffer.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return
            try:
                os.fdatasync(descriptor)  # the mapping's own flush would hold every thread up
            finally:
                os.close(descriptor)
            self.synced = end

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
