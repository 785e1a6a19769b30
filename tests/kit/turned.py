"""A consumer that a test turns by hand, one read of the log after the other."""

from datetime import UTC, datetime

from remit_consumers.deployment import Deployment
from remit_consumers.locks import claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.run import Runner
from remit_consumers.service import open_source
from remit_consumers.settings import Settings


class Running:
    """A consumer that a test turns by hand."""

    def __init__(self, settings: Settings) -> None:
        self.metrics = Metrics()
        self.settings = settings
        lock = claim_consumer(settings.locks)
        assert lock
        self._lock = lock
        deployment = Deployment.open(settings)
        deployment.keys.ensure(datetime.now(UTC))
        self.runner = Runner(deployment, open_source(settings, lock, None), self.metrics)

    def turn_until_fault(self) -> str:
        """Turn until the lake says no; gives what it says."""
        for _ in range(20):
            self.runner.turn(hurry=True)
            if fault := self.runner.last_fault:
                return fault
        raise AssertionError("no fault came")

    def drain(self) -> None:
        """Turn until everything is stored."""
        while not self.runner.is_drained:
            self.runner.turn(hurry=True)

    def faults(self, kind: str) -> float:
        """How often a fault of this kind was met."""
        found = self.metrics.registry.get_sample_value("remit_faults_total", {"kind": kind})
        return found or 0

    def stop(self) -> None:
        """Store the rest and give the place back."""
        self.runner.stop()
        self._lock.release()
