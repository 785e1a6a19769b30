"""The bound of the spool: over it, optional packs go first, oldest first, and are counted; then emits are refused."""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from remit.packer import Packer
from remit.rewrite import rewrite_empty
from remit.slot import Slot
from remit_schemas.category import Necessity
from remit_schemas.errors import PackError
from remit_schemas.pack import FORM_RECORDS, HEADER_BYTES_MAX, Counts, Header, scan_records
from remit_schemas.spool import READING, pack_name

ROOM: Final = (
    0.9  # share of the bound down to which packs go, so that not every next pack asks again
)

Source = tuple[bytes, int, bytes, str]
"""Producer, lane, fingerprint, tenant: whose counts a header carries."""


class Bound:
    """Keeps one slot under its bound. The worker's thread only."""

    def __init__(self, slot: Slot, packer: Packer, bytes_max: int) -> None:
        self._slot = slot
        self._packer = packer
        self._bytes_max = bytes_max
        self._let_go: dict[Source, int] = {}  # of dead producers: theirs is nobody else's to count

    def keep(self, is_sent: Callable[[int], bool], epoch: tuple[bytes, bytes]) -> None:
        """Let packs go if the slot is over its bound, and refuse new events if that was not enough.

        Args:
            is_sent: Whether a pack is on its way to the log, and so cannot be let go.
            epoch: Key id and public key, for what is written in a pack's place.
        """
        if self._slot.bytes > self._bytes_max:
            self._slot.rescan()
            if self._slot.bytes > self._bytes_max:
                self._make_room(is_sent, epoch)
        self._packer.is_full = self._slot.bytes > self._bytes_max

    def let_go(self, number: int, epoch: tuple[bytes, bytes]) -> None:
        """Put an empty pack that tells of it in a pack's place; its identity stays, so no gap opens."""
        header, count = self._read(number)
        if header is None:
            self._slot.remove(number)
            return
        counts = self._counts_after(header, count)
        data = rewrite_empty(header, counts, *epoch)
        self._slot.replace(number, data)  # counted only when it is done: it may be tried again
        if header.producer == self._packer.producer:
            self._packer.let_go(header, count)
        else:
            self._let_go[_source(header)] = counts.let_go

    def _make_room(self, is_sent: Callable[[int], bool], epoch: tuple[bytes, bytes]) -> None:
        with _unread(self._slot.folder) as read_up_to:
            for number in list(self._slot.sizes):
                if self._slot.bytes <= self._bytes_max * ROOM:
                    return
                if number > read_up_to and not is_sent(number) and self._is_optional(number):
                    self.let_go(number, epoch)

    def _is_optional(self, number: int) -> bool:
        try:
            with (self._slot.folder / pack_name(number)).open("rb") as file:
                header = Header.parse(file.read(HEADER_BYTES_MAX))
        except (PackError, FileNotFoundError):
            return False
        return header.necessity is Necessity.OPTIONAL and header.count != 0

    def _read(self, number: int) -> tuple[Header | None, int]:
        data = (self._slot.folder / pack_name(number)).read_bytes()
        try:
            header = Header.parse(data)
        except PackError:
            return None, 0
        if header.form == FORM_RECORDS:
            return header, sum(1 for _ in scan_records(data, header.length))
        return header, header.count or 0

    def _counts_after(self, header: Header, count: int) -> Counts:
        if header.producer == self._packer.producer:
            let_go = self._packer.let_go(header, 0) + count
        else:
            known = max(self._let_go.get(_source(header), 0), header.counts.let_go)
            let_go = known + count
        refused = MappingProxyType(dict(header.counts.refused))
        return Counts(header.counts.offered + count, let_go, refused)


def _source(header: Header) -> Source:
    """Whose counts a header carries."""
    return header.producer, header.lane, header.fingerprint, header.tenant


@contextmanager
def _unread(folder: Path) -> Generator[int, None, None]:
    """Hold off the embedded consumer and give the highest number it has read; see `docs/architecture.md`."""
    descriptor = os.open(folder / READING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = os.read(descriptor, 32)
        yield int(text) if text.strip().isdigit() else 0
    finally:
        os.close(descriptor)
