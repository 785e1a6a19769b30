"""The bound of the spool: over it, optional packs go first, oldest first, and are counted; then emits are refused."""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from remit.letting_go import LettingGo
from remit.packer import Packer
from remit.slot import Slot
from remit_schemas.category import Necessity
from remit_schemas.errors import PackError
from remit_schemas.pack import HEADER_BYTES_MAX, Header
from remit_schemas.spool import READING, pack_name

ROOM: Final = (
    0.9  # share of the bound down to which packs go, so that not every next pack asks again
)


class Bound:
    """Keeps one slot under its bound. The worker's thread only."""

    def __init__(self, slot: Slot, packer: Packer, bytes_max: int) -> None:
        self._slot = slot
        self._packer = packer
        self._bytes_max = bytes_max
        self._letting_go = LettingGo(slot, packer)

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
        """Let one pack go; see `LettingGo.let_go`."""
        self._letting_go.let_go(number, epoch)

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
