"""The bridge's two ends on the broker: it reads the plain topic and writes packs, both in one transaction.

The transactional id is the topic's: whoever starts takes over at once, and what another left open is aborted.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from remit.kafka import make_topic
from remit_schemas.errors import LogError, OffsetGone, SettingsError
from remit_schemas.log_address import KafkaLog

REQUEST_S: Final = 10.0  # seconds for one answer
TRANSACTION_S: Final = (
    10.0  # for one transaction; readers wait no longer for a bridge that died in one
)
TAKE: Final = 64  # messages at once: 64 MiB at the very most
_FENCED: Final = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 (librdkafka's name)
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
    }
)
_READS: Final[Mapping[str, str | int | bool]] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # what retention took is counted, never skipped
    "isolation.level": "read_committed",
    "queued.max.messages.kbytes": 16_384,
}
_WRITES: Final[Mapping[str, str | int | bool]] = {
    "acks": "all",
    "transaction.timeout.ms": int(TRANSACTION_S * 1000),
    "compression.type": "none",  # sealed bytes do not compress
}

log = logging.getLogger("remit.bridge")


class Link:
    """A connection that is good until its first fault; then another one is made.

    Attributes:
        lost: Messages that the topic's retention took before this connection could read them.
        partitions: Of the plain topic, that are read.
    """

    def __init__(self, address: KafkaLog, options: Mapping[str, str], lanes: int) -> None:
        """Take over, and find where the last transaction ended.

        Raises:
            KafkaException: The broker does not answer as it should.
            OffsetGone: It no longer has what was sealed already: it lost what it had acknowledged.
        """
        self._log = address
        config: dict[str, str | int | bool] = {
            **options,
            "bootstrap.servers": address.bootstrap,
            "log_level": 0,
        }
        self._producer = Producer(
            {**config, **_WRITES, "transactional.id": f"{address.prefix}.bridge"}, logger=log
        )
        self._producer.init_transactions(REQUEST_S)
        self._sealed = self._find_sealed(config, lanes)
        self._consumer = Consumer(
            {**config, **_READS, "group.id": f"{address.prefix}.bridge"}, logger=log
        )
        self.lost = 0
        self.partitions = 0
        self._is_oversized = False
        self._positions = self._begin()

    def take(self, bytes_max: int, events_max: int, wait_s: float) -> list[Message]:
        """Read what there is, until so much is there or so long has passed.

        Raises:
            KafkaException: The broker does not have what comes next, or does not answer as it should.
        """
        taken: list[Message] = []
        size, until = 0, time.monotonic() + wait_s
        while size < bytes_max and len(taken) < events_max:
            messages = self._consumer.consume(TAKE, max(0.0, until - time.monotonic()))
            for message in messages:
                error, offset, number = message.error(), message.offset(), message.partition()
                if error is not None:
                    raise KafkaException(error)
                if offset is not None and number is not None:
                    self._positions[number] = offset + 1
                size += len(message)
            taken += messages
            if time.monotonic() >= until:
                break
        return taken

    def send(self, packs: Iterable[tuple[int, bytes]]) -> None:
        """Write packs, and that what was taken is done, in one transaction.

        Raises:
            KafkaException: It was not committed, as far as one can tell; the next connection finds out.
            LogError: Another bridge has taken over.
            SettingsError: The broker takes no pack of this size.
        """
        try:
            self._producer.begin_transaction()
            for lane, data in packs:
                self._producer.produce(
                    self._log.sealed_topic,
                    value=data,
                    partition=lane % self._sealed,
                    on_delivery=self._delivered,
                )
            done = [
                TopicPartition(self._log.plain_topic, n, at) for n, at in self._positions.items()
            ]
            group = self._consumer.consumer_group_metadata()
            self._producer.send_offsets_to_transaction(done, group, REQUEST_S)
            self._producer.commit_transaction(REQUEST_S)
        except KafkaException as error:
            self._raise_final(error.args[0])
            raise

    def close(self) -> None:
        """Let go; a transaction that is open is aborted by the broker or by the next connection."""
        self._consumer.close()
        with suppress(KafkaException):  # one that was fenced says so again
            self._producer.purge()
            self._producer.poll(0)

    def _raise_final(self, error: KafkaError) -> None:
        """Raise what another attempt would not mend."""
        if self._is_oversized or error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            raise SettingsError(
                f"topic {self._log.sealed_topic} takes no pack of this size: lower "
                "REMIT_PACK_BYTES_MAX or raise its max.message.bytes"
            ) from None
        if error.code() in _FENCED:
            raise LogError(
                "another bridge has taken over, or this one stood still too long"
            ) from None

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            self._is_oversized = True

    def _find_sealed(self, config: Mapping[str, str | int | bool], lanes: int) -> int:
        """Give how many partitions the topic of packs has; it is made where there is none."""
        name = self._log.sealed_topic
        topics = self._producer.list_topics(timeout=REQUEST_S).topics
        if name in topics and topics[name].error is None:
            return len(topics[name].partitions)
        make_topic(config, name, lanes)
        return lanes

    def _begin(self) -> dict[int, int]:
        """Place the reader behind the last transaction, or where retention has left something."""
        name = self._log.plain_topic
        numbers = self._consumer.list_topics(name, timeout=REQUEST_S).topics[name].partitions
        self.partitions = len(numbers)
        asked = [TopicPartition(name, number) for number in numbers]
        positions: dict[int, int] = {}
        for at in self._consumer.committed(asked, timeout=REQUEST_S):
            low, high = self._consumer.get_watermark_offsets(at, timeout=REQUEST_S)
            if at.offset > high:
                raise OffsetGone(
                    f"topic {name}, partition {at.partition}: sealed up to offset {at.offset}, "
                    f"the broker has {low} to {high}"
                )
            self.lost += max(0, low - at.offset) if at.offset >= 0 else 0
            positions[at.partition] = max(low, at.offset)
        self._consumer.assign([TopicPartition(name, n, at) for n, at in positions.items()])
        return positions
