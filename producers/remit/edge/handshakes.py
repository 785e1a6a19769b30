"""TLS handshakes of a port: how many are on their way at once for each address, for how long, and how many a second.

A handshake costs its sender a few bytes, and the server a file and buffers until it ends, and a signature. So each is counted
before it begins: what is too many of one address is hung up on, without a word of TLS.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from socket import socket
from typing import Final

from remit.edge.addresses import Addresses

ONE_MAX: Final = 64
"""Of one address: a handshake is over within two round trips, so that 64 at once are 300 each second from 100 ms away."""

ALL_MAX: Final = 1024
"""Of all addresses: below the 1,024 files that a process may commonly have open, beyond which it accepts nobody at all."""

LOCAL: Final = frozenset(("127.0.0.1", "::1"))
"""This machine itself has as many as all: a proxy that hands TLS on, and that nobody told of, or the operator."""

RATE: Final = 300.0
"""A second, of one address, and two seconds of them at once: from nearby, 64 at once are thousands each second, of which
every one has something signed."""

HOME_BITS: Final = 64
"""Bits of an IPv6 address that are one sender's choice (RFC 6177, 2)."""

TAKEN_AT_ONCE: Final = 100
"""Connections that are accepted before others are answered, as asyncio has it."""

PAUSE_S: Final = 1.0
"""So long nobody is accepted where the system has no more files, as asyncio has it."""

Make = Callable[[], asyncio.Protocol]


def _nothing() -> None:
    """Count nothing."""


class Handshakes:
    """Accepts connections of one socket and begins TLS on each. On the loop's thread only.

    Attributes:
        refused: Told of each connection that was one too many.
    """

    def __init__(
        self, context: ssl.SSLContext, timeout_s: float, refused: Callable[[], None] = _nothing
    ) -> None:
        """Begin with none.

        Args:
            context: What TLS is spoken with.
            timeout_s: Within which a handshake is over.
            refused: Told of each connection that is one too many.
        """
        self._context, self._timeout_s, self.refused = context, timeout_s, refused
        self._on_way: Counter[str] = Counter()
        self._begun = Addresses(RATE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket | None = None

    def begin(self, listener: socket, make: Make) -> None:
        """Accept what comes to a socket, until `end`.

        Args:
            listener: Listens already.
            make: Makes the protocol of a connection, once its handshake is over.
        """
        listener.settimeout(0.0)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, make)

    def end(self) -> None:
        """Accept nobody any more, and end what is on its way."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for task in self._tasks:
            task.cancel()

    def _accept(self, make: Make) -> None:
        listener, loop = self._listener, asyncio.get_running_loop()
        for _ in range(TAKEN_AT_ONCE):
            if listener is None:
                return
            try:
                connection, address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no more files: it would be called again at once
                loop.remove_reader(listener)
                loop.call_later(PAUSE_S, self._again, make)
                return
            self._take(connection, home_of(address[0]), make)

    def _again(self, make: Make) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept, make)

    def _take(self, connection: socket, home: str, make: Make) -> None:
        """Begin a handshake, or hang up where it is one too many."""
        most = ALL_MAX if home in LOCAL else ONE_MAX
        is_full = self._on_way[home] >= most or len(self._tasks) >= ALL_MAX
        if is_full or self._begun.wait_s(home):
            self.refused()
            connection.close()
            return
        self._on_way[home] += 1
        task = asyncio.get_running_loop().create_task(self._shake(connection, make))
        self._tasks.add(task)
        task.add_done_callback(partial(self._over, home))

    async def _shake(self, connection: socket, make: Make) -> None:
        connection.settimeout(0.0)
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                make, connection, ssl=self._context, ssl_handshake_timeout=self._timeout_s
            )
        except (OSError, asyncio.CancelledError):  # not TLS, too slow, gone, or the server ends
            connection.close()

    def _over(self, home: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._on_way[home] -= 1
        if not self._on_way[home]:
            del self._on_way[home]


def home_of(address: str) -> str:
    """Whose an address is: of IPv6 the network, as text without the host."""
    if ":" not in address:
        return address
    whole = ip_address(address.partition("%")[0])
    mapped = getattr(whole, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    return str(whole) if str(whole) in LOCAL else str(int(whole) >> (128 - HOME_BITS))
