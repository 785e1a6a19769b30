"""A consumer as a service: its place among the others, its deployment, its runner, and the keys it keeps fresh."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread

from remit_consumers.backup.shelf import beyond_use
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import finish
from remit_consumers.erasure.messenger import Messenger
from remit_consumers.erasure.waiting import ages
from remit_consumers.evidence.anchorer import Anchorer
from remit_consumers.health import Health
from remit_consumers.lake.columns import REQUESTS_TABLE
from remit_consumers.lake.log import versions
from remit_consumers.lake.requests import Request, standing, steps
from remit_consumers.locks import CONSUMERS_MAX, ConsumerLock, claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.requests.opened import open_register
from remit_consumers.run import OpenSource, Runner
from remit_consumers.settings import Settings
from remit_consumers.source.base import Source, Start
from remit_consumers.standing import Standing
from remit_consumers.steps.minimize import load
from remit_schemas.errors import KeysOutOfReach, KeysUnconfirmed, LakeError
from remit_schemas.log_address import KafkaLog, parse_log

KEYS_EVERY_S = 60.0
"""How often epochs are looked at: they last hours, and their bundle must be fresh long before it dies."""

REQUESTS_EVERY_S = 30.0
"""How often the requests are counted: their time is counted in days."""

Adopt = Callable[[], object]
"""Numbers the packs that dead producers left open in the embedded log; the producers' side knows how."""

STUCK_S = 30.0
"""How long a drain goes on when nothing moves any more, before it gives up: longer than any retry of the lake."""

WAIT_S = 5.0
"""How long a drain goes on where all that is left waits for a key or a policy: somebody has to bring it."""

ACTOR = "consumer"
"""Who tidies the register of requests."""

log = logging.getLogger("remit.service")


