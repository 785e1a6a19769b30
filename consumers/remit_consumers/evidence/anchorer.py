"""The anchorer of a running consumer: anchors the chains once a day, in a thread of its own and never in the flush's way.

An authority of time-stamps may drip its answer, and git may wait for a disk: events do not wait with them.
"""

import logging

from remit_consumers.chore import Chore
from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.evidence.anchor import EVERY
from remit_consumers.evidence.anchoring import anchor
from remit_consumers.metrics import Metrics
from remit_schemas.errors import RemitError

EVERY_S = 60.0
"""How often it looks whether an anchor is due, and shows how old the last one is."""

ENDING_S = 5.0
"""How long the end of a consumer waits for one; an anchor is whole or not there, and the next start makes it."""

log = logging.getLogger("remit.anchor")


class Anchorer(Chore):
    """Anchors for one consumer; of several consumers of a lake one does at a time."""

    def __init__(self, deployment: Deployment, metrics: Metrics, now: Clock = utc_now) -> None:
        super().__init__("remit-anchor", every_s=EVERY_S, first_s=0.0, ending_s=ENDING_S)
        self._deployment = deployment
        self._metrics = metrics
        self._now = now

    def _work(self) -> None:
        """Anchor if that is due; what fails is told, counted and tried again."""
        now = self._now()
        try:
            last = anchor(self._deployment.settings, self._deployment.keys, now, every=EVERY)
        except (RemitError, OSError) as error:
            self._metrics.faults.labels("anchor").inc()
            log.error("the chains cannot be anchored, trying again: %s", error)  # noqa: TRY400 - names files, causes
            return
        if last is not None:
            self._metrics.anchor_age.set((now - last.at).total_seconds())
