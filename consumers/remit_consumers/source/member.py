"""A member of a consumer group: which partitions are this process's, and from where it reads them."""

import logging
import time
from collections import deque
from collections.abc import Mapping
from functools import partial
from threading import Thread
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from remit_consumers.source.base import BYTES_MAX, PACKS_MAX, Sealed, Start
from remit_consumers.source.topic import REQUEST_S, name_of
from remit_schemas.errors import LogError

CONSUME_MESSAGES: Final = (
    8  # taken from librdkafka at once: a call costs 7 µs, a pack may have 1 MB
)

SAY_EVERY_S: Final = 30.0  # seconds between two lines about errors of a broker

ENDED_MAX: Final = 3
ENDED_WITHIN_S: Final = 60.0
"""Ended so often in so short a time: a rival by this name does that, at each heartbeat (3 s).

A coordinator that froze or was killed ends a member once (seen: whoever joins at the next one is taken for another),
and the next broker may do it again before a minute is over.
"""

WITHOUT_S: Final = 60.0
"""How long a member may be without an answer to which partitions are its own, before it joins anew as another process would.

librdkafka may never join again: a broker that has just come back can say that there are no brokers, and librdkafka believes it
and looks for none any more (confluentinc/librdkafka#5301, open; seen with 2.16 on a starved machine, once in some forty outages of a
single broker). A group that shares out its partitions takes a few seconds; one that waits for a slow member is not disturbed by
who joins again.
"""

log = logging.getLogger(__name__)


