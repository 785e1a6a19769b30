"""Files that no reader needs any more go from the disk: those that a commit took out, and orphans that hold a subject."""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.durable import fsync
from remit_consumers.lake.log import LOG_FOLDER, entries, log_file
from remit_consumers.lake.rewrite import holds, live_files
from remit_consumers.lake.tables import Table

ORPHAN_AGE_S = 600.0
"""How old a file must be that no commit speaks of, before it is taken for what a crash left: a flush publishes its
files within seconds."""


class Vacuum:
    """Takes files away behind the commits that took them out; remembers how far it has read each table's log."""

    def __init__(self) -> None:
        self._read: dict[Path, int] = {}
        self._due: dict[Path, float] = {}

    def take(self, table: Path, grace_s: float) -> int:
        """Take away the files of a table that were taken out longer ago than a grace; gives how many.

        Without a grace no clock is asked: what dates a log may be ahead of this machine.
        """
        for entry in entries(table, self._read.get(table, -1)):
            self._read[table] = entry.version
            if entry.removed:
                with suppress(FileNotFoundError):  # cut meanwhile: the files were gone before
                    removed_at = log_file(table, entry.version).stat().st_mtime
                    self._due |= {table / path: removed_at for path in entry.removed}
        now = time.time()
        gone = [
            file
            for file, at in self._due.items()
            if (not grace_s or now - at >= grace_s) and file.is_relative_to(table)
        ]
        there = [file for file in gone if file.exists()]  # a log names those of years
        for file in gone:
            file.unlink(missing_ok=True)
            del self._due[file]
        for folder in {file.parent for file in there}:
            with suppress(FileNotFoundError):
                fsync(folder)
        return len(there)

    def spares(self, table: Path) -> set[Path]:
        """The files of a table that were taken out and that somebody may still read."""
        return {file for file in self._due if file.is_relative_to(table)}


def take_old_orphans(table: Table, vacuum: Vacuum) -> int:
    """Take away the files of a table that no commit speaks of and that are old: a crash left them; gives how many.

    Args:
        table: The table; its newest version is looked at.
        vacuum: What knows which files wait to be taken away.
    """
    files = [file for file in table.path.glob("**/part-*.parquet") if LOG_FOLDER not in file.parts]
    table.refresh()  # after the files were listed: what was committed meanwhile is spoken of
    known = {table.path / path for path in live_files(table)} | vacuum.spares(table.path)
    gone, _ = _by_age(table.path, [file for file in files if file not in known])
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def orphans_holding(table: Table, subjects: pa.Array) -> Iterator[Path]:
    """Files of a table that no commit speaks of and that hold one of these subjects."""
    spoken_of = {table.path / path for path in live_files(table)}
    for file in sorted(table.path.glob("**/*.parquet")):
        if file not in spoken_of and LOG_FOLDER not in file.parts:
            with suppress(FileNotFoundError, pa.ArrowInvalid):  # gone meanwhile, or not finished
                if holds(file, subjects):
                    yield file


def take_orphans(table: Table, subjects: pa.Array) -> int:
    """Take away the orphans that hold one of these subjects; gives how many are too young to be taken for orphans."""
    old, young = _by_age(table.path, [*orphans_holding(table, subjects)])
    for file in old:
        file.unlink(missing_ok=True)
    return len(young)


def _by_age(table: Path, orphans: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Part orphans into those that are old enough to be taken away, and those that may still be published.

    What dates them is the disk's clock or the store's, so it is asked, and not this machine's. It can jump all the same:
    `publish` looks whether its files are there.
    """
    dated: dict[Path, float] = {}
    for file in orphans:
        with suppress(FileNotFoundError):  # published and replaced meanwhile, or discarded
            dated[file] = file.stat().st_mtime
    before = _now(table) - ORPHAN_AGE_S if dated else 0.0
    old = [file for file, at in dated.items() if at <= before]
    return old, [file for file in dated if file not in old]


def _now(table: Path) -> float:
    """The time by the clock that dates the files of a table; the beginning of time where it cannot be asked."""
    asked = table / LOG_FOLDER / f"_now_{uuid.uuid4()}.tmp"
    try:
        asked.write_bytes(b"")
        return asked.stat().st_mtime
    except OSError:  # a full disk: everything is young
        return 0.0
    finally:
        with suppress(OSError):
            asked.unlink(missing_ok=True)
