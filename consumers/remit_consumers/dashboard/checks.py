"""The full check of `remit verify`, run in the background because it reads every byte, and its last result."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from remit_consumers.proof.verify import Verification
from remit_schemas.errors import RemitError

log = logging.getLogger("remit.dashboard")


Heads = Mapping[str, tuple[int, str]]
"""For each table, its newest version in the chain and the head after it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that ended.

    Attributes:
        found: What it found; None where it could not be done.
        fault: Why not.
        heads: Of the chains when it began.
        at: When it ended, aware UTC.
    """

    found: Verification | None
    fault: str
    heads: Heads
    at: datetime


class Checks:
    """Runs one check at a time."""

    def __init__(self, verify: Callable[[], Verification]) -> None:
        self._verify = verify
        self._last: Checked | None = None
        self._running = threading.Lock()

    @property
    def last(self) -> Checked | None:
        """The last one that ended."""
        return self._last

    @property
    def is_running(self) -> bool:
        """Whether one is under way."""
        return self._running.locked()

    def begin(self, heads: Heads) -> None:
        """Begin one, unless one is under way."""
        if self._running.acquire(blocking=False):
            threading.Thread(
                target=self._run, args=(heads,), name="remit-check", daemon=True
            ).start()

    def _run(self, heads: Heads) -> None:
        try:
            found, fault = self._verify(), ""
        except RemitError as error:
            found, fault = None, str(error)
        except Exception as error:  # noqa: BLE001 - the outermost call of its thread
            log.error("the check ended with %s", type(error).__name__)  # noqa: TRY400 - a traceback may show values
            found, fault = None, type(error).__name__
        self._last = Checked(found, fault, heads, datetime.now(UTC))
        self._running.release()
