"""What a client is in one process: slot, packer and worker. A forked child drops it and makes its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from remit.arrivals import Arrivals
from remit.packer import Packer
from remit.salvage import Salvage
from remit.slot import Slot
from remit.transport import Transport
from remit.worker import Flush, Sync, Worker
from remit_schemas.notice import Notice


class Agreed(Protocol):
    """What the client goes by; see `agreement.Agreement`, which brings pydantic and is imported late."""

    @property
    def signed(self) -> bytes:
        """The bundle as it was published."""
        ...

    @property
    def notice(self) -> Notice | None:
        """What people are to be told of the policy in force."""
        ...

    def hand_out(self) -> None:
        """Give out the routes of now."""
        ...

    def learn(self, event: type) -> bool:
        """Make a route for a class of events that has none; say whether it has one now."""
        ...

    def close(self, timeout_s: float) -> None:
        """Wait for what is under way to end."""
        ...


@dataclass(slots=True)
class Core:
    """The parts of a running client.

    Attributes:
        slot: Claimed.
        packer: Takes events.
        worker: Its thread; not started yet.
        transport: To a log elsewhere.
        salvage: Of slots that nobody claims.
        agreement: What it goes by.
    """

    slot: Slot
    packer: Packer
    worker: Worker
    transport: Transport | None
    salvage: Salvage | None
    agreement: Agreed

    def flush(self, timeout_s: float, *, durable: bool) -> bool:
        """Have everything emitted so far on the log, and counts told.

        Returns:
            Whether it is, within `timeout_s`.
        """
        self.packer.close_all()
        self.packer.tell()
        wish = Flush(durable)
        self.packer.out.put(wish)
        return wish.done.wait(timeout_s)

    def sync(self, done: Callable[[bool], None], arrivals: Arrivals | None = None) -> None:
        """Have everything emitted so far survive a power loss; packs stay open. `done` hears of it in the worker's thread."""
        self.packer.out.put(Sync(done, arrivals))

    def close(self, timeout_s: float) -> bool:
        """Flush, end the thread and give the slot up; what was not shipped stays in the spool for the next process."""
        self.packer.shut()
        is_done = self.flush(timeout_s, durable=False)
        is_clean = self.worker.stop(timeout_s)
        self.agreement.close(timeout_s)
        if is_clean:
            self.slot.release(is_clean=True)
        return is_done and is_clean

    def guards(self) -> tuple[AbstractContextManager[object], AbstractContextManager[object]]:
        """Give the locks under which slot, keys and packs are touched: the worker's, then the packer's."""
        return self.worker.still, self.packer.lock

    def abandon(self) -> None:
        """Let go of what belongs to the process this one was forked from, and touch nothing of it."""
        self.slot.abandon()
        if self.transport is not None:
            self.transport.abandon()
        if self.salvage is not None:
            self.salvage.abandon()
