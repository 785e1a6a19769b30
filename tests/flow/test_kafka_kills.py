"""The consumer killed again and again while events flow through a real broker: every event stands once in the lake."""

import random
from contextlib import suppress
from pathlib import Path
from statistics import median
from subprocess import TimeoutExpired

import pytest

from kit.flowing import assert_each_once, end, flow, log_of_its_own, tell
from kit.installation import Installation
from kit.kafka import Kafka
from kit.watching import commits, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION_S = (
    110  # how long the group would wait for the one that was killed, had the next not its name
)
FLUSH_AFTER_S = "0.1"  # many commits, so that more kills meet one


def kill_once(installed: Installation, log: Path, chance: random.Random) -> float:
    """Start a consumer and kill it in the middle of its work; give how long it took from start to first commit."""
    before = commits(installed.data, "positions")
    consumer = installed.consume(log)
    recovery_s = until(
        lambda: commits(installed.data, "positions") > max(before, 0),
        "the consumer does not store",
    )
    if chance.random() < 0.5:  # at any moment
        with suppress(TimeoutExpired):
            consumer.wait(chance.uniform(0, 0.6))
    else:  # between the rows and the position, as near as one can see it from outside
        rows = commits(installed.data, "events/page_view")
        until(lambda: commits(installed.data, "events/page_view") > rows, "no rows come")
    consumer.kill()
    consumer.wait()
    return recovery_s


@pytest.mark.clause("S110e")
def test_a_consumer_killed_again_and_again_stores_every_event_once(
    on_kafka: Installation, tmp_path: Path, *, prove: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    kills, events = (20, 200_000) if prove else (4, 20_000)
    on_kafka.env["REMIT_FLUSH_AFTER_S"] = FLUSH_AFTER_S
    on_kafka.env["REMIT_KAFKA_SESSION_TIMEOUT_MS"] = str(SESSION_S * 1000)
    on_kafka.prepare()
    chance = random.Random(20)
    app = flow(on_kafka, events, seconds=6.0 * kills)
    recoveries_s = [kill_once(on_kafka, tmp_path / "run.log", chance) for _ in range(kills)]
    emitted = tell(app)
    end(app)
    assert emitted >= events
    on_kafka.settle()
    assert_each_once(on_kafka, emitted)
    after_kill_s = recoveries_s[1:]
    with capsys.disabled():
        told = f"median {median(after_kill_s):.1f} s, longest {max(after_kill_s):.1f} s"
        print(f"\n  from start to first commit after {len(after_kill_s)} kills: {told}")  # noqa: T201
    assert max(after_kill_s) < SESSION_S, "its partitions were not given back to it at once"


def test_events_emitted_while_the_broker_is_down_arrive_once_it_is_up(
    tmp_path: Path, kafka_to_stop: Kafka
) -> None:
    installed = Installation(tmp_path, log=log_of_its_own(kafka_to_stop))
    installed.prepare()
    kafka_to_stop.stop()
    try:
        app = flow(installed, 5_000, seconds=1)
        consumer = installed.consume(tmp_path / "run.log")
        lines = tmp_path / "run.log"
        until(lambda: "consuming" in lines.read_text(), "the consumer does not start")
        emitted = tell(app)
        assert consumer.poll() is None
        assert commits(installed.data, "positions") == -1
        kafka_to_stop.start()
        end(app)
        consumer.terminate()
        assert consumer.wait(60) == 0
        installed.settle()
        assert_each_once(installed, emitted)
    finally:
        installed.end_all()
