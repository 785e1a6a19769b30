"""From Kafka to the lake, committed and fsynced: events a second by the clock and by the processor."""

import os
import time
import uuid
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import run_apart
from bench.context import PARTITIONS, Context, place
from bench.events import page_views
from bench.measure import Result, figure, in_turns
from bench.per_event import QUEUE, avro_encoder, whole
from confluent_kafka import Producer

from kit.installation import Installation
from remit import Accepted, Client, PageView
from remit_schemas.contract import builtin

EVENTS: Final = 400_000  # eight full flushes
PEER_EVENTS: Final = 20_000
POOL: Final = 50_000  # events invented at once; the next are others
FLUSH: Final = 50_000  # events in a commit, both sides
CORE_GOAL: Final = 250_000.0
FULL_S: Final = 0.002  # pause of the producer where the spool is full


def measure(context: Context) -> Result:
    """Fill a topic, then measure how fast it is stored; remit and the per-event consumer in turns."""
    events, peer_events = context.events(EVENTS, 100_000), context.events(PEER_EVENTS)
    peer_topic = _peer_topic(context, peer_events)
    variants = {
        "remit run": lambda: _remit(context, events),
        "one event at a time": lambda: _peer(context, peer_topic, peer_events),
    }
    samples = in_turns(variants, min(3, context.rounds))
    figures = [
        figure(
            samples,
            "remit run",
            "core/s",
            name="Kafka to lake, on a core",
            unit="events/s",
            goal=CORE_GOAL,
            baseline="one event at a time",
        ),
        figure(
            samples,
            "remit run",
            "events/s",
            name="Kafka to lake, by the clock",
            unit="events/s",
            baseline="one event at a time",
        ),
    ]
    notes = [
        (
            f"{events:,} page views lie on a topic of {PARTITIONS} partitions; counted from the "
            "first commit to the last: what is imported, compiled and learnt once is not in it. The broker runs on the same cores."
        ),
        "On a core: by the processor time of the whole process, librdkafka's and Arrow's threads included.",
        (
            "Baseline: confluent-kafka, fastavro, pydantic, the same reductions, write_deltalake of 50,000 rows; not fsynced, "
            "not exactly once, no receipts."
        ),
    ]
    return Result("Kafka to the lake, committed and fsynced", figures, notes)


def fill(installation: Installation, events: int, log: str = "") -> None:
    """Put so many page views on the installation's topic."""
    run_apart("lake.filled", installation.env, events=events, log=log)


def filled(events: int, log: str = "") -> dict[str, float]:
    """Emit page views, in this process, until all are acknowledged."""
    client = Client("bench")
    for seed in range(1, max(1, events // POOL) + 1):
        for view in page_views(min(POOL, events), seed, log):
            event = PageView.of(view.values)
            while not isinstance(client.emit(event, subject=view.subject), Accepted):
                time.sleep(FULL_S)
    assert client.flush(120)
    assert not client.totals().let_go
    client.close(10)
    return {"events": events}


def _remit(context: Context, events: int) -> dict[str, float]:
    with place(f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        fill(installation, events, context.log)
        return run_apart("lake.drained", installation.env, events=events)


def drained(events: int) -> dict[str, float]:
    """Consume, in this process, until everything on the topic is stored.

    Returns:
        Events a second by the clock and by the processor.
    """
    from remit_consumers.metrics import Metrics  # noqa: PLC0415  # only the measured process needs these
    from remit_consumers.service import Service  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    metrics = Metrics()
    service = Service.claim(Settings.from_env(os.environ), metrics)
    assert service is not None
    begun: list[tuple[float, float, float]] = []

    def stored() -> float:
        labels = {"contract": "page_view", "outcome": "stored"}
        return metrics.registry.get_sample_value("remit_events_total", labels) or 0

    def progress(_packs: int) -> None:
        if not begun and stored():
            begun.append((time.perf_counter(), time.process_time(), stored()))

    problem = service.drain(progress)
    ended, used = time.perf_counter(), time.process_time()
    service.stop()
    assert problem is None, problem
    assert stored() == events, f"{stored():.0f} of {events} events are stored"
    counted = events - begun[0][2]
    return {"events/s": counted / (ended - begun[0][0]), "core/s": counted / (used - begun[0][1])}


def _peer_topic(context: Context, events: int) -> str:
    """Put so many Confluent-Avro messages on a topic of their own."""
    topic = f"bench-peer-{uuid.uuid4().hex[:8]}"
    context.kafka.create_topic(topic, PARTITIONS)
    contract = builtin().by_name("page_view")
    encode = avro_encoder(contract)
    producer = Producer({"bootstrap.servers": context.kafka.bootstrap, **QUEUE})
    for number, view in enumerate(page_views(events, 1, context.log)):
        event = whole(contract, view, number)
        producer.produce(topic, encode(event), key=view.subject)
    assert not producer.flush(60)
    return topic


def _peer(context: Context, topic: str, events: int) -> dict[str, float]:
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        return run_apart(
            "peer_lake.drained",
            bootstrap=context.kafka.bootstrap,
            topic=topic,
            table=f"{folder}/views",
            events=events,
            flush_events=FLUSH,
        )
