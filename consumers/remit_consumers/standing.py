"""How an installation stands, told to Prometheus: looked at in a thread of its own, never in a flush's way."""

import logging
import time

from remit_consumers.chore import Chore
from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.lake.held import held_in
from remit_consumers.metrics import Metrics
from remit_consumers.proof.verified import last
from remit_consumers.subjects import Subjects
from remit_schemas.errors import RemitError

EVERY_S = 30.0
"""How often it is looked at: what it tells changes in minutes."""

ENDING_S = 0.0
"""The end of a consumer waits for no look."""

SUBJECTS_EVERY_S = 600.0
"""How often subjects are counted: each new file is read for it."""

SUBJECTS_FIRST_S = 60.0
"""How long after the start that begins: every file is new then, and producers wait."""

log = logging.getLogger("remit.standing")


class Standing(Chore):
    """Tells how one installation stands."""

    def __init__(self, deployment: Deployment, metrics: Metrics, now: Clock = utc_now) -> None:
        super().__init__("remit-standing", every_s=EVERY_S, first_s=0.0, ending_s=ENDING_S)
        self._deployment = deployment
        self._metrics = metrics
        self._now = now
        self._subjects = Subjects(deployment.lake.root)
        self._subjects_at = time.monotonic() + SUBJECTS_FIRST_S

    def _work(self) -> None:
        """Look at everything once; what cannot be read now stays as it was, and is counted."""
        try:
            self._look()
            if time.monotonic() >= self._subjects_at:
                self._subjects_at = time.monotonic() + SUBJECTS_EVERY_S
                self.count_subjects()
        except (RemitError, OSError) as error:
            self._metrics.faults.labels("standing").inc()
            log.warning("how things stand cannot be read, trying again: %s", error)

    def count_subjects(self) -> None:
        """Count the subjects of the lake.

        Raises:
            LakeError: It cannot be read.
        """
        self._metrics.standing.show_subjects(self._subjects.count())

    def _look(self) -> None:
        """Look at what is read quickly."""
        gauges = self._metrics.standing
        if (found := last(self._deployment.settings.data)) is not None:
            gauges.verified.set(found.at.timestamp())
            gauges.show_checks(found.checks)
        gauges.show_quarantine(held_in(self._deployment.lake.root), self._now())
