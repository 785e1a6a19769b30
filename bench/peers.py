"""The consumer's whole job beside the stream libraries of Python and beside the daemons that carry log lines: on one core each, in turns."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import environ, run_apart
from bench.beside.streams import LIBRARIES, Asked, write_messages
from bench.context import PARTITIONS, Context, place
from bench.events import page_views
from bench.go_peers import GO_PEERS
from bench.go_peers import run as run_go
from bench.lake import POOL, fill
from bench.line_daemons import DAEMONS
from bench.line_peers import (
    Lines,
    NotHadError,
    first_of,
    forward,
    import_lines,
    prepared_lines,
    version_of,
)
from bench.measure import Figure, Result, Sample, Samples, figure, in_turns
from bench.one_core import answer, rates
from bench.per_event import QUEUE, avro_encoder, peer_schema, whole
from confluent_kafka import Producer

from kit.apart import python_of
from remit_schemas.contract import builtin

OURS: Final = "remit run"
IMPORT: Final = "remit import access-log"
START: Final = f"{IMPORT}, the start alone"
EVENTS: Final = 200_000  # four full flushes, of which the first is not counted
PEER_EVENTS: Final = 45_000
LINES: Final = 1_000_000
START_LINES: Final = 2_000  # one pack: what the command costs before there is anything to do
GOALS: Final = {"idiomatic": 10.0, "tuned": 6.0}
"""How many times the best library, by the form of its function."""
Variants = Mapping[str, Callable[[], Sample]]
CORE: Final = max(os.sched_getaffinity(0))
FULL_FLUSHES: Final = {"REMIT_FLUSH_AFTER_S": "30"}
"""Flushes end when they are full, as they do on a core that nobody shares; half a second of a busy one holds fewer events."""
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Running:
    """What every library is run with.

    Attributes:
        python: Of the libraries' environment.
        asked: What each is told.
    """

    python: Path
    asked: Asked


def measure(context: Context) -> Result:
    """Measure streams and lines, each with remit in turns with the others; what cannot be had is said and left out."""
    rounds = min(ROUNDS, context.rounds)
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        running = _prepared(context, Path(folder))
        samples, absent = _taken(_streams(context, running), rounds)
        lines = prepared_lines(context.log, context.events(LINES), Path(folder))
        line_samples, missing = _taken(_line_variants(lines), rounds)
    figures = [*_stream_figures(samples), *_line_figures(line_samples)]
    gone = [f"NOT MEASURED: {each}" for each in (*absent, *missing)]
    return Result(
        "The whole job beside stream libraries and log daemons",
        figures,
        [*_notes(context), *gone],
        {"versions": _versions(running) | {name: version_of(name) for name in DAEMONS}},
    )


def _taken(variants: Variants, rounds: int) -> tuple[Samples, list[str]]:
    """Run them in turns; the first round shows which can be had, and says why the others cannot."""
    first: dict[str, Sample] = {}
    gone = []
    for name, variant in variants.items():
        try:
            first[name] = variant()
        except (NotHadError, subprocess.SubprocessError) as error:
            gone.append(f"{name}: {error}")
            print(f"NOT MEASURED: {gone[-1]}", flush=True)
    more = in_turns({name: variants[name] for name in first}, rounds - 1)
    return {name: [sample, *more[name]] for name, sample in first.items()}, gone


def _prepared(context: Context, folder: Path) -> Running:
    """Put the messages of the libraries on a topic and into a file."""
    topic, contract = f"bench-peers-{uuid.uuid4().hex[:8]}", builtin().by_name("page_view")
    context.kafka.create_topic(topic, PARTITIONS)
    encode = avro_encoder(contract)
    events = context.events(PEER_EVENTS, 10_000)
    views = page_views(events, 1, context.log)
    messages = [encode(whole(contract, view, number)) for number, view in enumerate(views)]
    producer = Producer({"bootstrap.servers": context.kafka.bootstrap, **QUEUE})
    for message, view in zip(messages, views, strict=True):
        producer.produce(topic, message, key=view.subject)
    assert not producer.flush(60)
    file = folder / "messages"
    write_messages(messages, file)
    schema = json.dumps(peer_schema(contract))
    bootstrap, skip = context.kafka.bootstrap, events // 3
    asked = Asked(bootstrap, topic, str(file), schema, events, skip, str(folder))
    return Running(python_of("stream-peers"), asked)


def _streams(context: Context, running: Running) -> Variants:
    variants: dict[str, Callable[[], Sample]] = {OURS: partial(_remit, context)}
    for form in GOALS:
        for name in LIBRARIES:
            variants[f"{name}, {form}"] = partial(_library, running, name, form)
        for name in GO_PEERS:
            variants[f"{name}, {form}"] = partial(run_go, running.asked, form, CORE)
    return variants


def _many(context: Context) -> int:
    """How many events remit takes: whole pools of those that `lake.filled` invents."""
    return max(2 * POOL, context.events(EVENTS) // POOL * POOL)


def _remit(context: Context) -> Sample:
    with place(f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}") as installation:
        events = _many(context)
        fill(installation, events, context.log)
        return run_apart("peers.drained", {**installation.env, **FULL_FLUSHES}, events=events)


def drained(events: int) -> dict[str, float]:
    """Store what lies on the topic, on one core; see `lake.drained`."""
    os.sched_setaffinity(0, {CORE})
    from bench.lake import drained as stored  # noqa: PLC0415  # behind the affinity: pools count cores

    return stored(events)


def _library(running: Running, name: str, form: str) -> Sample:
    asked = running.asked
    words = [str(running.python), "-m", "bench.beside.streams", name, form]
    return rates(asked.events - asked.skip, answer(words, asked, CORE, environ()))


def _versions(running: Running) -> dict[str, str]:
    """Give the versions of everything in the libraries' environment."""
    words = [sys.executable, "-m", "uv", "pip", "list", "--format", "json", "--python"]
    done = subprocess.run([*words, running.python], capture_output=True, text=True, check=True)
    packages = {package for package, _ in LIBRARIES.values()}
    return {
        each["name"]: each["version"]
        for each in json.loads(done.stdout)
        if each["name"] in packages
    }


