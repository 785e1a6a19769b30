"""`emit()` on the caller's thread, in a burst: p50 and p99 of the call, beside what peers do in theirs."""

import json
import os
import uuid
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import perf_counter_ns
from typing import Any, Final

from bench.apart import run_apart
from bench.context import PARTITIONS, Context, place
from bench.events import Given, shop_views
from bench.measure import Result, Samples, figure, in_turns, percentile
from bench.per_event import ENCODERS, missing, producing, whole

from remit import Accepted, Client, PageView
from remit_schemas.contract import builtin

POOL: Final = 1_000  # events used in turn: their making is not measured
BURST: Final = 40_000  # calls as fast as possible
WARM: Final = 400  # calls before, which open the first packs and the connection
FRESH: Final = "build and emit, subject never seen"
WITHHELD: Final = "emit, optional purposes refused"
OPTIONAL: Final = ("analytics.reporting", "functional.service.improve")  # all that can be refused
NS_PER_US: Final = 1_000
Call = Callable[[int], object]
"""Makes the call that is measured, for the event of this number."""


def measure(context: Context) -> Result:
    """Measure remit on both logs, and each peer, each in a process of its own and in turns."""
    kafka, burst = context.kafka, context.events(BURST)
    topic = f"bench-emit-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(topic, PARTITIONS)
    variants: dict[str, Callable[[], dict[str, float]]] = {
        "empty call": lambda: _apart("empty call", burst)
    }
    for variant in ("emit", WITHHELD, "build and emit", FRESH):
        variants[variant] = partial(_embedded, variant, burst)
    variants["emit, to Kafka"] = lambda: _shipped("emit", burst, kafka.bootstrap)
    variants["build and emit, to Kafka"] = lambda: _shipped(
        "build and emit", burst, kafka.bootstrap
    )
    left_out = missing()
    for peer in ENCODERS:
        if not (left_out and left_out.startswith(peer.split()[0])):
            variants[peer] = partial(_apart, peer, burst, kafka.bootstrap, topic)
    return _result(in_turns(variants, context.rounds), left_out)


def _result(samples: Samples, left_out: str | None) -> Result:
    figures = []
    for variant in list(samples)[1:]:
        goals = (7.0, 20.0) if variant == "emit" else (None, None)
        baseline = "" if variant in ENCODERS else "fastavro + produce"
        for metric, goal in zip(("p50", "p99"), goals, strict=True):
            figures.append(
                figure(
                    samples,
                    variant,
                    metric,
                    name=f"{variant}, {metric}",
                    unit="µs",
                    goal=goal,
                    baseline=baseline,
                )
            )
    figures.append(figure(samples, "empty call", "p50", name="empty call, p50", unit="µs"))
    notes = [
        "Each call is timed by two readings of the clock; an empty call shows what they cost, and is not taken off.",
        "A burst of calls without pause; one thread emits, remit's worker or librdkafka's threads run beside it.",
        "remit validates, seals and spools; a peer's call ends in librdkafka's memory.",
        "Events: the long product page that peers were measured with, 1,000 of them in turn.",
    ]
    return Result(
        "emit() on the caller's thread, in a burst",
        figures,
        [*notes, *([left_out] if left_out else [])],
    )


def _apart(variant: str, burst: int, bootstrap: str = "", topic: str = "") -> dict[str, float]:
    return run_apart("emit.timed", variant=variant, burst=burst, bootstrap=bootstrap, topic=topic)


def _embedded(variant: str, burst: int) -> dict[str, float]:
    with place() as installation:
        return run_apart("emit.timed", installation.env, variant=variant, burst=burst)


def _shipped(variant: str, burst: int, bootstrap: str) -> dict[str, float]:
    with place(f"kafka://{bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        return run_apart("emit.timed", installation.env, variant=variant, burst=burst)


def timed(variant: str, burst: int, bootstrap: str = "", topic: str = "") -> dict[str, float]:
    """Time every call of a burst, in this process.

    Returns:
        p50, p99 and mean of a call, in microseconds.
    """
    with _calling(variant, bootstrap, topic) as call:
        for number in range(WARM):
            call(number)
        spent = array("q", bytes(8 * burst))
        for number in range(burst):
            begun = perf_counter_ns()
            call(number)
            spent[number] = perf_counter_ns() - begun
    return {
        "p50": percentile(spent, 0.5) / NS_PER_US,
        "p99": percentile(spent, 0.99) / NS_PER_US,
        "mean": sum(spent) / burst / NS_PER_US,
    }


@contextmanager
def _calling(variant: str, bootstrap: str, topic: str) -> Iterator[Call]:
    """Give the call, and see afterwards that everything went."""
    views = shop_views(POOL)
    if variant == "empty call":
        yield lambda _: None
    elif variant in ENCODERS:
        contract = builtin().by_name("page_view")
        events = [whole(contract, view, number) for number, view in enumerate(views)]
        send, producer = producing(variant, contract, bootstrap, topic)
        yield lambda number: send(events[number % POOL])
        assert not producer.flush(60), "not everything was acknowledged"
    else:
        client = Client("bench", log=os.environ["REMIT_LOG"])
        yield _emitting(client, variant, views)
        _see_through(client)


def _see_through(client: Client) -> None:
    totals = client.totals()
    assert client.close(60), "not everything reached the log"
    assert not totals.refused, json.dumps(dict(totals.refused))


def _emitting(client: Client, variant: str, views: list[Given]) -> Call:
    emit = client.emit
    if variant == WITHHELD:
        for subject in {view.subject for view in views if view.subject}:
            client.consent(subject, refused=OPTIONAL)
    if variant in {"emit", WITHHELD}:
        built = [(PageView.of(view.values), view.subject) for view in views]

        def call(number: int) -> object:
            event, subject = built[number % POOL]
            return emit(event, subject=subject)

        assert isinstance(call(0), Accepted)
        return call
    plain: list[tuple[Mapping[str, Any], str | None]] = [
        (view.values, view.subject) for view in views
    ]

    def build(number: int) -> object:
        values, subject = plain[number % POOL]
        event = PageView(
            occurred_at=values["occurred_at"],
            ip=values["ip"],
            user_agent=values["user_agent"],
            language=values["language"],
            page=values["page"],
            referrer=values["referrer"],
            screen=values["screen"],
            method="GET",
            status=200,
            platform="web",
        )
        return emit(event, subject=f"{subject}{number}" if variant == FRESH else subject)

    return build
