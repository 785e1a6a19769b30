"""Two consumers on one topic: partitions change hands in mid-flow, and every event stands once."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from kit.flowing import assert_each_once, end, flow, shares, tell
from kit.installation import Installation
from kit.watching import commits, until
from remit_cli.sample import sample_lines
from remit_schemas.log_address import KafkaLog, parse_log

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION_MS = "6000"  # the least that a broker takes: how long it misses one that nobody restarts
LINES = 14_000  # seven packs, in seven partitions


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


def test_an_import_that_waits_beside_a_live_consumer_waits_until_that_one_has_stored(
    on_kafka: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(f"{line}\n" for line in sample_lines(LINES)))
    on_kafka.env["REMIT_FLUSH_AFTER_S"] = "4"  # much later than the import has sent its last pack
    on_kafka.prepare()
    consumer = on_kafka.consume(tmp_path / "run.log")
    until((on_kafka.data / "locks" / "consumer-0").exists, "no consumer starts")
    on_kafka.remit("import", "access-log", str(log), "--wait")
    told = on_kafka.contract("page_view")
    assert (told["offered"], told["in_flight"]) == (LINES, 0)
    assert consumer.poll() is None
