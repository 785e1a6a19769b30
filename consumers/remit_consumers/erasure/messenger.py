"""The messenger of a running consumer: sends the notices that are due, in a thread of its own, and shows how all stand."""

import logging
from datetime import datetime

from remit_consumers.chore import Chore
from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.notice import Notice
from remit_consumers.erasure.notices import TABLE, notices
from remit_consumers.erasure.sending import send
from remit_consumers.lake.log import versions
from remit_consumers.metrics import Metrics
from remit_schemas.errors import RemitError

FIRST_S = 10.0
"""How long after its start a consumer sends first: one that stores a few packs and ends leaves it to others."""

EVERY_S = 60.0
"""How often it looks: the shortest time after which a notice goes out again is five minutes."""

ENDING_S = 5.0
"""How long the end of a consumer waits for a party; what was sent and not noted goes out again under the same id."""

log = logging.getLogger("remit.notices")


class Messenger(Chore):
    """Sends for one consumer; of several consumers of a lake one does at a time."""

    def __init__(self, deployment: Deployment, metrics: Metrics, now: Clock = utc_now) -> None:
        super().__init__("remit-notices", every_s=EVERY_S, first_s=FIRST_S, ending_s=ENDING_S)
        self._deployment = deployment
        self._metrics = metrics
        self._now = now
        self._known: list[Notice] = []
        self._read_as = -1

    def _work(self) -> None:
        """Send what is due; what fails is told, counted and tried again."""
        try:
            self._go(self._now())
        except (RemitError, OSError) as error:
            self._metrics.faults.labels("notices").inc()
            log.error("notices cannot be sent, trying again: %s", error)  # noqa: TRY400 - names folders, causes

    def _go(self, now: datetime) -> None:
        """Send, and show how the notices stand; the table is read only when it changed."""
        self._read()
        if any(one.is_due(now) or one.is_lapsed(now) for one in self._known):
            for counts in send(self._deployment, now).values():
                self._metrics.notices_sent(counts)
            self._read()
        self._metrics.show_notices((one.kind, _state(one, now)) for one in self._known)

    def _read(self) -> None:
        """Read the table where it changed."""
        root = self._deployment.lake.root
        newest = max(versions(root / TABLE), default=-1)
        if newest != self._read_as:
            self._known, self._read_as = notices(root), newest


def _state(one: Notice, now: datetime) -> str:
    """How a notice stands: never sent, or what `remit notices list` says."""
    return "unsent" if one.is_open and not one.tries else one.state(now)