class Member:
    """A consumer that is placed by the lake's positions and by nothing else.

    Attributes:
        faults: How often the broker did not answer or said no.
        positions: The next offset to hand on, of each partition that is placed.
        gone: Partitions whose position the broker does not have.
        is_placed: Whether partitions were given and placed; there may be none for this member.
    """

    def __init__(self, topic: str, start: Start, config: Mapping[str, str | int]) -> None:
        self.faults = 0
        self.positions: dict[int, int] = {}
        self.gone: set[int] = set()
        self.is_placed = False
        self._empty_to: dict[int, int] = {}
        self._topic = topic
        self._start = start
        self._config = config
        self._given: list[int] | None = None
        self._revoked = False
        self._taken: list[Sealed] = []
        self._room = 0
        self._said_at = float("-inf")
        self._is_ended = False
        self._without_since: float | None = None
        self._life = 0
        self._ended_at: deque[float] = deque(maxlen=ENDED_MAX)
        self._consumer = self._join()

    def take(self, timeout_s: float) -> list[Sealed]:
        """Take what was fetched, waiting up to `timeout_s` for the first; nothing from before a revocation.

        Raises:
            LogError: This member cannot go on: another process stands in its place.
        """
        if self._is_ended:
            self._rejoin()
        elif self._is_forgotten():
            log.warning("Kafka gave this consumer no partitions for %.0f s", WITHOUT_S)
            self.join_anew()
        self._taken, self._room = [], BYTES_MAX
        if self._given is not None:
            self._place()
        self._accept([self._consumer.poll(timeout_s)])
        while self._taken and self._room > 0 and len(self._taken) < PACKS_MAX:
            messages = self._consumer.consume(CONSUME_MESSAGES, 0)
            if not messages:
                break
            self._accept(messages)
        if self._given is not None and not self._revoked:  # else placed by the next call: what was
            self._place()  # lost is told first, and whoever reads drops it before he claims anew
        return [] if self._is_ended else self._taken

    def take_revoked(self) -> bool:
        """Say once that partitions were taken away since the last call."""
        revoked, self._revoked = self._revoked, False
        return revoked

    def rewind(self, positions: Mapping[int, int]) -> bool:
        """Read partitions again from these offsets on.

        Returns:
            Whether all the others are read again, too, from what was last handed on of them.
        """
        mine = {number: at for number, at in positions.items() if number in self.positions}
        self.positions.update(mine)
        self.gone -= mine.keys()
        for number in mine:
            self._empty_to.pop(number, None)
        try:
            for number, at in mine.items():
                self._consumer.seek(TopicPartition(self._topic, number, at))
        except KafkaException:  # not fetching yet: placed anew, all of them
            self._assign()
            return True
        return False

    def join_anew(self) -> None:
        """Take the place in the group by a new client, as a restart would.

        The old one is closed aside, since it may wait for its broker.
        """
        self.faults += 1
        log.warning("joining anew by another client, and reading on from the lake")
        self._lose()
        left, self._consumer = self._consumer, self._join()
        Thread(target=left.close, name="remit-left", daemon=True).start()

    def commit(self, positions: Mapping[int, int]) -> None:
        """Tell the group where the lake stands; nobody reads it here, but Kafka's own tools show it as lag."""
        offsets = [
            TopicPartition(self._topic, number, at)
            for number, at in positions.items()
            if number in self.positions
        ]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self.fault(error)

    def ends(self) -> dict[int, int]:
        """Give the end of each partition as the last fetch saw it; 0 where none did."""
        ends = {}
        for number in self.positions:
            _, end = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, number), cached=True
            )
            ends[number] = max(end, 0)
        return ends

    def read_to(self, number: int) -> int:
        """Give the offset up to which a partition was read, given that all that came of it was handed on.

        Behind the last pack there may be marks of transactions, which take offsets and are never handed on.
        """
        return max(self.positions[number], self._empty_to.get(number, 0))

    def watermarks(self, number: int) -> tuple[int, int]:
        """Ask for the first offset that the broker has of a partition, and the one behind the last."""
        low, high = self._consumer.get_watermark_offsets(
            TopicPartition(self._topic, number), timeout=REQUEST_S
        )
        return low, high

    def close(self) -> None:
        """Leave off; the place in the group stays for the next process that has this number."""
        self._consumer.close()

    def fault(self, error: KafkaException) -> None:
        """Count something the broker did not do."""
        self.faults += 1
        log.warning("Kafka did not answer as it should: %s", name_of(error))

    def _join(self) -> Consumer:
        """Make a client that joins; what an earlier one is told from here on is of no account."""
        self._life += 1
        self._without_since = time.monotonic()
        on_error = partial(self._on_error, self._life)
        lost = partial(self._on_revoke, self._life)
        options = {**self._config, "error_cb": on_error, "log_level": 2}
        consumer = Consumer(options, logger=log)
        given = partial(self._on_assign, self._life)
        consumer.subscribe([self._topic], on_assign=given, on_revoke=lost, on_lost=lost)
        return consumer

    def _rejoin(self) -> None:
        """Take the place in the group back, as a restart would.

        Raises:
            LogError: It was taken back again and again; two processes would take it from one another for ever.
        """
        self._ended_at.append(time.monotonic())
        if (
            len(self._ended_at) == ENDED_MAX
            and self._ended_at[-1] - self._ended_at[0] < ENDED_WITHIN_S
        ):
            message = (
                f"Kafka ended this consumer {ENDED_MAX} times within {ENDED_WITHIN_S:.0f} s; most likely another process is "
                f"{self._config['group.instance.id']} in the group {self._config['group.id']}, too: "
                "machines need host names of their own"
            )
            raise LogError(message)
        log.warning("Kafka ended this consumer: joining anew, and reading on from the lake")
        self._consumer.close()
        self._consumer = self._join()
        self._is_ended = False

    def _is_forgotten(self) -> bool:
        """Whether nobody has said for too long which partitions are this member's; that there are none is an answer."""
        return self._without_since is not None and (
            time.monotonic() - self._without_since > WITHOUT_S
        )

    def _place(self) -> None:
        """Ask the lake where to read the partitions that were given; again at the next call if either is away."""
        given = self._given or []
        positions: dict[int, int] = {}
        gone: set[int] = set()
        try:
            for number, position in (self._start(given) if given else {}).items():
                low, high = self.watermarks(number)
                positions[number] = low if position is None else position
                if not low <= positions[number] <= high:
                    gone.add(number)
        except KafkaException as error:
            self.fault(error)
            return
        self.positions, self.gone, self._given = positions, gone, None
        self._empty_to = {}
        self.is_placed = True
        self._assign()

    def _assign(self) -> None:
        self._consumer.assign(
            [
                TopicPartition(self._topic, number, at)
                for number, at in self.positions.items()
                if number not in self.gone
            ]
        )

    def _on_assign(self, life: int, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Hold the partitions without reading them: an error in here would be librdkafka's to handle."""
        if life != self._life:
            return
        self._without_since = None
        self._given = [partition.partition for partition in partitions]
        consumer.assign([])

    def _on_revoke(self, life: int, *_: Consumer | list[TopicPartition]) -> None:
        if life == self._life:
            self._lose()

    def _lose(self) -> None:
        """Forget the partitions: others may have them."""
        self._without_since = time.monotonic()
        self._revoked = True
        self.is_placed = False
        self._given = None
        self._taken.clear()
        self.positions, self.gone = {}, set()

    def _on_error(self, life: int, error: KafkaError) -> None:
        """Count every error, and say it now and then: while a broker is down there are several a second."""
        if life != self._life:
            return
        self.faults += 1
        # What comes instead of a pack has the code and not the flag (confluent-kafka 2.x); nothing is revoked.
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 (librdkafka's name)
            self._is_ended = True
            self._lose()
        now = time.monotonic()
        if now - self._said_at > SAY_EVERY_S:
            self._said_at = now
            log.warning("Kafka: %s", error.name())

    def _accept(self, messages: list[Message] | list[Message | None]) -> None:
        arrived_at = time.monotonic()
        for message in messages:
            if message is None:
                continue
            error = message.error()
            number, offset = message.partition(), message.offset()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 (librdkafka's name)
                if number is not None and offset is not None:
                    self._empty_to[number] = offset
            elif error is not None:
                self._refused(error, number)
            elif number is not None and offset is not None:
                data = _bytes_of(message)
                self._taken.append(Sealed(number, offset, data, arrived_at))
                self._room -= len(data)

    def _refused(self, error: KafkaError, number: int | None) -> None:
        """An error that came instead of a pack."""
        out_of_range = error.code() == KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 (librdkafka's name)
        if out_of_range and number is not None:
            self.gone.add(number)
        else:
            self._on_error(self._life, error)


def _bytes_of(message: Message) -> bytes:
    """A message may have no value, and Kafka's types allow text; neither is a pack."""
    value = message.value()
    return value if isinstance(value, bytes) else b""
