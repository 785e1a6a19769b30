"""What a consumer does beside its loop: withdrawals are carried out, what is due is swept, small files are merged."""

from functools import partial

from remit_consumers.clock import Clock
from remit_consumers.deployment import Deployment
from remit_consumers.metrics import Metrics
from remit_consumers.plans import Plans
from remit_consumers.retention.compactor import Compactor
from remit_consumers.retention.sweeper import Sweeper
from remit_consumers.views.renewing import renew
from remit_consumers.withdrawal.revoker import Revoker


class Chores:
    """The chores of one consumer, each in a thread of its own."""

    def __init__(self, deployment: Deployment, plans: Plans, metrics: Metrics, now: Clock) -> None:
        renews = partial(renew, deployment.settings, deployment.policy, now)
        self._revoker = Revoker(deployment.lake, plans.plan, metrics, now, renews)
        self._sweeper = Sweeper(deployment, plans, metrics, now)
        self._compactor = Compactor(deployment.lake.root, metrics)

    def notice_withdrawals(self) -> None:
        """Withdrawals were recorded: they are carried out soon."""
        self._revoker.notice()

    def tend(self) -> None:
        """Begin what is due; never waits."""
        self._revoker.tend()
        self._sweeper.tend()
        self._compactor.tend()

    def stop(self) -> None:
        """Carry out the withdrawals that are pending, and give the others some time to end."""
        self._revoker.stop()
        self._sweeper.stop()
        self._compactor.stop()
