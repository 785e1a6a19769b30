"""The one thread of a client: closes, rewrites, numbers and ships packs, and watches bound and bundle."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty
from typing import Final

from remit.arrivals import Arrivals
from remit.bound import Bound
from remit.closed import Closed
from remit.open_pack import Buffer
from remit.packer import Packer
from remit.rewrite import rewrite
from remit.salvage import Salvage
from remit.settings import Settings
from remit.shipping import Shipping
from remit.slot import Slot

TELL_S: Final = (
    1.0  # counts that no pack carries wait this long for one before an empty pack tells them
)
TICK_S: Final = 0.01  # while packs wait for acknowledgement: how often it is looked for
TICKS_PER_AGE: Final = 4  # a pack closes within a quarter of its age after it is due
FAULT_PAUSE_S: Final = 0.1  # after a fault of the disk: not so short that it burns the processor
RESCAN_S: Final = (
    10.0  # how often packs that a reader deleted are noticed while the spool is not full
)
GATHER_MAX: Final = 64  # packs written before the upkeep has its turn


@dataclass(slots=True)
class Flush:
    """A wish to have everything emitted so far on the log.

    Attributes:
        is_durable: Files and folder synced.
        done: Set once it is so.
        up_to: The number up to which packs must be stored; known once all are written.
    """

    is_durable: bool
    done: threading.Event = field(default_factory=threading.Event)
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """A wish to have everything emitted so far survive a power loss, while packs stay open.

    Attributes:
        done: Called by the worker with whether it is so; must not raise.
        arrivals: The journal that is to say so, too.
    """

    done: Callable[[bool], None]
    arrivals: Arrivals | None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the worker works with.

    Attributes:
        slot: Where packs are written.
        packer: Where they come from.
        bound: Of the slot.
        shipping: To a log elsewhere; None where the spool is the log.
        salvage: Of slots that nobody claims; where there is shipping.
        refresh: Looks whether the bundle changed.
        has_news: Whether it has, so that looking cannot wait.
    """

    slot: Slot
    packer: Packer
    bound: Bound
    shipping: Shipping | None
    salvage: Salvage | None
    refresh: Callable[[], None]
    has_news: Callable[[], bool]


