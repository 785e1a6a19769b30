"""A party's topic of notices, in the cluster of the log: JSON under the notice's id, signed, gone after 72 hours.

What nobody read by then comes again: a notice is sent until it is acknowledged.

Source: DESIGN.md, D9.
"""

from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from remit_consumers.erasure.posting import UNREACHED, Outcome, Sent
from remit_consumers.source.topic import Topic
from remit_schemas.log_address import KafkaLog

DELIVERY_S: Final = 10.0
"""How long a broker may take to have a notice before it is tried another time."""

Config = dict[str, str | int]


class NoticeTopic:
    """One party's topic."""

    def __init__(self, log: KafkaLog, to: str, config: Mapping[str, str]) -> None:
        """Make it; nothing is connected before something is sent.

        Args:
            log: The cluster.
            to: The party, as notices call it.
            config: librdkafka's.
        """
        self.name = topic_of(log, to)
        self._config: Config = {
            "bootstrap.servers": log.bootstrap,
            "log_level": 0,
            "message.timeout.ms": round(DELIVERY_S * 1_000),
            **config,
        }
        self._producer: Producer | None = None

    def send(self, notice: str, body: bytes) -> Sent:
        """Produce a notice, and wait until the broker has it."""
        failed: list[KafkaError] = []

        def told(error: KafkaError | None, _: object) -> None:
            if error is not None:
                failed.append(error)

        try:
            producer = self._open()
            producer.produce(self.name, body, key=notice.encode("ascii"), on_delivery=told)
            left = producer.flush(2 * DELIVERY_S)
        except (KafkaException, BufferError, TimeoutError):
            return UNREACHED
        return UNREACHED if left or failed else Sent(Outcome.TAKEN)

    def _open(self) -> Producer:
        """Make the topic where there is none, and connect; once for all that is due."""
        if self._producer is None:
            Topic(self.name, self._config).make()
            self._producer = Producer(self._config)
        return self._producer

    def close(self) -> None:
        """Nothing is left open."""


def topic_of(log: KafkaLog, to: str) -> str:
    """The name of a party's topic: ``PREFIX.notices.NAME``."""
    return f"{log.prefix}.notices.{to.replace('/', '.')}"
