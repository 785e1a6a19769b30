"""How often somebody may call: counted in windows, in memory that is bounded whatever names come.

No name is kept, since some are addresses: only a hash, under a key of this process.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 60.0
CALLS_MAX: Final = 1_200
"""Calls of one identity in a window: an open live page makes 120 a minute."""

FAILED_MAX: Final = 10
"""Tokens that are none from one address in a window."""

LOGINS_MAX: Final = 60
"""Ways to the identity provider that one address begins in a window, each of which asks it something: an office in the morning."""

NAMES_MAX: Final = 4096
"""Names that are remembered at once; the one that called longest ago is forgotten first."""

KEY_BYTES: Final = 16
HASH_BYTES: Final = 16


class Limit:
    """Lets each name call so often in a window of time."""

    def __init__(
        self, calls: int, window_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Count calls.

        Args:
            calls: That a name has in each window.
            window_s: Seconds of a window.
            clock: Tells seconds.
        """
        self._calls, self._window_s, self._clock = calls, window_s, clock
        self._counted: OrderedDict[bytes, tuple[float, int]] = OrderedDict()
        self._key = secrets.token_bytes(KEY_BYTES)
        self._lock = threading.Lock()

    def wait_s(self, name: str) -> int:
        """Whole seconds that a name has to wait; 0 where it may call."""
        kept = self._kept(name)
        with self._lock:
            began, count = self._counted.get(kept, (0.0, 0))
            left = began + self._window_s - self._clock()
        return int(left) + 1 if count >= self._calls and left > 0 else 0

    def count(self, name: str) -> None:
        """Count a call."""
        now, kept = self._clock(), self._kept(name)
        with self._lock:
            began, count = self._counted.pop(kept, (now, 0))
            is_over = now >= began + self._window_s
            self._counted[kept] = (now, 1) if is_over else (began, count + 1)
            while len(self._counted) > NAMES_MAX:
                self._counted.popitem(last=False)

    def _kept(self, name: str) -> bytes:
        """What is kept of a name; a header may have brought one that is no UTF-8."""
        whole = name.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(whole, digest_size=HASH_BYTES, key=self._key).digest()
