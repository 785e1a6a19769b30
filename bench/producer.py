"""Sustained throughput of a producer to Kafka: events emitted until all are acknowledged."""

import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from bench.apart import run_apart
from bench.context import PARTITIONS, Context, place
from bench.events import page_views
from bench.measure import Result, figure, in_turns
from bench.per_event import ENCODERS, missing, producing, whole

from remit import Accepted, Client, PageView
from remit_schemas.contract import builtin

POOL: Final = 20_000  # events used in turn
EVENTS: Final = 800_000  # of remit; some 6 s
PEER_EVENTS: Final = 200_000  # of a peer
FULL_S: Final = 0.001  # pause where the queue or the spool is full
PROCESSES: Final = 2  # as many as cores


def measure(context: Context) -> Result:
    """Measure one and two processes of remit and one of each peer, in turns."""
    kafka = context.kafka
    topic = f"bench-produce-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(topic, PARTITIONS)
    events, peer_events = context.events(EVENTS), context.events(PEER_EVENTS)
    variants: dict[str, Callable[[], dict[str, float]]] = {
        "remit": lambda: _remit(events, 1, kafka.bootstrap),
        "remit, 2 processes": lambda: _remit(events // 2, PROCESSES, kafka.bootstrap),
    }
    left_out = missing()
    for peer in ENCODERS:
        if not (left_out and left_out.startswith(peer.split()[0])):
            variants[peer] = partial(
                run_apart,
                "producer.sustained",
                variant=peer,
                events=peer_events,
                bootstrap=kafka.bootstrap,
                topic=topic,
            )
    samples = in_turns(variants, min(3, context.rounds))
    figures = []
    for variant in variants:
        baseline = "fastavro + produce" if variant.startswith("remit") else ""
        goal = 150_000.0 if variant == "remit" else None
        name = f"{variant}: acknowledged"
        figures.append(
            figure(
                samples,
                variant,
                "events/s",
                name=name,
                unit="events/s",
                goal=goal,
                baseline=baseline,
            )
        )
        name = f"{variant}: processor time for an event"
        figures.append(figure(samples, variant, "cpu_us", name=name, unit="µs", baseline=baseline))
    notes = [
        (
            "From the first emit to the last acknowledgement (acks=all, idempotent), one thread emitting in each process; "
            "events are built beforehand."
        ),
        "The broker runs on the same cores. Processor time is the producer's alone, all its threads.",
    ]
    return Result(
        "A producer to Kafka, sustained", figures, [*notes, *([left_out] if left_out else [])]
    )


def _remit(events: int, processes: int, bootstrap: str) -> dict[str, float]:
    with place(f"kafka://{bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        if processes == 1:
            return run_apart("producer.sustained", installation.env, variant="remit", events=events)
        start_at = time.time() + 4.0  # by then each has started
        with ThreadPoolExecutor(processes) as threads:
            running = [
                threads.submit(
                    run_apart,
                    "producer.sustained",
                    installation.env,
                    variant="remit",
                    events=events,
                    start_at=start_at,
                )
                for _ in range(processes)
            ]
            done = [each.result() for each in running]
    spent = max(each["until"] for each in done) - min(each["since"] for each in done)
    return {
        "events/s": processes * events / spent,
        "cpu_us": sum(each["cpu_us"] for each in done) / processes,
    }


def sustained(
    variant: str, events: int, bootstrap: str = "", topic: str = "", start_at: float = 0.0
) -> dict[str, float]:
    """Send events as fast as they are taken and wait until all are acknowledged.

    Returns:
        Events a second, and processor microseconds for each.
    """
    send, finish = _remit_door() if variant == "remit" else _peer_door(variant, bootstrap, topic)
    time.sleep(max(0.0, start_at - time.time()))
    since, begun, used = time.time(), time.perf_counter(), time.process_time()
    for number in range(events):
        send(number)
    finish()
    spent = time.perf_counter() - begun
    cpu_us = (time.process_time() - used) / events * 1e6
    return {"events/s": events / spent, "cpu_us": cpu_us, "since": since, "until": time.time()}


def _remit_door() -> tuple[Callable[[int], None], Callable[[], None]]:
    built = [(PageView.of(view.values), view.subject) for view in page_views(POOL)]
    client = Client("bench", log=os.environ["REMIT_LOG"])
    emit = client.emit
    for event, subject in built[:100]:  # the topic is made and the connection stands
        emit(event, subject=subject)
    assert client.flush(60)

    def send(number: int) -> None:
        event, subject = built[number % POOL]
        while not isinstance(emit(event, subject=subject), Accepted):
            time.sleep(FULL_S)

    def finish() -> None:
        assert client.flush(120), "not everything was acknowledged"
        assert not client.totals().let_go, "events were let go"

    return send, finish


def _peer_door(
    variant: str, bootstrap: str, topic: str
) -> tuple[Callable[[int], None], Callable[[], None]]:
    contract = builtin().by_name("page_view")
    events = [whole(contract, view, number) for number, view in enumerate(page_views(POOL))]
    send, producer = producing(variant, contract, bootstrap, topic)
    for event in events[:100]:
        send(event)
    producer.flush(60)

    def put(number: int) -> None:
        while True:
            try:
                send(events[number % POOL])
            except BufferError:
                producer.poll(FULL_S)
            else:
                return

    def finish() -> None:
        assert not producer.flush(120), "not everything was acknowledged"

    return put, finish
