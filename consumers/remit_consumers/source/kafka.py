"""Kafka as the log: a static member of the group, placed by the lake's positions and by nothing else.

Nothing is handed on before the broker has said, after the packs were fetched, that the topic is still the same
one: its packs stand under the log's name in the lake. The question is asked one batch ahead, so it costs no wait.
"""

import logging
import socket
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import TopicDescription

from remit_consumers.source.base import Sealed, Start
from remit_consumers.source.member import Member
from remit_consumers.source.topic import Topic, name_of, uuid_of
from remit_schemas.errors import LogError, LogReplaced, OffsetGone
from remit_schemas.kafka_options import WAITS
from remit_schemas.log_address import KafkaLog

CHECK_EVERY_S: Final = 5.0  # how often a quiet topic is asked whether it is still the same
RETRY_S: Final = 0.2  # pause behind a question that was not answered
SILENCE_S: Final = 15.0
"""A question that is neither answered nor refused for so long is asked anew by another client; its own limit is 3 s, and
without an answer nothing is handed on."""

STALL_S: Final = 30.0
"""Where nothing came while it was waited for so long the broker is asked whether packs lie there, and if so they are fetched
by another client: a connection of librdkafka may stand still for ever (`member.WITHOUT_S`), and seeking would not wake it."""

_TUNING: Final[Mapping[str, str | int]] = {
    **WAITS,
    "client.id": "remit",
    "session.timeout.ms": 10_000,  # a killed consumer that nobody restarts is missed for so long
    "fetch.queue.backoff.ms": 20,  # librdkafka's second would be an idle one whenever its queue was full
    "queued.max.messages.kbytes": 16_384,  # read ahead: what a flush takes, and no more memory than that
    "reconnect.backoff.max.ms": 1_000,  # a broker that comes back is found within a second
}

log = logging.getLogger(__name__)


