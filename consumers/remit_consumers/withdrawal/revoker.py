"""The revoker: a consumer's housekeeping that rewrites soon after a denial, beside the flushes and not in their way."""

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread

from remit_consumers.clock import Clock, utc_now
from remit_consumers.lake.columns import WITHDRAWN_TABLE
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.tables import is_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.metrics import Metrics
from remit_consumers.withdrawal.narrow import PlanOf
from remit_consumers.withdrawal.revoke import GRACE_S, Done, revoke, vacuum_all
from remit_schemas.errors import LakeError, RemitError

SOON_S = 1.0
"""How long after a denial was recorded its rows are rewritten: those of a second go in one commit for each table."""

AGAIN_S = 30.0
"""How often it looks for what other consumers recorded and nobody carried out, such as one that was killed."""

Renew = Callable[[], object]

log = logging.getLogger("remit.revoke")


class Revoker:
    """Carries out withdrawals for one consumer; of several consumers of a lake one does at a time."""

    def __init__(
        self,
        lake: Lake,
        plan_of: PlanOf,
        metrics: Metrics,
        now: Clock = utc_now,
        renew: Renew = lambda: None,
    ) -> None:
        """Take what it works with.

        Args:
            lake: That it rewrites.
            plan_of: Gives the plan of a contract under a policy version.
            metrics: Counts what is done.
            now: Tells the time.
            renew: Makes the files of purposes' views anew; what fails there is told and counted here.
        """
        self._renew = renew
        self._root = lake.root
        self._plan_of = plan_of
        self._metrics = metrics
        self._now = now
        self._vacuum = Vacuum()
        self._due_at = time.monotonic()  # at once: a crash may have left some
        self._working: Thread | None = None
        self._turn = Lock()

    def notice(self) -> None:
        """Withdrawals were recorded: carry them out soon."""
        self._due_at = min(self._due_at, time.monotonic() + SOON_S)

    def tend(self) -> None:
        """Begin what is due, in a thread of its own; never waits."""
        if time.monotonic() < self._due_at or (self._working and self._working.is_alive()):
            return
        self._due_at = time.monotonic() + AGAIN_S
        if self._is_any():
            self._working = Thread(target=self.work, name="remit-revoke", daemon=True)
            self._working.start()

    def stop(self) -> None:
        """Carry out what is pending, and end."""
        if self._working is not None:
            self._working.join()
        if self._is_any():
            self.work()

    def _is_any(self) -> bool:
        """Whether anybody ever withdrew; where the lake cannot say, the work itself will tell why."""
        try:
            return is_table(self._root, WITHDRAWN_TABLE)
        except LakeError:
            return True

    def work(self) -> None:
        """Carry out what is pending; what fails is told, counted and tried again."""
        with self._turn:
            try:
                done = self._go()
            except (RemitError, OSError) as error:
                self._metrics.faults.labels("revoke").inc()
                log.error("stored rows cannot be rewritten, trying again: %s", error)  # noqa: TRY400 - names folders, causes
            else:
                self._metrics.count_removed(done.receipts)
                self._metrics.waited(done.waited_s, done.erasures_waited_s)
                for why in done.waiting:
                    self._metrics.faults.labels("revoke").inc()
                    log.error("stored rows cannot be rewritten, trying again: %s", why)

    def _go(self) -> Done:
        """Carry out what is pending, go by go."""
        whole = Done()
        while (done := revoke(self._root, self._plan_of, self._now(), self._vacuum)) is not None:
            whole = whole.and_then(done)
            if not done.withdrawals or not done.left:
                break
        else:  # another process is at it, and may have begun before our own were recorded
            self.notice()
            return whole
        if whole.left:
            self._due_at = min(self._due_at, time.monotonic() + AGAIN_S)
        if whole.withdrawals or whole.left:  # what waits is used for nothing meanwhile
            self._renew()
        vacuum_all(self._root, self._vacuum, GRACE_S)
        return whole
