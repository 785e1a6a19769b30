"""The sweeper of a running consumer: once an hour what is due goes, in a thread of its own and never in the flush's way."""

import logging

from remit_consumers.chore import Chore
from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.metrics import Metrics
from remit_consumers.plans import Plans
from remit_consumers.retention.planning import overdue
from remit_consumers.retention.sweep import Sweep
from remit_consumers.views.renewing import renew
from remit_consumers.withdrawal.revoke import GRACE_S
from remit_schemas.errors import RemitError

FIRST_S = 60.0
"""How long after its start a consumer sweeps first: one that stores a few packs and ends leaves it to others."""

EVERY_S = 3_600.0
"""How often: ends fall on the beginning of a UTC day, so nothing stays for more than this after it."""

ENDING_S = 30.0
"""How long the end of a consumer waits for a sweep; one that is cut off is carried on by the next."""

log = logging.getLogger("remit.sweep")


class Sweeper(Chore):
    """Sweeps for one consumer; of several consumers of a lake one does at a time."""

    def __init__(
        self, deployment: Deployment, plans: Plans, metrics: Metrics, now: Clock = utc_now
    ) -> None:
        super().__init__("remit-sweep", every_s=EVERY_S, first_s=FIRST_S, ending_s=ENDING_S)
        self._deployment = deployment
        self._plans = plans
        self._metrics = metrics
        self._now = now
        root = deployment.lake.root
        self._sweep = Sweep(root, plans.plan, Vacuum(), grace_s=GRACE_S)

    def _work(self) -> None:
        """Sweep; what fails is told, counted and tried again."""
        try:
            self._go()
        except (RemitError, OSError) as error:
            self.hurry(FIRST_S)
            self._metrics.faults.labels("sweep").inc()
            log.error("what is due cannot be swept, trying again: %s", error)  # noqa: TRY400 - names folders, causes

    def _go(self) -> None:
        """Say what is due, sweep it, and say what is due still."""
        now, root = self._now(), self._deployment.lake.root
        if not root.is_dir():
            return
        self._plans.take_up()
        self._metrics.due(overdue(root, self._plans.plan, now))
        done = self._sweep.apply(now)
        if done is None:
            return
        self._metrics.count_removed(done.receipts)
        self._metrics.compacted.inc(done.merged)
        self._metrics.renewed.inc(done.renewed.files)
        self._metrics.standing.old_files.set(done.renewed.left)
        for why in done.uncut:
            self._metrics.faults.labels("cut").inc()
            log.error("a log is not cut: %s", why)
        self._metrics.due(overdue(root, self._plans.plan, now))
        renew(self._deployment.settings, self._deployment.policy, self._now)
