"""Plain Avro of other languages' producers: sealed at once, treated as everything else, and shown on every proof."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.kafka import Kafka
from kit.plain_door import PlainDoor, message
from kit.watching import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def door(kafka_secure: Kafka, tmp_path: Path) -> Iterator[PlainDoor]:
    """An open door."""
    made = PlainDoor(kafka_secure, tmp_path).open()
    yield made
    made.installed.end_all()


def test_plain_events_are_sealed_and_stored(door: PlainDoor, tmp_path: Path) -> None:
    door.installed.prepare()
    bridge = door.start(tmp_path / "bridge.log")
    door.send(
        (message(status=n, page="/orders/17", ip="203.0.113.7"), f"user {n % 50}", {})
        for n in range(1000)
    )
    until(lambda: bridge.poll() is None and door.waiting() == 0, "not sealed", 60)
    bridge.terminate()
    assert bridge.wait(30) == 0
    print((tmp_path / "bridge.log").read_text())
    door.installed.settle()
    assert door.installed.rows("page_view").num_rows == 1000
    print(door.installed.contract("page_view"))
    assert door.installed.breaches() == {}
