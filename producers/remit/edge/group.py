"""Group commit: everybody who waits at once is made durable by one round of syncs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

Sync = Callable[[Callable[[bool], None]], None]
"""Makes durable what was emitted so far, and tells from another thread whether it is."""


class Group:
    """Those who wait for the next sync. On the loop's thread only.

    While one sync runs, whoever comes joins the next: what they emitted may have come too late for the one that runs.
    """

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        self._running: asyncio.Future[bool] | None = None
        self._next: asyncio.Future[bool] | None = None

    def join(self) -> "asyncio.Future[bool]":
        """Wait for everything emitted up to now to survive a power loss; False when the disk refused."""
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            if self._running is None:
                loop.call_soon(self._begin)
        return self._next

    def _begin(self) -> None:
        if self._running is not None or self._next is None:
            return
        self._running, self._next = self._next, None
        loop = asyncio.get_running_loop()
        self._sync(lambda is_safe: _tell(loop, partial(self._end, is_safe)))

    def _end(self, is_safe: bool) -> None:  # noqa: FBT001  # called by position, from the worker
        running, self._running = self._running, None
        if running is not None and not running.done():
            running.set_result(is_safe)
        self._begin()


def _tell(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has closed: nobody waits any more
        loop.call_soon_threadsafe(end)
