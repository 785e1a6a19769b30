"""From the spool to a log elsewhere: in order, again until acknowledged, then deleted."""

from collections import deque

from remit.slot import Slot
from remit.transport import Transport
from remit_schemas.errors import PackError
from remit_schemas.pack import Header
from remit_schemas.spool import pack_name


class Shipping:
    """Sends the packs of one slot in the order of their numbers. The worker's thread only."""

    def __init__(self, slot: Slot, transport: Transport) -> None:
        self._slot = slot
        self._transport = transport
        self._queue = deque(slot.sizes)
        self._sent: dict[int, None] = {}

    def add(self, number: int) -> None:
        """Have a new pack sent."""
        self._queue.append(number)

    def pump(self) -> list[int]:
        """Send what the transport takes and delete what it has stored.

        Returns:
            Numbers that the log will never take; the caller lets them go before the next call.
        """
        for number in self._transport.stored():
            self._sent.pop(number, None)
            self._slot.remove(number)
        oversized = self._transport.take_oversized()
        if self._transport.take_broken():
            self._queue = deque(sorted({*self._sent, *self._queue}))
            self._sent.clear()
        while self._queue and not oversized:
            number = self._queue[0]
            data = self._read(number)
            if data is not None:
                if not self._transport.send(number, _lane_of(data), data):
                    break
                self._sent[number] = None
            self._queue.popleft()
        return oversized

    def is_sent(self, number: int) -> bool:
        """Whether a pack is on its way, and so cannot be let go."""
        return number in self._sent

    def is_done(self, up_to: int) -> bool:
        """Whether every pack up to this number is stored."""
        first = min((*self._queue, *self._sent), default=up_to + 1)
        return first > up_to

    @property
    def is_busy(self) -> bool:
        """Whether anything is not stored yet."""
        return bool(self._queue or self._sent)

    def close(self) -> None:
        """Let go of the connection; what is not stored yet stays in the spool."""
        self._transport.close(0.0)

    def _read(self, number: int) -> bytes | None:
        try:
            return (self._slot.folder / pack_name(number)).read_bytes()
        except FileNotFoundError:
            return None


def _lane_of(data: bytes) -> int:
    try:
        return Header.parse(data).lane
    except PackError:
        return 0  # bytes that power loss spoiled: the reader counts them as unreadable
