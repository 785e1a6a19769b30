"""Packs to Kafka: idempotent, acknowledged by all replicas, each lane in order. Imported only where it is used."""

import ctypes
import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from remit_schemas.kafka_options import WAITS
from remit_schemas.log_address import KafkaLog

RETENTION_MS: Final = 72 * 3600 * 1000  # the raw limit: what is older cannot be opened, DESIGN D2
RETRY_S: Final = 1.0  # between two attempts to reach a broker that is down
METADATA_S: Final = 0.5  # how long one attempt may hold the worker up
CREATE_S: Final = 5.0  # how long the making of the topic may
STALL_S: Final = 60.0
"""Packs of which nothing was heard for so long go again through a new producer. librdkafka tries for ever, as it is told to, and
may stand still for ever: a broker that has just come back can say that there are no brokers, and librdkafka believes it
(confluentinc/librdkafka#5301, open; seen here with 2.16: 5,884 packs waited in the spool of a live process)."""
BROKERS_DEFAULT: Final = -1  # replication as the cluster has it (KIP-464)

_LOGGER: Final = logging.getLogger(
    "remit.kafka"
)  # librdkafka's own lines: hosts and errors, no packs
_LOGGER.addHandler(logging.NullHandler())  # an app that has no logging hears nothing
_OPTIONS: Final[Mapping[str, str | int | bool]] = {
    "client.id": "remit",
    **WAITS,
    "request.timeout.ms": 8_000,  # the broker's wait for its copies: it answers before the connection is given up
    "message.timeout.ms": 0,  # never: what is not acknowledged stays in the spool
    "queue.buffering.max.kbytes": 32 << 10,  # a second at 30 MB/s; the spool holds the rest
    "linger.ms": 5,  # packs are batches already
    "compression.type": "none",  # sealed bytes do not compress
    "topic.metadata.propagation.max.ms": 2000,  # of a topic that was there: it was deleted, and is made again
    "log_level": 3,  # errors; below them it warns that the option above is new
}

PROMISES: Final[Mapping[str, str | int | bool]] = {
    "acks": "all",
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,  # a pack that fails must not be overtaken: a later one would hide it
    "max.in.flight": 1,
}
"""What no setting changes. One request at a time, since a broker that knows nothing of a producer yet takes whatever
sequence comes first: what was on its way behind a first refusal was stored, and its lane's earlier packs, sent again,
were dropped as resends (seen; librdkafka's idempotence rules that out only after a first acknowledgement)."""

_EACH_ALONE: Final[Mapping[str, str | int | bool]] = {"batch.num.messages": 1}
"""Once a broker has refused a size: what is sent together it refuses as one, without saying which was too large."""


