"""From emit to stored at 1,000 events a second: when the commit that holds an event got its name."""

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow.parquet as pq
from bench.apart import ROOT, command, environ, run_apart
from bench.context import PARTITIONS, Context, place
from bench.events import Given, Value, page_views
from bench.measure import Result, Samples, figure, in_turns, percentile
from bench.per_event import QUEUE, avro_encoder, whole
from confluent_kafka import Producer

from kit.installation import Installation
from remit import Accepted, Client, PageView
from remit_schemas.contract import builtin

RATE: Final = 1_000  # events a second
FOR_S: Final = 20.0
WARM_S: Final = 3.0  # not counted: topic, connection, first packs
PEER_FLUSH_S: Final = 1.0  # a commit a second: as remit's default
GOAL_S: Final = 2.0
SETTLE_S: Final = 4.0  # after the last event: its commit must have come
NS_PER_S: Final = 1_000_000_000
SUBJECTS: Final = 5_000
Views = Sequence[dict[str, Value]]
Door = tuple[Callable[[int], None], Callable[[], None]]
"""Sends the event of a number; and sees that all went."""


def measure(context: Context) -> Result:
    """Measure Kafka, the embedded log, and the per-event consumer, in turns."""
    seconds = context.seconds(FOR_S)
    variants = {
        "Kafka": lambda: _remit(
            f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}", seconds
        ),
        "embedded log": lambda: _remit("", seconds),
        "one event at a time": lambda: _peer(context, seconds),
    }
    samples: Samples = in_turns(variants, min(2, context.rounds))
    figures = [
        figure(
            samples,
            variant,
            metric,
            name=f"{variant}, {metric}",
            unit="s",
            goal=GOAL_S if metric == "p99" and variant != "one event at a time" else None,
            baseline="" if variant == "one event at a time" else "one event at a time",
        )
        for variant in variants
        for metric in ("p50", "p99", "max")
    ]
    notes = [
        (
            f"{RATE:,} events a second for {seconds:.0f} s, the first {WARM_S:.0f} s not counted; from the clock before emit to the "
            "change time of the file that is the commit. Every event bears its number in a field that is kept."
        ),
        "remit is durable then (fsynced). The baseline commits once a second with write_deltalake, and is not.",
    ]
    return Result("Latency from emit to stored at 1,000 events a second", figures, notes)


def _remit(log: str, seconds: float) -> dict[str, float]:
    with place(log) as installation:
        consumer = running(installation)
        try:
            answer = run_apart(
                "latency.paced",
                installation.env,
                variant="remit",
                seconds=seconds,
                times=_times(installation),
            )
            time.sleep(SETTLE_S)
        finally:
            consumer.terminate()
            consumer.communicate()
        return _latencies(
            installation.data / "lake" / "events" / "page_view", _times(installation), answer
        )


def running(installation: Installation) -> "subprocess.Popen[str]":
    """Start `remit run` and wait until it consumes."""
    consumer = installation.start("run")
    assert consumer.stderr is not None
    for line in consumer.stderr:
        if "consuming" in line:
            break
    return consumer


def _times(installation: Installation) -> str:
    return str(installation.data.parent / "emitted.json")


def _peer(context: Context, seconds: float) -> dict[str, float]:
    topic = f"bench-latency-{uuid.uuid4().hex[:8]}"
    context.kafka.create_topic(topic, PARTITIONS)
    bootstrap = context.kafka.bootstrap
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        table, times = f"{folder}/views", f"{folder}/emitted.json"
        follow = command(
            "peer_lake.follow",
            bootstrap=bootstrap,
            topic=topic,
            table=table,
            flush_after_s=PEER_FLUSH_S,
        )
        running = subprocess.Popen(
            follow, env=environ(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert running.stdout is not None
        try:
            running.stdout.readline()
            answer = run_apart(
                "latency.paced",
                variant="peer",
                seconds=seconds,
                times=times,
                bootstrap=bootstrap,
                topic=topic,
            )
            time.sleep(SETTLE_S)
        finally:
            running.kill()
            running.communicate()
        return _latencies(Path(table), times, answer)


def _latencies(table: Path, times: str, answer: Mapping[str, float]) -> dict[str, float]:
    """Seconds from each event's emit to the commit that holds it."""
    emitted: list[float] = json.loads(Path(times).read_text("utf-8"))
    waited: dict[int, float] = {}
    for entry in sorted((table / "_delta_log").glob("*.json")):
        stood = entry.stat().st_ctime_ns / NS_PER_S
        for line in entry.read_text("utf-8").splitlines():
            action = json.loads(line)
            if "add" in action:
                numbers = pq.read_table(
                    table / action["add"]["path"], columns=["status"], partitioning=None
                )
                waited |= {
                    number: stood - emitted[number] for number in numbers.column(0).to_pylist()
                }
    assert len(waited) == answer["events"], (
        f"{len(waited)} of {answer['events']:.0f} events are stored"
    )
    counted = [seconds for number, seconds in waited.items() if number >= RATE * WARM_S]
    return {"p50": percentile(counted, 0.5), "p99": percentile(counted, 0.99), "max": max(counted)}


def paced(
    variant: str, seconds: float, times: str, bootstrap: str = "", topic: str = ""
) -> dict[str, float]:
    """Emit at the rate, in this process, and write down when each event was emitted.

    Returns:
        How many events there were.
    """
    count = int((seconds + WARM_S) * RATE)
    views: Views = [
        {**view.values, "occurred_at": None, "collected_at": None, "status": number}
        for number, view in enumerate(page_views(count))
    ]
    send, finish = _remit_door(views) if variant == "remit" else _peer_door(views, bootstrap, topic)
    emitted = []
    begun = time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
        emitted.append(time.time())
        send(number)
    finish()
    Path(times).write_text(json.dumps(emitted), "utf-8")
    return {"events": count}


def _remit_door(views: Views) -> Door:
    client = Client("bench")

    def send(number: int) -> None:
        values = {name: value for name, value in views[number].items() if value is not None}
        answer = client.emit(PageView.of(values), subject=f"c{number % SUBJECTS}")
        assert isinstance(answer, Accepted)

    def finish() -> None:
        assert client.close(10), "not everything reached the log"

    return send, finish


def _peer_door(views: Views, bootstrap: str, topic: str) -> Door:
    contract = builtin().by_name("page_view")
    encode = avro_encoder(contract)
    producer = Producer({"bootstrap.servers": bootstrap, **QUEUE})

    def send(number: int) -> None:
        now_ms = int(time.time() * 1000)
        values = {**views[number], "occurred_at": now_ms, "collected_at": now_ms}
        subject = f"c{number % SUBJECTS}"
        producer.produce(
            topic, encode(whole(contract, Given(values, subject), number)), key=subject
        )
        producer.poll(0)

    def finish() -> None:
        assert not producer.flush(10), "not everything was acknowledged"

    return send, finish
