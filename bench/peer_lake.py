"""The per-event consumer that stands beside `remit run`: Kafka, fastavro, pydantic, one event at a time, then Delta."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
from bench.context import PARTITIONS
from bench.events import Value
from bench.per_event import FRAME, refiner
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from deltalake import write_deltalake

from remit_schemas.contract import builtin

TAKE: Final = 500  # messages taken from librdkafka at once
LOOK_S: Final = 0.05


class PeerConsumer:
    """Reads a topic of page views from its beginning into a Delta table."""

    def __init__(self, bootstrap: str, topic: str, table: str) -> None:
        config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": bootstrap,
            "group.id": f"bench-{time.time_ns()}",
            "enable.auto.commit": False,
        }
        self._consumer = Consumer(config)
        self._consumer.assign(
            [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)]
        )
        self._refine = refiner(builtin().by_name("page_view"))
        self._table = Path(table)
        self._rows: list[dict[str, Value]] = []
        self.count = 0

    def take(self) -> int:
        """Read what there is and refine it, one event at a time."""
        values = [message.value() for message in self._consumer.consume(TAKE, timeout=LOOK_S)]
        before = len(self._rows)
        self._rows += [self._refine(value) for value in values if value and len(value) > FRAME]
        return len(self._rows) - before

    def commit(self) -> None:
        """Write what was refined, as delta-rs does it: nothing is fsynced."""
        if self._rows:
            write_deltalake(
                self._table,
                pa.Table.from_pylist(self._rows, SCHEMA),
                mode="append",
                partition_by=["day"],
            )
            self.count += len(self._rows)
            self._rows = []

    @property
    def gathered(self) -> int:
        """How many rows wait for a commit."""
        return len(self._rows)


def _schema(texts: Sequence[str], numbers: Sequence[str]) -> pa.Schema:
    return pa.schema(
        [(name, pa.string()) for name in texts] + [(name, pa.int64()) for name in numbers]
    )


SCHEMA: Final = _schema(
    [
        "event_id",
        "subject",
        "ip",
        "browser",
        "browser_major",
        "os",
        "os_major",
        "language",
        "page",
        "referrer",
        "method",
        "cores",
        "screen",
        "platform",
        "day",
    ],
    ["occurred_at", "status", "duration_ms"],
)


def drained(
    bootstrap: str, topic: str, table: str, events: int, flush_events: int
) -> dict[str, float]:
    """Store so many events that lie on a topic.

    Returns:
        Events a second, by the clock and by the processor.
    """
    consumer = PeerConsumer(bootstrap, topic, table)
    first = 0
    while not first:
        first = consumer.take()
    begun, used = time.perf_counter(), time.process_time()
    while consumer.count + consumer.gathered < events:
        consumer.take()
        if consumer.gathered >= flush_events:
            consumer.commit()
    consumer.commit()
    left = events - first
    return {
        "events/s": left / (time.perf_counter() - begun),
        "core/s": left / (time.process_time() - used),
    }


def follow(bootstrap: str, topic: str, table: str, flush_after_s: float) -> dict[str, float]:
    """Store what comes, a commit whenever so many seconds have passed, until killed."""
    consumer = PeerConsumer(bootstrap, topic, table)
    print(json.dumps({"ready": 1}), flush=True)
    due = time.monotonic() + flush_after_s
    while True:
        consumer.take()
        if time.monotonic() >= due:
            consumer.commit()
            due = time.monotonic() + flush_after_s