class KafkaTransport:
    """Sends the packs of one slot to ``PREFIX.sealed``. The worker's thread only.

    Attributes:
        faults: Times a broker, topic or message failed.
    """

    def __init__(self, log: KafkaLog, lanes: int, options: Mapping[str, str]) -> None:
        self.faults = 0
        self._options = {
            "bootstrap.servers": log.bootstrap,
            **_OPTIONS,
            **options,
            **PROMISES,
        }
        self._topic = log.sealed_topic
        self._lanes = lanes
        self._producer: Producer | None = None
        self._partitions = 0
        self._try_at = 0.0
        self._out = 0  # packs of which nothing was heard yet
        self._heard_at = 0.0
        self._stored: list[int] = []
        self._oversized: list[int] = []
        self._is_broken = False
        self._is_each_alone = False
        self._is_next_alone = False  # with the next producer

    def send(self, number: int, lane: int, data: bytes) -> bool:
        """Hand a pack to librdkafka; see `transport.Transport`."""
        if self._is_broken or not self._is_ready():
            return False
        assert self._producer is not None  # noqa: S101  # for the type checker: _is_ready made it
        try:
            self._producer.produce(
                self._topic,
                value=data,
                partition=lane % self._partitions,
                on_delivery=partial(self._delivered, number),
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._fail(number, error.args[0], is_alone=True)
            return False
        if not self._out:
            self._heard_at = time.monotonic()
        self._out += 1
        return True

    def stored(self) -> list[int]:
        """Give what was acknowledged since the last call."""
        if self._producer is not None:
            self._serve(self._producer)
            self._watch()
        stored, self._stored = self._stored, []
        return stored

    def take_broken(self) -> bool:
        """Say once that a pack failed: everything not acknowledged goes again, through a new producer."""
        if not self._is_broken:
            return False
        self._is_broken = False
        self._drop()
        return True

    def take_oversized(self) -> list[int]:
        """Give the packs that the broker refuses for their size."""
        oversized, self._oversized = self._oversized, []
        return oversized

    def close(self, timeout_s: float) -> None:
        """Wait for what is on its way, then let go; what was not acknowledged lies in the spool."""
        if self._producer is not None:
            self._producer.flush(timeout_s)
            self._drop()

    def abandon(self) -> None:
        """Keep the producer from being destroyed in a forked child: its threads are not here, and it would wait."""
        if self._producer is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._producer))
            self._producer, self._out = None, 0

    def _delivered(self, number: int, error: KafkaError | None, _message: Message) -> None:
        self._out -= 1
        self._heard_at = time.monotonic()
        if error is None:
            self._stored.append(number)
        else:
            self._fail(number, error, is_alone=self._is_each_alone)

    def _fail(self, number: int, error: KafkaError, *, is_alone: bool) -> None:
        """Note that a pack failed; of those sent together only the sum is known to be too large."""
        self.faults += 1
        self._is_broken = True
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            if is_alone:
                self._oversized.append(number)
            self._is_next_alone = True

    def _serve(self, producer: Producer) -> None:
        """Hear what became of packs; behind something fatal, which is raised here, a connection takes no more."""
        try:
            producer.poll(0)
        except KafkaException:
            self.faults += 1
            self._is_broken = True
            self._is_next_alone = True  # it may be about a size: that a pack failed may come later

    def _watch(self) -> None:
        """Have what is on its way go again where nothing was heard of any of it for too long."""
        if self._out and time.monotonic() - self._heard_at > STALL_S:
            self.faults += 1
            self._is_broken = True
            _LOGGER.warning("nothing was acknowledged for %.0f s: sending anew", STALL_S)

    def _drop(self) -> None:
        producer, self._producer = self._producer, None
        self._partitions = 0
        if producer is not None:
            producer.purge()
            self._serve(producer)
            self._is_broken = False
        self._out = 0

    def _is_ready(self) -> bool:
        if self._partitions:
            return True
        now = time.monotonic()
        if now >= self._try_at:
            self._try_at = now + RETRY_S
            try:
                self._connect()
            except KafkaException:
                self.faults += 1
        return bool(self._partitions)

    def _connect(self) -> None:
        producer = self._producer
        if producer is None:
            self._is_each_alone = self._is_next_alone
            options = {**self._options, **(_EACH_ALONE if self._is_each_alone else {})}
            producer = self._producer = Producer(options, logger=_LOGGER)
        topics = producer.list_topics(timeout=METADATA_S).topics
        if self._topic in topics and topics[self._topic].error is None:
            self._partitions = len(topics[self._topic].partitions)
        else:
            config = {k: v for k, v in self._options.items() if k not in {*_OPTIONS, *PROMISES}}
            make_topic(config, self._topic, self._lanes)


def make_topic(config: Mapping[str, str | int | bool], name: str, lanes: int) -> None:
    """Make the topic of packs, with a partition for each lane.

    Raises:
        KafkaException: The broker did not answer, or said no.
    """
    admin = AdminClient(dict(config), logger=_LOGGER)
    topic = NewTopic(
        name,
        num_partitions=lanes,
        replication_factor=BROKERS_DEFAULT,
        config={"cleanup.policy": "delete", "retention.ms": str(RETENTION_MS)},
    )
    for made in admin.create_topics([topic], operation_timeout=CREATE_S).values():
        made.result(CREATE_S)
