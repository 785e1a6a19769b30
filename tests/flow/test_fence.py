"""Another process takes a consumer's place in the group: the consumer takes it back, and every event stands once."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError
from confluent_kafka.admin import AdminClient

from kit.flowing import assert_each_once, end, flow, shares, tell
from kit.installation import Installation
from kit.watching import commits, until
from remit_schemas.log_address import KafkaLog, parse_log

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ENDED = "Kafka ended this consumer: joining anew"
EVENTS = 5_000

Fence = Callable[[Callable[[], bool]], None]
"""Takes the place of consumer 0 of this machine, and takes it again until something holds."""


@pytest.fixture
def fence(on_kafka: Installation) -> Fence:
    """Be another process by its name."""
    on_kafka.env |= {"REMIT_FLUSH_AFTER_S": "0.1", "REMIT_KAFKA_HEARTBEAT_INTERVAL_MS": "300"}
    log = parse_log(on_kafka.env["REMIT_LOG"])
    assert isinstance(log, KafkaLog)
    config = {
        "bootstrap.servers": log.bootstrap,
        "group.id": log.group,
        "group.instance.id": f"{socket.gethostname()}-0",
        "log_level": 0,
    }

    def take_place(holds: Callable[[], bool]) -> None:
        rivals: list[Consumer] = []
        is_fenced = True  # by the consumer, which took its place back

        def is_over() -> bool:
            nonlocal is_fenced
            if holds():
                return True
            if is_fenced:
                rivals.append(Consumer(config))
                rivals[-1].subscribe([log.sealed_topic])
            message = rivals[-1].poll(0.05)
            error = message.error() if message is not None else None
            is_fenced = error is not None and error.code() == KafkaError._FATAL  # noqa: SLF001 (librdkafka's name)
            return False

        admin = AdminClient({"bootstrap.servers": log.bootstrap})
        until(lambda: shares(admin, log.group) == [12], "the consumer does not join")
        until(is_over, "the consumer was not fenced")
        for rival in rivals:
            rival.close()

    return take_place


def test_a_consumer_that_was_fenced_goes_on_and_loses_and_doubles_nothing(
    on_kafka: Installation, tmp_path: Path, fence: Fence
) -> None:
    on_kafka.prepare()
    said = tmp_path / "run.log"
    app = flow(on_kafka, EVENTS, seconds=10.0)
    consumer = on_kafka.consume(said)
    until(lambda: commits(on_kafka.data, "positions") > 2, "the consumer does not store")
    fence(lambda: ENDED in said.read_text())
    stands = commits(on_kafka.data, "positions")
    until(lambda: commits(on_kafka.data, "positions") > stands + 2, "the consumer does not go on")
    emitted = tell(app)
    end(app)
    assert consumer.poll() is None
    on_kafka.settle()
    assert_each_once(on_kafka, emitted)


def test_a_consumer_that_is_fenced_again_and_again_ends_and_says_why(
    on_kafka: Installation, tmp_path: Path, fence: Fence
) -> None:
    on_kafka.prepare()
    said = tmp_path / "run.log"
    consumer = on_kafka.consume(said)
    fence(lambda: consumer.poll() is not None)
    assert consumer.returncode == 2
    last = said.read_text().splitlines()[-1]
    assert last.startswith("remit: Kafka ended this consumer 3 times within 60 s")
    assert f"{socket.gethostname()}-0" in last
