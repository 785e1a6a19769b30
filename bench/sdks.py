"""remit beside the SDKs of its kind, in one run and in turns: the call, the rate, a sink that is down, a kill -9."""

import json
import time
from functools import partial
from http.client import HTTPConnection
from statistics import median
from typing import Final

from bench.context import Context
from bench.measure import BY_UNIT, Figure, Result, Sample, Samples, in_turns, plain
from bench.sdk_running import (
    HTTP,
    TIMEOUT_S,
    Bench,
    answer_of,
    is_ours,
    line_of,
    prepared,
    sink_of,
    start,
)

BUILDING: Final = "remit, building the event"
BURST: Final = 20_000
BODY_EVENTS: Final = 100  # as most SDKs send
DOWN_S: Final = 20.0
AROUND_S: Final = 2.0  # with the sink up, before and after
KILLED_AFTER: Final = 3_050  # calls: no whole number of anybody's batches
AGAIN_S: Final = 5.0  # how long the SDK runs once more after the kill
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


def measure(context: Context) -> Result:
    """Measure the three parts, each SDK in turns with the others."""
    with prepared(context) as bench:
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
    beside = [sample[metric] for sample in samples["confluent-kafka"]] if is_ours(name) else []
    return Figure(
        name=title,
        unit=unit,
        value=median(values),
        lowest=min(values),
        highest=max(values),
        goal=0.0 if is_ours(name) and metric == "lost" else None,
        baseline="confluent-kafka" if beside else "",
        baseline_value=median(beside) if beside else None,
        better=BY_UNIT.get(unit, "less"),
    )


def _burst(bench: Bench, name: str) -> Sample:
    with sink_of(bench, name) as sink:
        running = start(bench, name, "burst", sink, bench.context.events(BURST))
        answer = answer_of(running)
        events, _ = sink.seen()
        lost = max(0.0, answer["taken"] - events)
        rate = (answer["taken"] - lost) / answer["took_s"]
        return {**answer, "rate": rate, "lost": 100 * lost / answer["taken"]}


def _down(bench: Bench, name: str) -> Sample:
    with sink_of(bench, name) as sink:
        running = start(bench, name, "paced", sink, 0)
        line_of(running)
        time.sleep(AROUND_S)
        sink.down()
        time.sleep(bench.context.seconds(DOWN_S))
        sink.up()
        time.sleep(AROUND_S)
        answer = answer_of(running, "end\n")
        events, _ = sink.seen()
    refused = 100 * (1 - answer["taken"] / answer["calls"])
    lost = 100 * max(0.0, answer["taken"] - events) / answer["taken"]
    return {**answer, "longest": answer["max"] / 1000, "refused": refused, "lost": lost}


def _kill(bench: Bench, name: str) -> Sample:
    with sink_of(bench, name) as sink:
        running = start(bench, name, "kill", sink, bench.context.events(KILLED_AFTER, 1_050))
        taken = json.loads(running.communicate(timeout=TIMEOUT_S)[0].splitlines()[-1])["taken"]
        again = start(bench, name, "idle", sink, 0)
        line_of(again)
        time.sleep(AGAIN_S)
        answer_of(again, "end\n")
        events, _ = sink.seen()
    return {"lost": 100 * max(0, taken - events) / taken}


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
