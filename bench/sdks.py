"""remit beside the SDKs of its kind, in one run and in turns: the call, the rate, a sink that is down, a kill -9."""

import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import ROOT, environ
from bench.context import PARTITIONS, Context, place
from bench.environment import python_of
from bench.events import shop_views
from bench.measure import BY_UNIT, Figure, Result, Sample, Samples, in_turns, plain
from bench.sdk_sink import NUMBER
from confluent_kafka import Consumer, TopicPartition

from kit.installation import Installation
from kit.kafka import Kafka

BUILDING: Final = "remit, building the event"
HTTP: Final = ("snowplow-tracker", "segment-analytics-python", "posthog", "opentelemetry-sdk")
POOL: Final = 1_000  # events used in turn
BURST: Final = 20_000
BODY_EVENTS: Final = 100  # as most SDKs send
DOWN_S: Final = 20.0
AROUND_S: Final = 2.0  # with the sink up, before and after
KILLED_AFTER: Final = 3_050  # calls: no whole number of anybody's batches
AGAIN_S: Final = 5.0  # how long the SDK runs once more after the kill
TIMEOUT_S: Final = 120.0
METRICS: Final = (
    ("burst", "p50", "call, p50", "µs"),
    ("burst", "p99", "call, p99", "µs"),
    ("burst", "rate", "sustained", "events/s"),
    ("burst", "lost", "burst: lost", "%"),
    ("down", "p99", "sink down: call, p99", "µs"),
    ("down", "longest", "sink down: longest call", "ms"),
    ("down", "growth_mb", "sink down: memory grown", "MB"),
    ("down", "refused", "sink down: refused by the call", "%"),
    ("down", "lost", "sink down: taken and lost", "%"),
    ("kill", "lost", "kill -9: taken and lost", "%"),
)
"""Part of the run, metric, name of the figure, unit."""


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


def measure(context: Context) -> Result:
    """Measure the three parts, each SDK in turns with the others."""
    with _bench(context) as bench:
        names = ("remit", "confluent-kafka", *HTTP)
        parts = (
            ("burst", _burst, (*names, BUILDING), context.rounds),
            ("down", _down, names, min(2, context.rounds)),
            ("kill", _kill, names, min(3, context.rounds)),
        )
        taken = {
            part: in_turns({name: partial(run, bench, name) for name in who}, rounds)
            for part, run, who, rounds in parts
        }
        sink = plain("the HTTP server alone takes", "events/s", _alone(bench))
    figures = [
        _figure(taken[part], name, metric, f"{name}, {words}", unit)
        for name in (*names, BUILDING)
        for part, metric, words, unit in METRICS
        if name in taken[part]
    ]
    return Result("remit beside the SDKs of its kind", [*figures, sink], _notes(context))


def _notes(context: Context) -> list[str]:
    return [
        (
            f"Burst: {context.events(BURST):,} calls without pause on one thread, queues large enough that none refuses; the rate "
            "is of what the sink has, from the first call to the end of the SDK's own flush."
        ),
        (
            f"Down: 1,000 calls a second, the sink stopped for {context.seconds(DOWN_S):.0f} s and back for {AROUND_S:.0f} s, then the flush "
            "(30 s at most); settings as they come. Kill: the same rate, SIGKILL, the SDK started once more for 5 s."
        ),
        "remit's call validates, seals and spools a PageView; a peer's takes a dict. The sink of remit is Kafka and then its lake, where its events are counted.",
        "confluent-kafka sends JSON to Kafka; the others send to an HTTP server on the same machine (Python, uvloop) that answers at once.",
        "snowplow-tracker sends batches of 100 over one session: its defaults are slower. Every SDK in a process of its own.",
    ]


