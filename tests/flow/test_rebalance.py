"""Two consumers on one topic: partitions change hands in mid-flow, and every event stands once."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from kit.flowing import assert_each_once, end, flow, tell
from kit.installation import Installation
from kit.watching import commits, until
from remit_schemas.log_address import KafkaLog, parse_log

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION_MS = "6000"  # the least that a broker takes: how long it misses one that nobody restarts


def shares(admin: AdminClient, group: str) -> list[int]:
    """How many partitions each member of a group has."""
    told = admin.describe_consumer_groups([group], request_timeout=30)[group].result()
    return sorted(len(member.assignment.topic_partitions) for member in told.members)


def test_partitions_that_change_hands_in_mid_flow_lose_and_double_nothing(
    on_kafka: Installation, tmp_path: Path, *, prove: bool
) -> None:
    events = 200_000 if prove else 20_000
    on_kafka.env |= {
        "REMIT_FLUSH_AFTER_S": "0.1",
        "REMIT_KAFKA_SESSION_TIMEOUT_MS": SESSION_MS,
        "REMIT_KAFKA_HEARTBEAT_INTERVAL_MS": "300",
    }
    log = parse_log(on_kafka.env["REMIT_LOG"])
    assert isinstance(log, KafkaLog)
    admin, group = AdminClient({"bootstrap.servers": log.bootstrap}), f"{log.prefix}.run"
    on_kafka.prepare()

    def goes_on(name: str) -> None:
        stands = commits(on_kafka.data, "positions")
        until(lambda: commits(on_kafka.data, "positions") > stands + 2, name)

    app = flow(on_kafka, events, seconds=25.0)
    first = on_kafka.consume(tmp_path / "first.log")
    goes_on("the first consumer does not store")
    second = on_kafka.consume(tmp_path / "second.log")
    until(lambda: shares(admin, group) == [6, 6], "the two do not share the partitions")
    goes_on("the two do not store")
    first.terminate()
    assert first.wait(60) == 0, (tmp_path / "first.log").read_text()[-2000:]
    until(lambda: shares(admin, group) == [12], "the second does not take over")
    goes_on("the second does not store")
    second.kill()
    second.wait()
    emitted = tell(app)
    end(app)
    on_kafka.settle()
    assert_each_once(on_kafka, emitted)
