"""The runner: reads packs from a log, gathers them, commits a flush, and starts again from the lake after any fault."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from remit_consumers.chores import Chores
from remit_consumers.claimed import Claimed
from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.quiet import deciding
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.flush import Composer, denied_for_s
from remit_consumers.gather import Gathered
from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.memory import give_back
from remit_consumers.metrics import Metrics
from remit_consumers.pipeline import excluding, steps
from remit_consumers.proof.outcomes import outcomes
from remit_consumers.source.base import Sealed, Source, Start
from remit_consumers.steps.open import Failed, Fate, Opened, open_packs
from remit_consumers.waiting import Waiting
from remit_schemas.errors import (
    KeysOutOfReach,
    LakeError,
    LogError,
    LogReplaced,
    NewerLake,
    SettingsError,
    StaleWriter,
)

log = logging.getLogger("remit.run")

OpenSource = Callable[[Start], Source]
"""Opens the log, given how to find the position of a partition."""

RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
"""Pauses before the lake is tried again after a fault: soon at first, then often enough to be back within seconds."""

MATERIALISE_S = 10.0
"""How often receipts are chained into their table: their truth is in the commits, the table is for readers."""

LAG_S = 5.0
"""How often the lag is told, also while nothing is stored: then it is what says so."""

BALANCE_S = 300.0
"""How often the books are balanced where the log is never drained: every receipt is read for it."""

POLL_S = 0.1
"""How long one read of the log waits for the first pack: an upper bound on how late a flush notices that it is due."""


class Runner:
    """Takes packs from one log to the lake, exactly once."""

    def __init__(
        self,
        deployment: Deployment,
        open_source: OpenSource,
        metrics: Metrics,
        now: Clock = utc_now,
        consumer: int = 0,
    ) -> None:
        self._deployment = deployment
        self._open_source = open_source
        self._metrics = metrics
        self._plans = deployment.plans()
        self._floors = deployment.floors(consumer, now)
        self._ledger = deployment.ledger()
        self._names = deployment.names()
        self._suppression = Suppression.open(deployment.settings.keys)
        self._consumer = consumer
        walk = steps(self._names, deployment.means, self._floors, self._ledger, self._plans)
        self._walk = excluding(walk, self._suppression)
        self._chores = Chores(deployment, self._plans, metrics, now)
        self._raw_limit = timedelta(hours=deployment.policy.raw_limit_h)
        self._claimed = Claimed()
        self._begun: dict[int, int] = {}  # where reading began, for partitions new to the lake
        self._now = now
        self._waiting = Waiting(now)
        self._gathered = Gathered()
        self._materialised_at = self._balanced_at = time.monotonic()
        self._lag_at = float("-inf")
        self._failures = 0
        self._fault: str | None = None
        self._is_lost = False
        self._source: Source | None = None
        self._reopen()

    @property
    def source(self) -> Source:
        """The log that is being read.

        Raises:
            LogError: It could not be opened.
        """
        if self._source is None:
            message = "the log is not open"
            raise LogError(message)
        return self._source

    @property
    def is_drained(self) -> bool:
        """Whether everything on the log is stored."""
        is_idle = self._gathered.is_empty and not len(self._waiting)
        return is_idle and not self._is_lost and self.source.lag() == 0

    @property
    def waits_for(self) -> str | None:
        """Why packs wait, if any do, and what ends the wait."""
        return self._waiting.advice

    @property
    def last_fault(self) -> str | None:
        """What the lake said last, while it cannot be written."""
        return self._fault

    def turn(self, *, hurry: bool = False) -> int:
        """Read once, and flush if that is due.

        Args:
            hurry: Flush as soon as the log has nothing more, without waiting for company.

        Returns:
            How many packs were taken; one that must wait is not, however often it is read.
        """
        self._tell_lag()
        try:
            return self._turn(hurry=hurry)
        except LogReplaced:
            log.warning(
                "the topic was deleted and made again: reading the new one from its beginning"
            )
            self._metrics.faults.labels("log_replaced").inc()
            self._reopen()
        except StaleWriter as error:
            log.warning("starting again from the lake: %s", error)
            self._recover("stale_writer")
        except NewerLake:
            raise  # this one is of no use any more: its partitions are for the newer ones
        except LakeError as error:
            log.error("the lake cannot be written, trying again: %s", error)  # noqa: TRY400 - the message says it all
            self._fault = str(error)
            self._recover("lake")
        except KeysOutOfReach as error:
            log.error("vault or keys cannot be used, trying again: %s", error)  # noqa: TRY400
            self._fault = str(error)
            self._recover("vault")
        except SettingsError as error:
            log.error("the data of places cannot be read, trying again: %s", error)  # noqa: TRY400
            self._fault = str(error)
            self._recover("places")
        return 0

    def stop(self) -> None:
        """Store what is gathered, chain the receipts, give the log back.

        What a failed commit left gathered is not tried again: part of it may stand, and only a new claim tells.
        """
        try:
            if not (self._gathered.is_empty or self._is_lost):
                self._flush()
            self._materialise()
        except (LakeError, KeysOutOfReach) as error:
            log.error("not everything could be stored; it is still on the log: %s", error)  # noqa: TRY400
        finally:
            self._tend_floors(hurry=True)
            self._chores.stop()
            self.source.close()

    def _turn(self, *, hurry: bool) -> int:
        if self._is_lost:
            self._rejoin()
        sealed = self.source.poll(POLL_S)
        if self.source.take_revoked():
            self._drop()
        taken = self._admit(sealed)
        if due := self._waiting.due():
            self.source.rewind(due)
        if self._is_due(hurry=hurry and not sealed):
            self._flush()
        if time.monotonic() - self._materialised_at > MATERIALISE_S:
            self._materialise()
        self._ledger.forget_gone()
        self._names.forget_gone()
        self._tend_floors()
        self._chores.tend()
        return taken

    def _reopen(self) -> None:
        """Open the log; what was gathered from an older one is dropped."""
        if self._source is not None:
            self._source.close()
        self._drop()
        self._begun.clear()  # it may be another log by the same name
        self._source = None
        self._source = self._open_source(self._start)

    def _start(self, partitions: Collection[int]) -> Mapping[int, int | None]:
        """Where reading of newly assigned partitions starts: where the lake stands.

        Partitions that were lost just before take with them all that is gathered, and its marks.
        """
        if self._source is not None and self._source.take_revoked():
            self._drop()
        claims = self._deployment.lake.claims(self.source.log_id, partitions)
        self._claimed.add(claims)
        self._ledger.load()  # after the claims: what is committed later makes ours stale
        return {partition: claim.position for partition, claim in claims.items()}

    def _drop(self) -> None:
        """Forget what is gathered and not committed; it is still on the log."""
        self._gathered = Gathered()
        self._waiting.clear()
        self._claimed = Claimed()
        self._ledger.forget()

    def _recover(self, kind: str) -> None:
        """After a commit that failed: pause, and have everything read again from where the lake stands."""
        self._metrics.faults.labels(kind).inc()
        time.sleep(RETRY_S[min(self._failures, len(RETRY_S) - 1)])
        self._failures += 1
        self._is_lost = True

    def _rejoin(self) -> None:
        """Forget what is gathered, and read again from where the lake stands.

        Raises:
            LakeError: The lake cannot be read either.
        """
        self._drop()
        claimed = self._start(self.source.assigned())
        begun = {number: self._begun.get(number) for number, at in claimed.items() if at is None}
        wanted = {**claimed, **begun}
        self.source.rewind({number: at for number, at in wanted.items() if at is not None})
        self._is_lost = False

    def _admit(self, sealed: list[Sealed]) -> int:
        """Open what was read and gather it; behind a pack that must wait nothing of its partition is taken.

        Returns:
            How many packs were taken.
        """
        if not sealed:
            return 0
        for each in sealed:  # taken or not: what waits has to be read again, too
            self._begun.setdefault(each.partition, each.offset)
        count = 0
        taken = [each for each in sealed if not self._waiting.blocks(each.partition)]
        for opened in open_packs(taken, self._deployment.keys, self._deployment.contracts):
            item = self._waiting.judge(opened, self._plans)
            if self._waiting.blocks(item.sealed.partition):
                continue
            if isinstance(item, Failed) and item.outcome is Fate.WAIT:
                self._waiting.hold(item)
            else:
                self._take(item)
                count += 1
        self._metrics.waiting.set(len(self._waiting))
        return count

    def _take(self, item: Opened | Failed) -> None:
        """Gather one pack; one of another policy version begins a new flush."""
        version = item.header.policy_version if isinstance(item, Opened) else None
        if version and self._gathered.policy_version not in {None, version}:
            self._flush()
        partition = self._claimed.partitions[item.sealed.partition]
        self._gathered.take(item, partition, self._claimed.marks)
        self._waiting.passed(item.sealed)

    def _is_due(self, *, hurry: bool) -> bool:
        """Whether enough is gathered, or long enough."""
        gathered, settings = self._gathered, self._deployment.settings
        if gathered.first_at is None:
            return False
        return (
            hurry
            or gathered.events >= settings.flush_events
            or gathered.bytes >= settings.flush_bytes
            or time.monotonic() - gathered.first_at >= settings.flush_after_s
        )

    def _flush(self) -> None:
        """Commit what is gathered, as the suppression list stands: an erasure waits for the end of it."""
        with deciding(self._deployment.settings.locks, self._consumer):
            self._notice_erasures()
            self._ledger.catch_up()  # a replay fences no partition but its own
            self._commit()

    def _notice_erasures(self) -> None:
        """Forget names that an erasure may have made go, and what was seen of whom they named.

        Whoever decides behind this has a whole ledger: reading it anew may have failed where that ended no turn.
        """
        if self._suppression.refresh():
            self._names.forget_all()
            self._floors.forget_unsaved()
            self._ledger.forget_names()
        if self._ledger.is_torn:
            self._ledger.load()

    def _commit(self) -> None:
        """Commit what is gathered, count it, and let the log go behind it."""
        begun = time.perf_counter()
        gathered, claimed, touched = self._gathered, self._claimed, self._claimed.touched()
        composer = Composer(self.source.log_id, self._plans, self._walk, self._raw_limit)
        flush = composer.flush(gathered, touched, self._now(), claimed.read, claimed.recorded)
        committed = self._deployment.lake.commit(flush)
        self._gathered = Gathered()
        for partition in touched.values():
            partition.committed = partition.reached
        self.source.committed({number: partition.reached for number, partition in touched.items()})
        self._failures, self._fault = 0, None
        self._metrics.count(committed.receipts)
        for waited_s in denied_for_s(flush, self._now()):
            self._metrics.consent_stop.observe(waited_s)
        if flush.withdrawn is not None and flush.withdrawn.num_rows:
            self._chores.notice_withdrawals()
        if any(name == CONSENTS_TABLE for name, _ in committed.versions):
            self._ledger.load()  # so that receipts name the version that has it
        self._metrics.latency.labels("flush").observe(time.perf_counter() - begun)
        if gathered.first_at is not None:
            self._metrics.latency.labels("stored").observe(time.monotonic() - gathered.first_at)
        self._metrics.lag.set(self.source.lag())
        self._metrics.waiting.set(len(self._waiting))

    def _materialise(self) -> None:
        """Chain the receipts of the commits since the last time; when nothing is under way, see that they balance."""
        self._materialised_at = time.monotonic()
        lake = self._deployment.lake
        chained = lake.materialise()
        with deciding(self._deployment.settings.locks, self._consumer):
            self._notice_erasures()
            self._ledger.save()
        self._failures, self._fault = 0, None
        is_late = time.monotonic() - self._balanced_at > BALANCE_S
        if chained and (is_late or self.is_drained):
            self._balanced_at = time.monotonic()
            self._metrics.balance(outcomes(lake.receipts())[0])
        give_back()

    def _tell_lag(self) -> None:
        """Tell now and then how far behind the log reading is; what is gathered never waits for the broker's answer."""
        is_free = self._gathered.is_empty or self._is_lost
        if is_free and self._source is not None and time.monotonic() - self._lag_at > LAG_S:
            self._lag_at = time.monotonic()
            self._metrics.lag.set(self._source.lag())

    def _tend_floors(self, *, hurry: bool = False) -> None:
        """Save what was seen of traits and close windows; what fails is tried again, and only makes more traits rare."""
        try:
            with deciding(self._deployment.settings.locks, self._consumer):
                self._notice_erasures()
                self._floors.tend(hurry=hurry)
        except (OSError, LakeError, KeysOutOfReach) as error:
            self._metrics.faults.labels("floors").inc()
            log.error("what was seen of traits cannot be saved: %s", error)  # noqa: TRY400 - names folders and causes
            self._is_lost = self._is_lost or self._ledger.is_torn  # tried again, with pauses
