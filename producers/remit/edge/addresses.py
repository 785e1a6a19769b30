"""How often one address may ask, in memory that is bounded. No address is kept: only a hash, under a key of this process."""

import hashlib
import secrets
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

BURST_S: Final = 2.0
"""As a write key's (`remit.edge.sources.Bucket`): so many seconds' worth may come at once."""

ADDRESSES_MAX: Final = 1 << 16
"""In each of two generations, some 8 MB each: more than ask within two seconds of what one core answers. Beyond that the
older generation goes early, and who is in it begins anew: memory stays bounded, whoever sends from how many addresses."""

HOME_BITS: Final = 64
"""Bits of an IPv6 address that are one sender's choice: the rest is its network's (RFC 6177, 2)."""

ROUNDING_S: Final = 1e-6
"""What sums of floats differ by, and more: the last request of an allowance is one of it."""

NAME_BYTES: Final = 8
LOCAL: Final = frozenset(("127.0.0.1", "::1"))
"""As servers name who asks from this machine."""


class Addresses:
    """Lets each address ask so often. On the loop's thread only.

    For each one number is kept: when all that it asked would be over at its rate (the generic cell rate algorithm).
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody known.

        Args:
            rate: Requests a second of an address; two seconds of them at once.
            clock: Tells seconds.
        """
        self._each_s = 1 / rate
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._young: dict[bytes, float] = {}
        self._old: dict[bytes, float] = {}
        self._turn_at = clock() + BURST_S

    def __len__(self) -> int:
        """How many are known."""
        return len(self._young) + len(self._old)

    def wait_s(self, address: str | None) -> float:
        """Count a request.

        Args:
            address: Of who asks, by the rule of trusted proxies; all whom the proxies do not name share one. This machine
                itself is not limited: it is a proxy that nobody told of, or the operator.

        Returns:
            0 where it may ask; else the seconds until it may, and it is not counted.
        """
        if address in LOCAL:
            return 0.0
        now = self._clock()
        if now >= self._turn_at or len(self._young) >= ADDRESSES_MAX:
            # who asked last two seconds ago has a full allowance again, and need not be known
            self._old, self._young, self._turn_at = self._young, {}, now + BURST_S
        name = self._name(address)
        over_at = self._young.get(name) or self._old.get(name, 0.0)
        over_at = max(over_at, now) + self._each_s
        if over_at - now > BURST_S + ROUNDING_S:
            return over_at - now - BURST_S
        self._young[name] = over_at
        return 0.0

    def _name(self, address: str | None) -> bytes:
        home = address or ""
        if ":" in home:
            home = str(int(ip_address(home.partition("%")[0])) >> (128 - HOME_BITS))
        return hashlib.blake2b(home.encode(), digest_size=NAME_BYTES, key=self._key).digest()
