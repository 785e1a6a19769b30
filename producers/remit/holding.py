"""Events that wait for their subject's answer: in this process's memory only, and only so many, for so long.

Source: policy 2021-11-01, clause S008: nothing is collected before the policy is agreed to.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from remit.answers import Who
from remit.route import Route

HELD_EVENTS_MAX: Final = 4096  # of all subjects; whoever has waited longest goes first
HELD_BYTES_MAX: Final = 4 << 20  # of their datums; the objects take two or three times as much
HELD_OF_ONE_MAX: Final = 64  # of one subject: a visit before anything is answered is not longer
HELD_S: Final = 3600.0  # who has not answered within an hour has left


@dataclass(frozen=True, slots=True)
class Offer:
    """An event that something has to be asked of before it may go.

    Attributes:
        route: Its way, as it was when it was offered.
        event: As the app built it.
        subject: Whom it is about.
        tenant: Whose customer that is.
        signals: What the subject's browser said beside it.
        is_late: Whether it was held before.
    """

    route: Route
    event: object
    subject: str | None
    tenant: str | None
    signals: tuple[str, ...] = ()
    is_late: bool = False

    @property
    def who(self) -> Who:
        """Who must answer."""
        return self.subject or None, self.tenant or None


@dataclass(slots=True)
class _Queue:
    """What one subject has waiting, oldest first; with the bytes of each."""

    since: float
    offers: deque[tuple[Offer, int]] = field(default_factory=deque)


class Holding:
    """Held events, by who must answer. Under the gate's lock."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Who, _Queue] = OrderedDict()
        self._bytes = 0
        self._is_shut = False
        self._is_adding = False
        self.count = 0

    def add(self, offer: Offer, size: int, now: float) -> list[Offer] | None:
        """Have an event wait.

        Args:
            offer: The event.
            size: Bytes of its datum and subject.
            now: Monotonic seconds.

        Returns:
            What had to go for it; None when it cannot wait itself.
        """
        if self._is_shut or self._is_adding:  # the latter: a signal's handler, inside another's add
            return None
        self._is_adding = True
        try:
            return self._add(offer, size, now)
        finally:
            self._is_adding = False

    def take(self, who: Who) -> list[Offer]:
        """Give what waits for this answer, oldest first, and hold it no more."""
        queue = self._queues.pop(who, None)
        if queue is None:
            return []
        offers, size = list(queue.offers), sum(size for _, size in queue.offers)
        count = len(offers)
        # In one piece: no signal's handler comes between reading a count and writing it.
        self.count -= count
        self._bytes -= size
        return [offer for offer, _ in offers]

    def take_old(self, now: float) -> list[Offer]:
        """Give what has waited too long, and hold it no more."""
        old: list[Offer] = []
        while self._queues and next(iter(self._queues.values())).since <= now - HELD_S:
            old += self._take_first()
        return old

    def shut(self) -> list[Offer]:
        """Give everything that waits, and hold nothing from now on."""
        self._is_shut = True
        return [offer for who in list(self._queues) for offer in self.take(who)]

    def _add(self, offer: Offer, size: int, now: float) -> list[Offer] | None:
        queue = self._queues.get(offer.who)
        if size > HELD_BYTES_MAX or (queue and len(queue.offers) >= HELD_OF_ONE_MAX):
            return None
        if queue is None:
            queue = self._queues[offer.who] = _Queue(now)
        queue.offers.append((offer, size))
        self.count += 1
        self._bytes += size
        gone: list[Offer] = []
        while self.count > HELD_EVENTS_MAX or self._bytes > HELD_BYTES_MAX:
            gone += self._take_first()
        return gone

    def _take_first(self) -> list[Offer]:
        return self.take(next(iter(self._queues)))