def _best(samples: Samples, form: str) -> str:
    """Name the library that does most on a core; the bare function and what reads no broker stand beside, not in the goal."""
    libraries = [
        name
        for name in samples
        if name.endswith(form)
        and "alone" not in name
        and "memory" not in name
        and not name.startswith(GO_PEERS)
    ]
    return max(
        libraries, key=lambda name: figure(samples, name, "core/s", name="", unit="events/s").value
    )


def _stream_figures(samples: Samples) -> list[Figure]:
    figures = []
    for form, times in GOALS.items():
        best = _best(samples, form)
        beside = figure(samples, best, "core/s", name="", unit="events/s").value
        figures.append(
            figure(
                samples,
                OURS,
                "core/s",
                name=f"{OURS}, beside the best library, {form}",
                unit="events/s",
                goal=times * beside,
                baseline=best,
            )
        )
    figures += _go_figures(samples)
    for name in samples:
        for metric, words in (("core/s", "on a core"), ("events/s", "by the clock")):
            figures.append(figure(samples, name, metric, name=f"{name}, {words}", unit="events/s"))
    return figures


def _go_figures(samples: Samples) -> list[Figure]:
    """Beside each peer in Go that could be had: the goal is to be ahead of it, on a core."""
    return [
        figure(
            samples,
            OURS,
            "core/s",
            name=f"{OURS}, beside {name}",
            unit="events/s",
            goal=figure(samples, name, "core/s", name="", unit="events/s").value,
            baseline=name,
        )
        for name in samples
        if name.startswith(GO_PEERS)
    ]


def _line_variants(lines: Lines) -> Variants:
    few = first_of(lines, START_LINES)
    ours: dict[str, Callable[[], Sample]] = {
        IMPORT: partial(import_lines, lines, CORE),
        START: partial(import_lines, few, CORE),
    }
    return ours | {name: partial(forward, name, lines, CORE) for name in DAEMONS}


def _line_figures(samples: Samples) -> list[Figure]:
    """Lines are events here: so many a second."""
    daemons = [name for name in samples if name in DAEMONS]
    figures = [figure(samples, START, "processor_s", name=f"{START}, processor time", unit="s")]
    for name in (IMPORT, *daemons):
        rate = partial(figure, samples, name, "core/s", unit="events/s")
        if name == IMPORT and daemons:
            best = max(daemons, key=lambda each: samples[each][0]["core/s"])
            beside = figure(samples, best, "core/s", name="", unit="events/s").value
            figures.append(rate(name=f"{name}, on a core", goal=beside, baseline=best))
        else:
            figures.append(rate(name=f"{name}, on a core"))
        for metric, unit, words in (
            ("events/s", "events/s", "by the clock"),
            ("s/million", "s", "processor for a million lines"),
        ):
            figures.append(figure(samples, name, metric, name=f"{name}, {words}", unit=unit))
    return figures


def _notes(context: Context) -> Sequence[str]:
    return [
        "One core each (taskset; the broker is free to use both). On a core: by the processor time of the whole process, all its threads.",
        (
            f"remit: {_many(context):,} sealed page views from Kafka, opened, decoded, authorized, minimized, tagged and stored in a "
            "committed and fsynced lake, exactly once, with receipts; counted from the first commit on, flushes of 50,000 events."
        ),
        (
            f"Libraries: {context.events(PEER_EVENTS, 10_000):,} plain Confluent-Avro messages of the same events, of which the first third fills caches and is "
            "not counted; decode, cut the address, parse the agent, hash the subject, drop four fields. The result is thrown away: no storing, no "
            "consent, no receipts, no exactly once."
        ),
        (
            "benthos: the MIT core of Redpanda Connect with franz-go, in Go (GOMAXPROCS=1): the same messages and the same job, and JSON lines into "
            "a file, each compared with what the function in Python makes (of agents, only that they are there: its parser is another one). No fsync, "
            "no consent, no receipts, no exactly once. Idiomatic: a mapping in Bloblang; tuned: one processor that reduces every distinct value once."
        ),
        (
            f"Lines: {context.events(LINES):,} access-log lines from a file; a log that has fewer comes over and over, so that its agents and pages do. "
            "remit: the whole command, from its start to a committed and fsynced lake with receipts; the start alone is a file of "
            f"{START_LINES:,} lines. "
            "rsyslog and syslog-ng: cut the address, hash it, drop the agent, write a text file; no agent is parsed, nothing is fsynced or counted, and a kill loses or repeats lines."
        ),
    ]
