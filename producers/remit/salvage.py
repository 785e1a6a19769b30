"""What dead processes left in slots that nobody claims: shipped from where it lies, in its own order."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remit.leftovers import adopt
from remit.letting_go import LettingGo
from remit.shipping import Shipping
from remit.slot import Slot, has_leftovers, try_lock
from remit.transport import Transport
from remit_schemas import spool

LOOK_S: Final = (
    10.0  # between two looks at the other slots; a restarted app claims what it left at once
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A dead slot that is being shipped."""

    slot: Slot
    transport: Transport
    shipping: Shipping
    letting_go: LettingGo


class Salvage:
    """Ships one dead slot after the other to a log elsewhere, while there is nothing else to ship.

    The packs are never moved: those of a lane must reach the log in the order of their numbers, whoever ships them.
    """

    def __init__(self, root: Path, connect: Callable[[], Transport]) -> None:
        self._root = root
        self._connect = connect
        self._look_at = 0.0
        self._found: _Found | None = None

    def look(self, now: float, *, is_idle: bool) -> None:
        """Give a slot back that is shipped, and look for another; under the worker's lock, since locks change hands.

        Args:
            now: Monotonic seconds.
            is_idle: Whether the worker's own slot has nothing to ship.
        """
        if self._found is not None and not self._found.shipping.is_busy:
            self.close()
        if self._found is None and is_idle and now >= self._look_at:
            self._look_at = now + LOOK_S
            self._find()

    def ship(self, epoch: tuple[bytes, bytes]) -> None:
        """Ship some more of what was found."""
        if self._found is not None:
            for number in self._found.shipping.pump():
                self._found.letting_go.let_go(number, epoch)

    @property
    def is_busy(self) -> bool:
        """Whether a slot was found and is not shipped yet."""
        return self._found is not None

    def abandon(self) -> None:
        """Leave what was found to the process that this one was forked from."""
        if self._found is not None:
            found, self._found = self._found, None
            found.transport.abandon()
            found.slot.abandon()

    def close(self) -> None:
        """Give a slot back; what was not shipped stays in it."""
        if self._found is not None:
            found, self._found = self._found, None
            self._look_at = 0.0
            found.transport.close(0.0)
            found.slot.release(is_clean=True)

    def _find(self) -> None:
        for number in range(spool.SLOTS):
            folder = self._root / spool.slot_name(number)
            if not has_leftovers(self._root, number):
                continue
            lock = try_lock(folder)
            if lock is not None:
                self._found = self._take(folder, lock)
                return

    def _take(self, folder: Path, lock: int) -> _Found:
        """Make a dead slot's packs ready to ship; whatever fails, its lock is free again."""
        try:
            slot = Slot(folder, lock)
            adopt(slot)
            transport = self._connect()
        except BaseException:
            os.close(lock)
            raise
        return _Found(slot, transport, Shipping(slot, transport), LettingGo(slot))