class Worker(threading.Thread):
    """Runs until `stop`.

    Attributes:
        faults: Rounds that failed; what they did not do is tried again.
        still: Held while files are written; who forks takes it first.
    """

    def __init__(self, parts: Parts, settings: Settings) -> None:
        super().__init__(name="remit-worker", daemon=True)
        self.faults = 0
        self.still = threading.Lock()
        self._parts = parts
        self._tick_s = settings.pack_age_s / TICKS_PER_AGE
        self._poll_s = min(settings.bundle_poll_s, TELL_S)
        self._bundle_poll_s = settings.bundle_poll_s
        self._todo: deque[Closed] = deque()
        self._flushes: list[Flush] = []
        self._syncs: list[Sync] = []
        self._spent: list[Buffer] = []  # their packs are written anew
        self._keeps_durable = False  # from the first Sync on: what was synced stays so
        self._is_over = False
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Work until told to stop; no fault of the world ends it."""
        while not self._is_over:
            try:
                self._gather(self._wait_s())
                with self.still:
                    self._write()
                    self._sync()
                    self._upkeep(time.monotonic())
                self._ship()
                with self.still:
                    self._answer()
            except Exception:  # noqa: BLE001  # outermost loop: counted, and tried again
                self.faults += 1
                time.sleep(FAULT_PAUSE_S)
        self._part()

    def stop(self, timeout_s: float) -> bool:
        """End the thread.

        Returns:
            Whether it has ended, with nothing left unwritten.
        """
        self._is_over = True
        self._parts.packer.out.put(None)
        self.join(timeout_s)
        return not self.is_alive() and not self._todo

    def _wait_s(self) -> float:
        shipping = self._parts.shipping
        if self._todo:
            return 0.0
        salvage = self._parts.salvage
        if shipping is not None and (shipping.is_busy or (salvage and salvage.is_busy)):
            return TICK_S
        return self._poll_s if self._parts.packer.is_idle else min(self._tick_s, self._poll_s)

    def _gather(self, wait_s: float) -> None:
        out = self._parts.packer.out
        try:
            item = out.get(timeout=wait_s) if wait_s else out.get_nowait()
            while True:
                self._take(item)
                if len(self._todo) >= GATHER_MAX:
                    return
                item = out.get_nowait()
        except Empty:
            return

    def _take(self, item: object) -> None:
        if isinstance(item, Closed):
            self._todo.append(item)
        elif isinstance(item, Flush):
            self._flushes.append(item)
        elif isinstance(item, Sync):
            self._keeps_durable = True
            self._syncs.append(item)

    def _write(self) -> None:
        while self._todo:
            number = self._number_of(self._todo[0])
            closed = self._todo.popleft()
            self._parts.packer.written(closed)
            if self._parts.shipping is not None and number is not None:
                self._parts.shipping.add(number)
        self._recycle()

    def _recycle(self) -> None:
        """Use the files of rewritten packs again; where they were synced, only when what replaces them is, too."""
        if self._spent and self._keeps_durable:
            self._parts.slot.sync()
        while self._spent:
            self._parts.slot.recycle(self._spent.pop())

    def _sync(self) -> None:
        """Answer all who wait for what they emitted to survive a power loss, with one round of syncs."""
        if not self._syncs:
            return
        waiting, self._syncs = self._syncs, []
        is_safe = False
        try:
            self._sync_for(waiting)
            is_safe = True
        except OSError:
            self.faults += 1
            self._parts.packer.close_all()  # written anew from memory: the old pages cannot be trusted
        finally:
            for wish in waiting:
                wish.done(is_safe)

    def _sync_for(self, waiting: Sequence[Sync]) -> None:
        """Sync what was emitted up to now: in packs that are open, or that closed since this round began."""
        packer = self._parts.packer
        with packer.lock:  # what is in a journal by now is in its pack, too
            journals = {one.arrivals: one.arrivals.end for one in waiting if one.arrivals}
            packs, closed = packer.open_now()
        for _ in range(closed):
            self._take(packer.out.get_nowait())
        self._write()
        has_new = any(not pack.synced for pack in packs)
        for pack in packs:
            pack.sync()
        self._parts.slot.sync(always=has_new)
        for arrivals, up_to in journals.items():
            arrivals.sync(up_to)

    def _number_of(self, closed: Closed) -> int | None:
        """Write one pack in form 2; where there is no memory or no room for that, number it as it stands."""
        slot, buffer = self._parts.slot, closed.buffer
        if buffer is None:
            return self._number_of_empty(closed)
        if closed.datums is None:
            return slot.take_over(buffer.path, closed.end)
        try:
            number = slot.write(rewrite(closed))
        except OSError:
            closed.datums = (
                None  # from here on the file is cut: it is never recycled, whatever comes
            )
            return slot.take_over(buffer.path, closed.end)
        self._spent.append(buffer)
        return number

    def _number_of_empty(self, closed: Closed) -> int | None:
        """Write a pack that only carries counts; where there is no room, they wait for a later one."""
        try:
            return self._parts.slot.write(rewrite(closed))
        except OSError:
            if self._parts.packer.take_back(closed):
                return None
            raise

    def _upkeep(self, now: float) -> None:
        parts = self._parts
        parts.packer.close_old(now)
        if self._is_due("bundle", now, self._bundle_poll_s) or parts.has_news():
            parts.refresh()
        if self._is_due("tell", now, TELL_S):
            parts.packer.tell()
        if self._is_due("rescan", now, RESCAN_S):
            parts.slot.rescan()
        if parts.salvage is not None and parts.shipping is not None:
            parts.salvage.look(now, is_idle=not parts.shipping.is_busy)
        parts.bound.keep(parts.shipping.is_sent if parts.shipping else _never, parts.packer.epoch)

    def _ship(self) -> None:
        """Send; not under the lock, since a broker that is down may hold this up for half a second."""
        parts = self._parts
        if parts.shipping is not None:
            for number in parts.shipping.pump():
                parts.bound.let_go(number, parts.packer.epoch)
        if parts.salvage is not None:
            parts.salvage.ship(parts.packer.epoch)

    def _part(self) -> None:
        """Let go of the log elsewhere; in this thread, since it may never come back.

        glibc looks names up under a lock of its own. A fork in the middle of that leaves the lock taken in the child
        for ever, and librdkafka's end there waits for it (seen in 2 of 150 forks within the first 12 ms).
        """
        shipping, salvage = self._parts.shipping, self._parts.salvage
        if salvage is not None:
            with self.still:
                salvage.close()
        if shipping is not None:
            shipping.close()

    def _is_due(self, what: str, now: float, every_s: float) -> bool:
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    def _answer(self) -> None:
        slot, shipping = self._parts.slot, self._parts.shipping
        if any(flush.is_durable and flush.up_to is None for flush in self._flushes):
            slot.sync()  # once for all who wait
        for flush in list(self._flushes):
            if flush.up_to is None:
                flush.up_to = slot.last
            if shipping is None or shipping.is_done(flush.up_to):
                self._flushes.remove(flush)
                flush.done.set()


def _never(number: int) -> bool:  # noqa: ARG001  # on the embedded log nothing is on its way
    return False