class Service:
    """One consumer of a data folder.

    Attributes:
        settings: As it was started with.
    """

    def __init__(
        self, settings: Settings, lock: ConsumerLock, metrics: Metrics, adopt: Adopt | None = None
    ) -> None:
        self._lock = lock
        self._metrics = metrics
        metrics.disclosures.lake = settings.lake
        self.settings = settings
        self._deployment = Deployment.open(settings)
        self._keys_at = float("-inf")
        self._unconfirmed = ""
        self._requests_at = float("-inf")
        self._requests: list[Request] = []
        self._requests_read = -1
        self._keep_keys()
        self._runner = Runner(
            self._deployment,
            open_source(settings, lock, adopt),
            metrics,
            consumer=lock.number,
        )
        self._messenger = Messenger(self._deployment, metrics)
        self._anchorer = Anchorer(self._deployment, metrics)
        self._standing = Standing(self._deployment, metrics)
        self._turned_at = time.monotonic()

    @classmethod
    def claim(
        cls,
        settings: Settings,
        metrics: Metrics,
        adopt: Adopt | None = None,
        *,
        alone: bool = False,
    ) -> "Service | None":
        """Start a consumer, or give None where one runs already: on the embedded log, or if it is to be `alone`."""
        is_shared = isinstance(parse_log(settings.log), KafkaLog) and not alone
        lock = claim_consumer(settings.locks, places=CONSUMERS_MAX if is_shared else 1)
        return cls(settings, lock, metrics, adopt) if lock else None

    def serve(self, stop: Event) -> None:
        """Consume until asked to stop, then store what is gathered."""
        Thread(
            target=load, args=(self._deployment.means,), name="remit-reducers", daemon=True
        ).start()
        try:
            while not stop.is_set():
                self._standing.tend()
                self._turn()
        finally:
            self.stop()

    def drain(
        self, progress: Callable[[int], None], is_stored: Callable[[], bool] | None = None
    ) -> str | None:
        """Consume until everything on the log is stored.

        Args:
            progress: Called with the number of packs read, turn by turn.
            is_stored: Whether other consumers of the log, if there are any, have stored their share too.

        Returns:
            None when done; why not, where packs wait or nothing moves for `STUCK_S`.
        """
        moved_at = time.monotonic()
        while not (self._runner.is_drained and (is_stored is None or is_stored())):
            read = self._turn(hurry=True)
            progress(read)
            now = time.monotonic()
            moved_at = now if read else moved_at
            if now - moved_at > (WAIT_S if self._runner.waits_for else STUCK_S):
                return self._runner.waits_for or self._runner.last_fault or "nothing moves"
        return None

    def stop(self) -> None:
        """Store what is gathered, chain the receipts, give the place back."""
        self._messenger.stop()
        self._anchorer.stop()
        self._runner.stop()
        self._lock.release()

    @property
    def deployment(self) -> Deployment:
        """What it stands on."""
        return self._deployment

    def health(self) -> Health:
        """Whether the consumer turns and the lake takes what it gives."""
        idle_s = time.monotonic() - self._turned_at
        if idle_s > STUCK_S:
            return Health(ready=False, detail=f"no turn for {idle_s:.0f} s")
        if fault := self._unconfirmed or self._runner.last_fault:
            return Health(ready=False, detail=fault)
        return Health(ready=True, detail=self._runner.waits_for or "reads and stores")

    def _turn(self, *, hurry: bool = False) -> int:
        self._keep_keys()
        self._count_requests()
        self._messenger.tend()
        self._anchorer.tend()
        read = self._runner.turn(hurry=hurry)
        self._turned_at = time.monotonic()
        self._metrics.standing.turned.set_to_current_time()
        return read

    def _keep_keys(self) -> None:
        """Rotate and destroy keys that are due, and write the bundle; a store out of reach is asked again."""
        if time.monotonic() - self._keys_at < KEYS_EVERY_S:
            return
        is_first = self._keys_at == float("-inf")
        self._keys_at = time.monotonic()
        self._finish_erasures()
        self._tidy_requests()
        try:
            now = datetime.now(UTC)
            self._unconfirmed = ""
            self._deployment.keys.ensure(now)
            self._metrics.standing.show_keys(self._deployment.keys.status(now))
            self._metrics.beyond_use.set(beyond_use(self.settings.keys, now).days_left(now))
        except KeysOutOfReach as error:
            if is_first:
                raise
            self._unconfirmed = str(error) if isinstance(error, KeysUnconfirmed) else ""
            self._metrics.faults.labels("keys").inc()
            log.error("keys cannot be kept fresh, trying again: %s", error)  # noqa: TRY400 - the message says it all

    def _count_requests(self) -> None:
        """Show how requests stand; a lake out of reach is told by what writes to it."""
        if time.monotonic() - self._requests_at < REQUESTS_EVERY_S:
            return
        self._requests_at = time.monotonic()
        lake = self._deployment.settings.lake
        with suppress(LakeError):
            newest = max(versions(lake / REQUESTS_TABLE), default=-1)
            if newest != self._requests_read:  # else they stand as they did, with less time left
                self._requests, self._requests_read = standing(steps(lake)), newest
            self._metrics.show_requests(self._requests, datetime.now(UTC))

    def _tidy_requests(self) -> None:
        """Forget whom closed requests were about, where a crash left that; what cannot be done yet is tried again."""
        if self._deployment.policy.requests is None:
            return
        try:
            open_register(self._deployment, ACTOR).tidy()
        except (LakeError, KeysOutOfReach) as error:
            self._metrics.faults.labels("requests").inc()
            log.error("requests cannot be tidied, trying again: %s", error)  # noqa: TRY400 - names folders

    def _finish_erasures(self) -> None:
        """Finish erasures that a crash interrupted; what cannot be done yet is tried again."""
        try:
            finish(self._deployment, datetime.now(UTC))
        except (LakeError, KeysOutOfReach) as error:
            self._metrics.faults.labels("erasure").inc()
            log.error("an erasure is not finished, trying again: %s", error)  # noqa: TRY400 - names folders, counts
        with suppress(LakeError, KeysOutOfReach):  # told by what failed above
            self._metrics.show_waiting(ages(self._deployment.settings, datetime.now(UTC)))


def open_source(settings: Settings, lock: ConsumerLock, adopt: Adopt | None) -> OpenSource:
    """How to open the log that the settings name."""
    log = parse_log(settings.log)

    def opened(start: Start) -> Source:
        if isinstance(log, KafkaLog):
            from remit_consumers.source.kafka import KafkaSource  # noqa: PLC0415 - librdkafka only where it is used

            return KafkaSource(log, start, instance=lock.number, settings=settings.kafka)
        from remit_consumers.source.spool import SpoolSource  # noqa: PLC0415

        return SpoolSource(settings.spool, start, adopt)

    return opened
