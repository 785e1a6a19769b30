"""Runs one stream library over a topic: `python -m bench.beside.streams NAME FORM`, in the environment of requirements/stream-peers.txt.

Reads one JSON object on standard input (`Asked`), writes one line: processor and wall seconds of the events behind the
first `skip`. Nothing of the project is imported here. Each library is set up as its pages
say; none of them stores what it made.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from bench.beside.peer import load
from bench.beside.stream_functions import FORMS, Refine

TAKEN: Final = 1_000  # messages taken from a broker at once, where that can be said
LENGTH: Final = 4  # bytes before each message of the file


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done.

    Attributes:
        bootstrap: Of the broker.
        topic: Where the messages lie.
        file: The same messages, each behind its length.
        schema: Of the messages.
        events: How many there are.
        skip: How many go by before the clock starts: loading, joining the group, filling caches.
        folder: Where a library may keep what it needs.
    """

    bootstrap: str
    topic: str
    file: str
    schema: str
    events: int
    skip: int
    folder: str


class Job:
    """The function, with a clock around it; the last event ends the process."""

    def __init__(self, refine: Refine, asked: Asked) -> None:
        self._refine = refine
        self._asked = asked
        self._seen = 0
        self._begun = (0.0, 0.0)

    def __call__(self, message: bytes) -> dict[str, Any]:
        """Do the job for one message."""
        made = self._refine(message)
        self._seen += 1
        if self._seen == self._asked.skip:
            self._begun = (time.process_time(), time.perf_counter())
        if self._seen == self._asked.events:
            self._end()
        return made

    def _end(self) -> NoReturn:
        processor_s = time.process_time() - self._begun[0]
        wall_s = time.perf_counter() - self._begun[1]
        said = json.dumps({"processor_s": processor_s, "wall_s": wall_s})
        os.write(
            1, f"\n{said}\n".encode()
        )  # faust's worker puts a spinner and a logger of its own on stdout
        os._exit(0)  # some libraries only end by a signal, and none has anything to save


def alone(asked: Asked, job: Job) -> None:
    """No library at all: the function in a loop over the messages in memory."""
    for message in _messages(asked):
        job(message)


def quixstreams(asked: Asked, job: Job) -> None:
    """A streaming data frame with one `apply`."""
    application = load("quixstreams").Application(
        broker_address=asked.bootstrap,
        consumer_group=f"bench-{time.time_ns()}",
        auto_offset_reset="earliest",
        state_dir=asked.folder,
        loglevel="ERROR",
    )
    topic = application.topic(asked.topic, value_deserializer="bytes")
    application.dataframe(topic).apply(job)
    application.run()


def faust(asked: Asked, job: Job) -> None:
    """An agent that loops over its stream."""
    app = load("faust").App(
        f"bench-{time.time_ns()}",
        broker=f"kafka://{asked.bootstrap}",
        value_serializer="raw",
        key_serializer="raw",
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=TAKEN,
        stream_wait_empty=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        store="memory://",
        datadir=asked.folder,
    )

    @app.agent(app.topic(asked.topic, value_serializer="raw", key_serializer="raw"))  # type: ignore[untyped-decorator]
    async def agent(stream: Any) -> None:  # noqa: ANN401  # of a library that is not in this environment
        async for value in stream:
            job(value)

    sys.argv = ["bench", "worker", "--loglevel", "error", "--without-web"]
    app.main()


def bytewax(asked: Asked, job: Job) -> None:
    """A dataflow from Kafka through `map`."""
    kafka = load("bytewax.connectors.kafka")
    source = kafka.KafkaSource(
        [asked.bootstrap], [asked.topic], starting_offset=-2, tail=False, batch_size=TAKEN
    )
    _flow(source, lambda message: job(message.value))


def bytewax_memory(asked: Asked, job: Job) -> None:
    """The same dataflow from messages in memory."""
    source = load("bytewax.testing").TestingSource(_messages(asked), batch_size=TAKEN)
    _flow(source, job)


def _flow(source: object, step: Callable[[Any], Any]) -> None:
    operators, outputs = load("bytewax.operators"), load("bytewax.connectors.stdio")
    flow = load("bytewax.dataflow").Dataflow("bench")
    made = operators.map("job", operators.input("in", flow, source), step)
    none = operators.filter("none", made, lambda event: not event)  # a flow must have an output
    operators.output("out", none, outputs.StdOutSink())
    load("bytewax.testing").run_main(flow)


def arroyo(asked: Asked, job: Job) -> None:
    """A processor whose one strategy runs the function and commits."""
    kafka, types = load("arroyo.backends.kafka"), load("arroyo.types")
    strategies = load("arroyo.processing.strategies")
    settings = load("arroyo.backends.kafka.configuration").build_kafka_consumer_configuration(
        {},
        bootstrap_servers=[asked.bootstrap],
        auto_offset_reset="earliest",
        group_id=f"bench-{time.time_ns()}",
    )

    class Factory(strategies.ProcessingStrategyFactory):  # type: ignore[misc, name-defined]
        def create_with_partitions(self, commit: object, _partitions: object) -> object:
            done = strategies.CommitOffsets(commit)
            return strategies.RunTask(lambda message: job(message.payload.value), done)

    processor = load("arroyo.processing.processor").StreamProcessor(
        consumer=kafka.KafkaConsumer(settings),
        topic=types.Topic(asked.topic),
        processor_factory=Factory(),
    )
    processor.run()


LIBRARIES: Final[Mapping[str, tuple[str, Callable[[Asked, Job], None]]]] = {
    "the function alone": ("", alone),
    "bytewax from memory": ("bytewax", bytewax_memory),
    "bytewax": ("bytewax", bytewax),
    "quixstreams": ("quixstreams", quixstreams),
    "arroyo": ("sentry-arroyo", arroyo),
    "faust": ("faust-streaming", faust),
}
"""By the name in the table: the package, and how it runs."""


def write_messages(messages: list[bytes], file: Path) -> None:
    """Write messages as `alone` reads them."""
    with file.open("wb") as out:
        for message in messages:
            out.write(len(message).to_bytes(LENGTH, "big") + message)


def _messages(asked: Asked) -> list[bytes]:
    data = Path(asked.file).read_bytes()
    messages, at = [], 0
    while at < len(data):
        end = at + LENGTH + int.from_bytes(data[at : at + LENGTH], "big")
        messages.append(data[at + LENGTH : end])
        at = end
    return messages


def main(name: str, form: str) -> None:
    """Run one library with one form of the function."""
    asked = Asked(**json.load(sys.stdin))
    _, run = LIBRARIES[name]
    run(asked, Job(FORMS[form](asked.schema), asked))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
