"""Runs SDKs for `bench/sdks.py`: each in a process of its own, towards a sink of this run that can be stopped."""

import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import ROOT, environ
from bench.context import PARTITIONS, Context, place
from bench.events import shop_views
from bench.sdk_sink import NUMBER
from confluent_kafka import Consumer, TopicPartition

from kit.apart import python_of
from kit.installation import Installation
from kit.kafka import Kafka

HTTP: Final = ("snowplow-tracker", "segment-analytics-python", "posthog", "opentelemetry-sdk")
POOL: Final = 1_000  # events used in turn
TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Sink:
    """Where an SDK sends to, of this run alone.

    Attributes:
        to: Its address as the SDK is told.
        down: Stops it.
        up: Starts it again.
        seen: Counts distinct events that arrived, and repeats.
        env: Of the SDK's process.
    """

    to: str
    down: Callable[[], object]
    up: Callable[[], object]
    seen: Callable[[], tuple[int, int]]
    env: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every part needs: the interpreter of the peers, the broker, the HTTP sink, the events."""

    python: Path
    kafka: Kafka
    http: "subprocess.Popen[str]"
    port: str
    events: Path
    context: Context


def start(bench: Bench, name: str, mode: str, sink: Sink, count: int) -> "subprocess.Popen[str]":
    """Start an SDK in a process of its own; see `sdk_door`."""
    python = sys.executable if is_ours(name) else str(bench.python)
    door = [python, "-m", "bench.sdk_door", name, mode, sink.to, str(bench.events), str(count)]
    return subprocess.Popen(
        door,
        env=sink.env,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def line_of(running: "subprocess.Popen[str]") -> str:
    """Wait for the next line that it says."""
    assert running.stdout is not None
    said = running.stdout.readline()
    assert said, f"{running.args!r}: ended with {running.wait()}"
    return said


def answer_of(running: "subprocess.Popen[str]", said: str | None = None) -> dict[str, float]:
    """Say something to it, wait for its end, and give what it said last."""
    out, _ = running.communicate(said, timeout=TIMEOUT_S)
    assert out, f"{running.args!r}: ended with {running.returncode}"
    answer: dict[str, float] = json.loads(out.splitlines()[-1]) if out.strip() else {}
    return answer


@contextmanager
def prepared(context: Context) -> Iterator[Bench]:
    """Prepare the peers' environment, the events and the HTTP sink, and end it afterwards."""
    python = python_of("sdk-peers")
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        events = Path(folder) / "events.json"
        views = [
            {**view.values, "subject": view.subject or f"visitor {number}"}
            for number, view in enumerate(shop_views(POOL))
        ]
        events.write_text(json.dumps(views), encoding="utf-8")
        http = subprocess.Popen(
            [sys.executable, "-m", "bench.sdk_sink"],
            env=environ(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            port = line_of(http).strip()
            yield Bench(python, context.kafka, http, port, events, context)
        finally:
            http.terminate()
            http.communicate()


@contextmanager
def sink_of(bench: Bench, name: str) -> Iterator[Sink]:
    """Give the sink of one SDK, with nothing in it."""
    if name in HTTP:
        _ask(bench, "reset")
        yield Sink(
            to=f"127.0.0.1:{bench.port}",
            down=partial(_ask, bench, "down"),
            up=partial(_ask, bench, "up"),
            seen=lambda: _ask(bench, "seen"),
            env=environ(),
        )
        return
    kafka, topic = bench.kafka, f"bench-sdks-{uuid.uuid4().hex[:8]}"
    stop, start = kafka.stop, kafka.start
    if name == "confluent-kafka":
        kafka.create_topic(topic, PARTITIONS)
        seen = partial(_on_topic, kafka, topic)
        yield Sink(f"{kafka.bootstrap}/{topic}", stop, start, seen, environ())
        return
    log = f"kafka://{kafka.bootstrap}/{topic}"
    with place(log) as installation:
        yield Sink(log, stop, start, partial(_in_lake, installation), environ(installation.env))


def _ask(bench: Bench, what: str) -> tuple[int, int]:
    assert bench.http.stdin is not None
    bench.http.stdin.write(f"{what}\n")
    bench.http.stdin.flush()
    seen = json.loads(line_of(bench.http))
    return seen["events"], seen["twice"]


def _in_lake(installation: Installation) -> tuple[int, int]:
    """Count in the lake; `status` numbers the events and is kept as it is."""
    installation.settle()
    return _counted(installation.rows("page_view")["status"].to_pylist())


def _on_topic(kafka: Kafka, topic: str) -> tuple[int, int]:
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap, "group.id": topic, "enable.auto.commit": False}
    )
    ends = kafka.end_offsets(topic)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
    numbers: list[bytes] = []
    for _ in range(sum(ends.values())):
        message = consumer.poll(TIMEOUT_S)
        assert message is not None
        numbers += NUMBER.findall(message.value() or b"")
    consumer.close()
    return _counted(numbers)


def _counted(numbers: list[object] | list[bytes]) -> tuple[int, int]:
    seen = Counter(numbers)
    return len(seen), len(numbers) - len(seen)


def is_ours(name: str) -> bool:
    """Whether it is remit that is measured, and no peer."""
    return name.startswith("remit")
