"""The import of log files: lines become packs cut at fixed line numbers, so that an import can go on where it was cut."""

import gzip
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow.compute as pc
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from remit.importer import Importer, content_of
from remit_cli.line_reading import KINDS, Read, reader
from remit_cli.storing import make_ready, wait_until_stored
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.receipt import PackOutcome
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError, SpoolError

PACK_LINES = 2_000
"""Lines of one pack. Part of every import's identity: another number would store a resumed file twice."""

SPOOL_BYTES_HIGH = 64 << 20
"""From here on an import waits for the log to be taken: a quarter of what the spool of one process may hold."""

TOO_LARGE = "were let go: Kafka takes no pack that large (the topic's max.message.bytes)"
"""What is said of events behind their number."""

READ_BYTES = 1 << 18
"""Read of a file at once: the blocks of a disk are 4,096 bytes, a system call for each fifteen lines."""

FLUSH_TIMEOUT_S = 600.0
"""How long the end of an import waits for a broker to acknowledge."""


@dataclass(slots=True)
class Imported:
    """What became of the lines of one file.

    Attributes:
        lines: Lines in the file.
        accepted: Lines that became events.
        refused: Lines that did not, by reason.
        stored_before: Lines that an earlier import of the same file has stored already.
        let_go: Of those accepted, what went no further: the log takes no message as large as its pack.
    """

    lines: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    stored_before: int = 0
    let_go: int = 0

    @property
    def is_of_another_kind(self) -> bool:
        """Whether there were lines and none of them could be read."""
        return self.lines > 0 and not self.accepted

    def __str__(self) -> str:
        """What a person is told of it."""
        refused = ", ".join(f"{count:,} {reason}" for reason, count in self.refused.items())
        before = (
            f"; of them {self.stored_before:,} lines were stored before"
            if self.stored_before
            else ""
        )
        gone = f"; {self.let_go:,} {TOO_LARGE}" if self.let_go else ""
        return f"{self.lines:,} lines, {self.accepted:,} accepted, refused: {refused or 'none'}{before}{gone}"

    def to_dict(self) -> dict[str, object]:
        """What `--json` prints of it."""
        return {
            "lines": self.lines,
            "accepted": self.accepted,
            "refused": dict(self.refused),
            "stored_before": self.stored_before,
            "let_go": self.let_go,
        }


@dataclass(frozen=True, slots=True)
class How:
    """How an import is to go about its files.

    Attributes:
        resume: Go on with files that were imported before, instead of refusing them.
        wait: Have everything stored before it ends, and make room on the way.
        tenant: Whose the files are; the operator's own where it is empty.
    """

    resume: bool = False
    wait: bool = False
    tenant: str = ""


def import_files(
    kind: str, files: list[Path], settings: Settings, how: How, console: Console
) -> dict[str, Imported]:
    """Import log files, one after the other; gives what became of each, by name.

    Raises:
        SettingsError: A file was imported before, wholly or in part, and it is not to be resumed.
        SpoolError: The log takes nothing more; what was read so far is in it.
    """
    make_ready(settings)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    done: dict[str, Imported] = {}
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        for file in files:
            task = progress.add_task(file.name, total=file.stat().st_size)
            work = _Import(kind, file, settings, how)
            try:
                for position in work.packs():
                    progress.update(task, completed=position)
                    work.make_room(wait=how.wait, console=console)
                work.finish()
            finally:
                work.importer.close()
            done[str(file)] = work.imported
    return done


class _Import:
    """The import of one file."""

    def __init__(self, kind: str, file: Path, settings: Settings, how: How) -> None:
        event = KINDS[kind][0]
        self._kind = kind
        self._file = file
        self._settings = settings
        self.importer = Importer(
            event, content_of(file), tenant=how.tenant, log=settings.log, data=settings.data
        )
        self._stored = _stored_packs(settings, self.importer.producer)
        self.imported = Imported()
        if self._stored and not how.resume:
            self.importer.close()
            message = f"{file.name} was imported before ({len(self._stored)} packs are stored); --resume goes on with it"
            raise SettingsError(message)

    def packs(self) -> Iterator[int]:
        """Write pack after pack; gives how far the file is read, in bytes as it lies there."""
        began_ms = int(time.time() * 1000)
        read = reader(self._kind, self.importer, began_ms)
        with _lines(self._file) as (lines, position):
            number = 0
            while chunk := list(islice(lines, PACK_LINES)):
                if self.importer.is_over:  # no consumer runs that would have begun the next epoch
                    make_ready(self._settings)
                if self.importer.renew():  # with a stopped category other lines are read at once
                    read = reader(self._kind, self.importer, began_ms)
                self._pack(number, chunk, read)
                number += 1
                yield position()

    def make_room(self, *, wait: bool, console: Console) -> None:
        """Let the log be taken before it is full.

        Raises:
            SpoolError: Nobody takes it.
        """
        if not self.importer.has_waiting(SPOOL_BYTES_HIGH):
            return
        if self._settings.log:
            self.importer.flush(FLUSH_TIMEOUT_S)
        elif wait:
            wait_until_stored(self._settings, console)
        else:
            message = "the spool is full and nothing takes from it: start `remit up`, or import with --wait; then --resume"
            raise SpoolError(message)

    def finish(self) -> None:
        """Have everything on the log, synced.

        Raises:
            SpoolError: The broker did not take everything in time; it stays in the spool.
        """
        is_taken = self.importer.flush(FLUSH_TIMEOUT_S)
        self.imported.let_go = self.importer.let_go
        if not is_taken:
            message = "the broker did not take everything; what is left lies in the spool: --resume goes on"
            raise SpoolError(message)

    def _pack(self, number: int, chunk: list[bytes], read: Read) -> None:
        events, body, refused = read(chunk)
        identity = self.importer.identity(number)
        if identity in self._stored:
            self.importer.skip_pack(number, events, refused)
            self.imported.stored_before += len(chunk)
        else:
            self.importer.add_body(number, events, body, refused)
        self.imported.lines += len(chunk)
        self.imported.accepted += events
        self.imported.refused += refused


def _stored_packs(settings: Settings, producer: bytes) -> frozenset[tuple[int, int]]:
    """The packs of a producer whose events the lake has, as (lane, sequence); what only claims to be one is not."""
    receipts = Lake(settings.lake).receipts()
    mine = pc.and_(
        pc.equal(receipts["kind"], "pack"), pc.equal(receipts["producer"], producer.hex())
    )
    is_read = pc.equal(receipts["decision"], PackOutcome.READ.value)
    packs = receipts.filter(pc.and_(mine, is_read)).select(["lane", "sequence"]).to_pylist()
    return frozenset((pack["lane"], pack["sequence"]) for pack in packs)


@contextmanager
def _lines(path: Path) -> Iterator[tuple[Iterator[bytes], Callable[[], int]]]:
    """The lines of a plain or packed file, each with its end, and how far it is read in bytes as it lies there.

    Lines end at a line feed and nowhere else; bytes that are no UTF-8 become the replacement character.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb", READ_BYTES))
        packed = path.suffix == ".gz"
        content = stack.enter_context(gzip.open(raw)) if packed else raw
        yield iter(content), raw.tell