def _figure(samples: Samples, name: str, metric: str, title: str, unit: str) -> Figure:
    values = [sample[metric] for sample in samples[name]]
    beside = [sample[metric] for sample in samples["confluent-kafka"]] if _is_ours(name) else []
    return Figure(
        name=title,
        unit=unit,
        value=median(values),
        lowest=min(values),
        highest=max(values),
        goal=0.0 if _is_ours(name) and metric == "lost" else None,
        baseline="confluent-kafka" if beside else "",
        baseline_value=median(beside) if beside else None,
        better=BY_UNIT.get(unit, "less"),
    )


def _is_ours(name: str) -> bool:
    return name.startswith("remit")


def _burst(bench: Bench, name: str) -> Sample:
    with _sink(bench, name) as sink:
        running = _start(bench, name, "burst", sink, bench.context.events(BURST))
        answer = _answer(running)
        events, _ = sink.seen()
        lost = max(0.0, answer["taken"] - events)
        rate = (answer["taken"] - lost) / answer["took_s"]
        return {**answer, "rate": rate, "lost": 100 * lost / answer["taken"]}


def _down(bench: Bench, name: str) -> Sample:
    with _sink(bench, name) as sink:
        running = _start(bench, name, "paced", sink, 0)
        _line(running)
        time.sleep(AROUND_S)
        sink.down()
        time.sleep(bench.context.seconds(DOWN_S))
        sink.up()
        time.sleep(AROUND_S)
        answer = _answer(running, "end\n")
        events, _ = sink.seen()
    refused = 100 * (1 - answer["taken"] / answer["calls"])
    lost = 100 * max(0.0, answer["taken"] - events) / answer["taken"]
    return {**answer, "longest": answer["max"] / 1000, "refused": refused, "lost": lost}


def _kill(bench: Bench, name: str) -> Sample:
    with _sink(bench, name) as sink:
        running = _start(bench, name, "kill", sink, bench.context.events(KILLED_AFTER, 1_050))
        taken = json.loads(running.communicate(timeout=TIMEOUT_S)[0].splitlines()[-1])["taken"]
        again = _start(bench, name, "idle", sink, 0)
        _line(again)
        time.sleep(AGAIN_S)
        _answer(again, "end\n")
        events, _ = sink.seen()
    return {"lost": 100 * max(0, taken - events) / taken}


def _start(bench: Bench, name: str, mode: str, sink: Sink, count: int) -> "subprocess.Popen[str]":
    python = sys.executable if _is_ours(name) else str(bench.python)
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


def _line(running: "subprocess.Popen[str]") -> str:
    assert running.stdout is not None
    said = running.stdout.readline()
    assert said, f"{running.args!r}: ended with {running.wait()}"
    return said


def _answer(running: "subprocess.Popen[str]", said: str | None = None) -> dict[str, float]:
    out, _ = running.communicate(said, timeout=TIMEOUT_S)
    assert out, f"{running.args!r}: ended with {running.returncode}"
    answer: dict[str, float] = json.loads(out.splitlines()[-1]) if out.strip() else {}
    return answer


@contextmanager
def _bench(context: Context) -> Iterator[Bench]:
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
            port = _line(http).strip()
            yield Bench(python, context.kafka, http, port, events, context)
        finally:
            http.terminate()
            http.communicate()


@contextmanager
def _sink(bench: Bench, name: str) -> Iterator[Sink]:
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
    seen = json.loads(_line(bench.http))
    return seen["events"], seen["twice"]


def _alone(bench: Bench) -> float:
    """Give how many events a second the HTTP server takes, in bodies of a hundred from one connection."""
    events = json.loads(bench.events.read_text("utf-8"))[:BODY_EVENTS]
    pages = [event | {"page": f"{event['page']}&nr-{n:08d}"} for n, event in enumerate(events)]
    body = json.dumps(pages).encode()
    bodies = bench.context.events(BURST) // BODY_EVENTS
    connection = HTTPConnection("127.0.0.1", int(bench.port))
    begun = time.perf_counter()
    for _ in range(bodies):
        connection.request("POST", "/", body)
        connection.getresponse().read()
    took_s = time.perf_counter() - begun
    connection.close()
    return bodies * BODY_EVENTS / took_s


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
