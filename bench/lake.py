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
from bench.peers import QUEUE, avro_encoder, whole
from confluent_kafka import Producer

from kit.installation import Installation
from remit import Accepted, Client, PageView
from remit_schemas.contract import builtin

EVENTS: Final = 500_000  # ten full flushes
PEER_EVENTS: Final = 20_000
POOL: Final = 100_000  # different events; then they come again
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
        figure(samples, "remit run", "flush_s", name="seconds of one flush of 50,000", unit="s"),
    ]
    notes = [
        (
            f"{events:,} page views ({POOL:,} different ones) lie on a topic of {PARTITIONS} partitions; counted from the first "
            "packs read to the last commit. The broker runs on the same cores."
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
    built = [
        (PageView.of(view.values), view.subject) for view in page_views(min(events, POOL), 1, log)
    ]
    client = Client("bench")
    for number in range(events):
        event, subject = built[number % len(built)]
        while not isinstance(client.emit(event, subject=subject), Accepted):
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
        Events a second by the clock and by the processor, and seconds of one flush.
    """
    from remit_consumers.metrics import Metrics  # noqa: PLC0415  # only the measured process needs these
    from remit_consumers.service import Service  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    metrics = Metrics()
    service = Service.claim(Settings.from_env(os.environ), metrics)
    assert service is not None
    begun: list[tuple[float, float]] = []

    def progress(packs: int) -> None:
        if packs and not begun:
            begun.append((time.perf_counter(), time.process_time()))

    problem = service.drain(progress)
    ended, used = time.perf_counter(), time.process_time()
    service.stop()
    assert problem is None, problem
    stored = metrics.registry.get_sample_value(
        "remit_events_total", {"contract": "page_view", "outcome": "stored"}
    )
    assert stored == events, f"{stored} of {events} events are stored"
    labels = {"stage": "flush"}
    flushes = metrics.registry.get_sample_value("remit_latency_seconds_count", labels) or 1
    spent = metrics.registry.get_sample_value("remit_latency_seconds_sum", labels) or 0
    return {
        "events/s": events / (ended - begun[0][0]),
        "core/s": events / (used - begun[0][1]),
        "flush_s": spent / flushes,
    }


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
