"""How many events of a contract a process takes, where its policy says so: a share of the subjects, so many in a time."""

import threading
import time
from collections.abc import Callable
from hashlib import blake2b

from remit_schemas.lane import lane_of


class Meter:
    """Counts one contract's events in this process. Any thread may call."""

    def __init__(
        self,
        sample_of: int,
        events_max: int | None,
        window_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing taken.

        Args:
            sample_of: Of so many subjects one is taken; 0 takes all.
            events_max: Events in a window; None is no bound.
            window_s: Seconds of a window.
            now: Monotonic seconds.
        """
        self._sample_of = sample_of
        self._events_max = events_max
        self._window_s = window_s
        self._now = now
        self._lock = threading.RLock()  # a signal handler may emit inside an emit
        self._turn = 0
        self._window_ends = 0.0
        self._taken = 0

    def samples(self, subject: str | None, key: bytes) -> bool:
        """Whether an event is in the sample: a subject wholly or not at all, in every process; else one in so many.

        Args:
            subject: Whom it is about.
            key: As `sample_key` makes it.
        """
        if not self._sample_of:
            return True
        if subject:
            return lane_of(subject, self._sample_of, key) == 0
        with self._lock:
            turn, self._turn = self._turn, (self._turn + 1) % self._sample_of
        return turn == 0

    def takes(self) -> bool:
        """Count one event more, if there is room for it in this window; windows begin with their first event."""
        if self._events_max is None:
            return True
        now = self._now()
        with self._lock:
            if now >= self._window_ends:
                self._window_ends = now + self._window_s
                self._taken = 0
            if self._taken >= self._events_max:
                return False
            self._taken += 1
            return True


def sample_key(lane_key: bytes) -> bytes:
    """Make the key of samples: with the lanes' own, some lanes would be wholly in a sample and others empty."""
    return blake2b(b"sample", key=lane_key, digest_size=len(lane_key)).digest()