class KafkaSource:
    """The topic ``PREFIX.sealed``, read as a member of the group ``PREFIX.run``.

    Attributes:
        log_id: ``kafka/<cluster id>/<topic uuid>``; empty until the broker was reached.
    """

    def __init__(
        self,
        address: KafkaLog,
        start: Start,
        *,
        instance: int,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare to read; the broker is looked for by `poll`, and may come later.

        Args:
            address: Where the log is.
            start: Gives the lake's position of a partition.
            instance: Number of this consumer on its machine; after a kill -9 the next process has it again.
            settings: For librdkafka, untouched (security, for one); what exactly-once stands on is not theirs to set.
        """
        connection: dict[str, str | int] = {
            **_TUNING,
            **(settings or {}),
            "bootstrap.servers": address.bootstrap,
        }
        self._member_config: dict[str, str | int] = {
            **connection,
            "group.id": address.group,
            "group.instance.id": f"{socket.gethostname()}-{instance}",
            "enable.auto.commit": "false",
            "auto.offset.reset": "error",  # a position the broker does not have is an error, never a reset
            "isolation.level": "read_committed",  # packs of a bridge's transaction that was aborted never were
            "enable.partition.eof": True,  # says how far nothing but transactions' own marks is left
            "partition.assignment.strategy": "range",
        }
        self._connection = connection
        self._topic = Topic(address.sealed_topic, connection)
        self._start = start
        self._member: Member | None = None
        self._held: list[Sealed] = []
        self._asked: Future[TopicDescription] | None = None
        self._asked_at = 0.0
        self._ask_at = 0.0
        self._idle_s = 0.0
        self._revoked = False
        self._faults = 0
        self.log_id = ""

    @property
    def faults(self) -> int:
        """How often the broker did not answer or said no, and was asked again."""
        return self._faults + (self._member.faults if self._member else 0)

    def poll(self, timeout_s: float) -> list[Sealed]:
        """Give packs of the topic that the log is named after; see `Source.poll`.

        Raises:
            LogReplaced: The topic was deleted and made again: another log.
            OffsetGone: The broker does not have the position of a partition: retention or truncation took it.
            LogError: Another process stands in this one's place, or the broker refuses us before it was ever reached.
        """
        until = time.monotonic() + timeout_s
        member = self._member or self._reach(until)
        if member is None:
            return []
        if not self._needs_answer(member):
            self._hold(member, max(0.0, until - time.monotonic()))
        self._renew_silent(until)
        self._fetch_stalled(member, until)
        if not self._is_same(member, until):
            return []
        self._raise_gone(member)
        ready, self._held = self._held, []
        if ready and self._hold(
            member, 0
        ):  # one ahead, so that the answer is there at the next call
            return []  # revoked meanwhile
        for pack in ready:
            member.positions[pack.partition] = pack.offset + 1
        return ready

    def rewind(self, positions: Mapping[int, int]) -> None:
        """Read again from these offsets on."""
        self._held = [pack for pack in self._held if pack.partition not in positions]
        if self._member is not None:
            self._rewind(self._member, positions)

    def take_revoked(self) -> bool:
        """Say once that partitions were taken away."""
        revoked, self._revoked = self._revoked, False
        return revoked

    def assigned(self) -> frozenset[int]:
        """Name the partitions that this process reads now."""
        return frozenset(self._member.positions if self._member else ())

    def committed(self, positions: Mapping[int, int]) -> None:
        """Tell the group, for the sake of Kafka's own tools; the lake's position is the one that counts."""
        if self._member is not None:
            self._member.commit(positions)

    def lag(self) -> int:
        """Count the packs behind those handed on; one at least while nobody can tell."""
        member = self._member
        if member is None or not member.is_placed:
            return 1
        return self._behind(member, member.ends()) or self._asked_lag(member)

    def close(self) -> None:
        """Leave off reading; a static member keeps its place for the next process with its number."""
        if self._member is not None:
            self._member.close()

    def _reach(self, until: float) -> Member | None:
        """Find the topic, making it when there is none, and join the group.

        Raises:
            LogError: The broker is there and refuses us: asking again would not change that.
        """
        try:
            found = self._topic.log_id()
            if found is None:
                self._topic.make()
                found = self._topic.log_id()
        except (KafkaException, TimeoutError) as error:
            if why := self._topic.refused():
                raise LogError(why) from None
            self._fault(error, until)
            return None
        if found is None:
            return None  # made, and not to be seen yet
        self.log_id = found
        self._ask_at = time.monotonic() + CHECK_EVERY_S
        self._member = Member(self._topic.name, self._start, self._member_config)
        return self._member

    def _hold(self, member: Member, timeout_s: float) -> bool:
        """Take packs and begin to ask whether the topic they came from is still the same.

        Returns:
            Whether partitions were revoked meanwhile; what is held then is from after that.
        """
        was_placed, begun = member.is_placed, time.monotonic()
        taken = member.take(timeout_s)
        is_idle = was_placed and not taken
        self._idle_s = self._idle_s + time.monotonic() - begun if is_idle else 0.0
        revoked = member.take_revoked()
        if revoked:
            self._revoked = True
            self._held.clear()
        self._held += taken
        if self._needs_answer(member) or time.monotonic() >= self._ask_at:
            self._ask()
            self._ask_at = time.monotonic() + CHECK_EVERY_S
        return revoked

    def _ask(self) -> None:
        """Begin to ask whether the topic is still the same."""
        self._asked, self._asked_at = self._topic.ask(), time.monotonic()

    def _renew_silent(self, until: float) -> None:
        """Ask anew, by another client, what was neither answered nor refused for too long."""
        if self._asked is None or self._asked.done():
            return
        if time.monotonic() - self._asked_at > SILENCE_S:
            self._topic = Topic(self._topic.name, self._connection)
            self._ask()
            self._fault(TimeoutError(), until)

    def _fetch_stalled(self, member: Member, until: float) -> None:
        """Fetch by another client where packs lie on the log and none came for too long."""
        if self._idle_s < STALL_S:
            return
        self._idle_s = 0.0
        try:
            ends = self._topic.ends(frozenset(member.positions))
        except (KafkaException, TimeoutError) as error:
            self._fault(error, until)
            return
        if self._behind(member, ends):
            log.warning("packs lie on the log and none came for %.0f s", STALL_S)
            member.join_anew()

    def _needs_answer(self, member: Member) -> bool:
        return bool(self._held or member.gone)

    def _is_same(self, member: Member, until: float) -> bool:
        """Read the answer, if one was asked for; without it nothing is handed on.

        Raises:
            LogReplaced: It is another topic by the same name.
        """
        if self._asked is None:
            return True
        needed = self._needs_answer(member)
        if not needed and not self._asked.done():
            return True
        try:
            uuid = uuid_of(self._asked, max(0.0, until - time.monotonic()))
            if uuid is None:
                self._topic.make()  # deleted: made again it is another one
        except TimeoutError:
            return False
        except KafkaException as error:
            uuid = None
            self._fault(error, until)
        self._asked = None
        if needed and uuid is None:
            self._ask()
        if uuid is not None and not self.log_id.endswith(f"/{uuid}"):
            message = f"topic {self._topic.name} was deleted and made again"
            raise LogReplaced(message)
        return uuid is not None

    def _raise_gone(self, member: Member) -> None:
        """Refuse to go on where the broker no longer has, or not yet, what the lake wants next.

        Raises:
            OffsetGone: Names the partition and the offsets.
        """
        for number in sorted(member.gone):
            try:
                low, high = member.watermarks(number)
            except KafkaException as error:
                member.fault(error)
                return
            at = member.positions[number]
            if not low <= at <= high:
                message = (
                    f"topic {self._topic.name}, partition {number}: the lake goes on at offset {at}, "
                    f"the broker has {low} to {high}"
                )
                raise OffsetGone(message)
            self._rewind(member, {number: at})

    def _rewind(self, member: Member, positions: Mapping[int, int]) -> None:
        """Read again; what is held and comes again is dropped, so that nothing is handed on twice."""
        if member.rewind(positions):
            self._held.clear()

    def _asked_lag(self, member: Member) -> int:
        """What the last fetch saw may be old: nothing is behind only when the broker says so."""
        try:
            return self._behind(member, self._topic.ends(frozenset(member.positions)))
        except (KafkaException, TimeoutError):
            self._faults += 1
            return 1

    def _behind(self, member: Member, ends: Mapping[int, int]) -> int:
        """Count the offsets between what was handed on and the ends; those that hold no pack are none."""
        held = {pack.partition for pack in self._held}
        return sum(
            max(0, ends.get(number, 0) - (at if number in held else member.read_to(number)))
            for number, at in member.positions.items()
        )

    def _fault(self, error: KafkaException | TimeoutError, until: float) -> None:
        self._faults += 1
        name = name_of(error) if isinstance(error, KafkaException) else "no answer in time"
        log.warning("Kafka did not answer as it should, trying again: %s", name)
        time.sleep(min(RETRY_S, max(0.0, until - time.monotonic())))
