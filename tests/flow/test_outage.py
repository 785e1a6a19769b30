"""The broker stopped under an app that goes on at 5,000 events a second: no wait, no growth, no loss, nothing twice."""

from pathlib import Path

import pytest

from kit.flowing import assert_each_once, log_of_its_own
from kit.installation import Installation
from kit.kafka import Kafka
from kit.outage import RATE, outage, share
from kit.watching import patience

DOWN_S, DOWN_PROVED_S = 8.0, 60.0
BLOCKED_US = 500_000  # as long as one attempt to reach the broker may take: an emit that waited for one would show it
P99_US = 5_000  # on a machine that others use; bench/outage.py has the figure
GROWTH_MB = 100  # librdkafka's queue of 32 MB, the packs in it, buffers of twelve lanes


@pytest.mark.clause("S110e")
@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_is_stopped_for_a_while_is_not_noticed_by_the_app_and_costs_no_event(
    tmp_path: Path, kafka_to_stop: Kafka, *, prove: bool
) -> None:
    installed = Installation(tmp_path, log=log_of_its_own(kafka_to_stop))
    installed.prepare()
    try:
        installed.consume(tmp_path / "run.log")
        down_s = DOWN_PROVED_S if prove else DOWN_S
        seen = outage(installed, kafka_to_stop, down_s, tmp_path / "times")
        assert len(seen.during_us) > RATE * down_s / 2 / patience()
        assert share(seen.during_us, 0.99) < P99_US * patience()
        assert seen.during_us[-1] < BLOCKED_US * patience()
        assert seen.during_mb - seen.before_mb < GROWTH_MB
        installed.settle()
        assert_each_once(installed, seen.emitted)
    finally:
        installed.end_all()
