"""How long the bundle that was published is fresh, whichever process signed it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from remit_consumers.keyfiles import FileState, file_state
from remit_schemas.bundle import BUNDLE_NAME, read_bundle
from remit_schemas.errors import BundleError


class Freshness:
    """The freshness of the bundle in one key store."""

    def __init__(self, folder: Path, lasts: timedelta, verify_key: Callable[[], bytes]) -> None:
        """Begin with what is published.

        Args:
            folder: The key store's.
            lasts: How long a bundle is fresh from its signing.
            verify_key: Gives the key that a bundle must be signed with.
        """
        self._file = folder / BUNDLE_NAME
        self._lasts = lasts
        self._verify_key = verify_key
        self._renewed_until: datetime | None = None  # by this process; others may have done so, too
        self._published_as: FileState | None = None
        self._published_until: datetime | None = None

    def renew(self, now: datetime) -> None:
        """Have the next bundle be fresh anew."""
        self._renewed_until = now + self._lasts

    def is_ending(self, now: datetime) -> bool:
        """Whether half of the time is over, so that a producer that looks rarely never sees a stale bundle."""
        until = self.until
        return until is None or now >= until - self._lasts / 2

    @property
    def until(self) -> datetime | None:
        """Until when the bundle is fresh: as this process signed it, or another one that was later."""
        state = file_state(self._file)
        if state != self._published_as:
            self._published_as, self._published_until = state, self._read()
        known = [until for until in (self._renewed_until, self._published_until) if until]
        return max(known, default=None)

    def _read(self) -> datetime | None:
        try:
            return read_bundle(self._file, trust=self._verify_key(), pin=None).fresh_until
        except BundleError:
            return None
