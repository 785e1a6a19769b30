"""The bundle's file, read again whenever it changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from remit.settings import Places
from remit_schemas.bundle import BUNDLE_NAME, Bundle, decode_bundle, read_signed
from remit_schemas.errors import RemitError
from remit_schemas.spool import FOLDER
from remit_schemas.trust import trust_of

PIN: Final = "verify-key"  # the key of the first bundle seen, beside the spool's id


class BundleWatch:
    """Reads the bundle and notices a new one.

    Attributes:
        faults: Times the file was there and could not be believed.
        signed: The bundle that was read last, as it was published.
    """

    def __init__(self, places: Places) -> None:
        self.faults = 0
        self.signed = b""
        self._path = places.keys / BUNDLE_NAME
        self._pin = places.data / FOLDER / PIN
        self._trust = trust_of(places.trust) if places.trust else None
        self._seen: tuple[int, int, int] | None = None
        self._bad: tuple[int, int, int] | None = None

    def read(self) -> Bundle:
        """Read the bundle.

        Raises:
            BundleError: It is missing, or not to be believed.
        """
        seen = _signature(self._path)
        signed = read_signed(self._path)
        bundle = decode_bundle(signed, trust=self._trust, pin=self._pin)
        self._seen, self.signed = seen, signed
        return bundle

    def changed(self) -> Bundle | None:
        """Give the bundle if it is another than the last one read; a bad one is counted once, and the old one holds.

        It is read again at the next look: it may be this process that could not, without a file descriptor left.
        """
        seen = _signature(self._path)
        if seen is None or seen == self._seen:
            return None
        try:
            return self.read()
        except RemitError:
            self.faults += seen != self._bad
            self._bad = seen
            return None

    has_news = False
    """A file tells nobody: it has to be looked at."""

    def attend(self, wake: Callable[[], None]) -> None:
        """Nothing looks at the file but whoever asks `changed`."""

    def close(self, timeout_s: float) -> None:
        """Nothing is under way between two looks at a file."""


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
