"""The reducers, on labelled data that nobody of the project wrote, beside peers that do the same to the same values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from bench.context import Context
from bench.measure import Result
from bench.quality import (
    addresses,
    agents,
    bits,
    floors,
    languages,
    logs,
    pages,
    referrers,
    residue,
    speed,
    tables,
    texts,
    times,
    vectors,
)
from bench.quality.asked import MOST, Peers
from bench.quality.labelled import Labelled
from bench.quality.row import Row

GROUPS: Final[Sequence[Callable[[Labelled, Peers], Iterator[Row]]]] = (
    addresses.measure,
    agents.measure,
    languages.measure,
    times.measure,
    pages.measure,
    vectors.measure,
    referrers.measure,
    texts.measure,
    logs.measure,
    residue.measure,
)
"""What is scored, in the order of the page."""

NOT_MEASURED: Final[Mapping[str, str]] = {
    "pii-codex": "it asks for spaCy's en_core_web_lg, which is downloaded when it starts",
    "Presidio's and scrubadub's names of persons and places": "they need language models that are downloaded",
    "piicatcher": "it scans tables of a database, not texts",
    "Snowplow, PostHog, Plausible and OpenTelemetry themselves": (
        "services in Scala, TypeScript, Elixir and Go; what they do to one value is re-implemented as documented "
        "(octets, query masked, path alone, regex list)"
    ),
}
"""Peers that are not measured, and why."""

SPEED_ROUNDS: Final = 3  # fresh processes for each time


def measure(context: Context) -> Result:
    """Score every reducer on what the labelled folder has, and time them."""
    labelled, peers = Labelled(context.labelled), Peers(context.scale)
    rows = [row for group in GROUPS for row in group(labelled, peers)]
    rows += speed.measure(labelled, peers, min(SPEED_ROUNDS, context.rounds))
    compared = [*bits.measure(labelled), *floors.measure(labelled)]
    return Result(
        "How good the reducers are",
        [row.figure for row in rows if row.goal is not None],
        list(_notes(labelled, peers)),
        tables.series(rows, compared),
        is_whole=not labelled.missing,
    )


def _notes(labelled: Labelled, peers: Peers) -> Iterator[str]:
    """Say how it was measured, and what was not."""
    yield "The baseline is the best of the peers in the same run on the same values; `bench/results/reducers.md` has them all."
    yield "Each peer runs in a process of its own, one value at a time; remit takes whole columns, as it does in the consumer."
    yield "Times are processor time, of all threads; remit may use one, and runs in fresh processes that know no value."
    sampled = ", ".join(f"{name} {most:,}" for name, most in MOST.items())
    yield f"Slow peers were asked about an even sample of a file's distinct values, at most: {sampled}."
    raised = ", ".join(f"{name} {count:,}" for name, count in peers.raised.items() if count)
    if raised:
        yield f"Values at which a peer raised, counted as nothing (a text as left as it was): {raised}."
    versions = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
    yield f"In the peers' environment: {versions}."
    for name, why in {**NOT_MEASURED, **peers.failed}.items():
        yield f"Not measured: {name}: {why}."
    if labelled.missing:
        yield f"Not measured, since `--labelled` names no such files: {', '.join(labelled.missing)}."
