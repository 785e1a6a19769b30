"""What every bench module may ask for: how much to do, events, a broker, a place to work in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kit.installation import Installation
from kit.kafka import Kafka
from remit_cli.storing import make_ready
from remit_consumers.settings import Settings

HEAP_MB: Final = 512  # of the broker: as a small real one
PARTITIONS: Final = 12  # of every topic: one for each lane, as remit makes its own


@dataclass(slots=True)
class Context:
    """One run of the benchmarks.

    Attributes:
        rounds: Times that each variant runs.
        scale: Share of the events of a full run, 0 to 1.
        log: A real access log to draw page views from; empty invents them.
        labelled: A folder of labelled data to score reducers on; empty scores them on invented values alone.
        size: Rows of the largest lake of `growth`; 0 takes its own.
        stack: Ends what the run started.
    """

    rounds: int = 5
    scale: float = 1.0
    log: str = ""
    labelled: str = ""
    size: int = 0
    stack: ExitStack = field(default_factory=ExitStack)
    _kafka: Kafka | None = None

    @property
    def kafka(self) -> Kafka:
        """The broker of this run, started when it is first asked for."""
        if self._kafka is None:
            self._kafka = self.stack.enter_context(Kafka(heap_mb=HEAP_MB))
        return self._kafka

    def events(self, full: int, least: int = 1000) -> int:
        """Give how many events to take where a full run takes `full`."""
        return max(least, int(full * self.scale))

    def seconds(self, full: float) -> float:
        """Give how long to measure where a full run measures `full` seconds."""
        return max(3.0, full * self.scale)


@contextmanager
def place(log: str = "") -> Iterator[Installation]:
    """Give an installation with keys in a folder that goes afterwards."""
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        installation = Installation(Path(folder), log=log)
        make_ready(Settings.from_env(installation.env))
        yield installation
