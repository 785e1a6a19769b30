"""Files that no reader needs any more go from the disk: those that a commit took out, and orphans that hold a subject."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.durable import fsync
from remit_consumers.lake.log import entries, log_file
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
        """Take away the files of a table that were taken out longer ago than a grace; gives how many."""
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
            if now - at >= grace_s and file.is_relative_to(table)
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
    spared = vacuum.spares(table.path)
    old = [
        file
        for file in table.path.glob("**/part-*.parquet")
        if "_delta_log" not in file.parts and _age_s(file) >= ORPHAN_AGE_S
    ]
    table.refresh()  # after the files were listed: what was committed meanwhile is spoken of
    spoken_of = {table.path / path for path in live_files(table)}
    gone = [file for file in old if file not in spoken_of and file not in spared]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def _age_s(file: Path) -> float:
    """How old a file is; one that is gone meanwhile is of no age."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def orphans_holding(table: Table, subjects: pa.Array) -> Iterator[Path]:
    """Files of a table that no commit speaks of and that hold one of these subjects."""
    spoken_of = {table.path / path for path in live_files(table)}
    for file in sorted(table.path.glob("**/*.parquet")):
        if file not in spoken_of and "_delta_log" not in file.parts:
            with suppress(FileNotFoundError, pa.ArrowInvalid):  # gone meanwhile, or not finished
                if holds(file, subjects):
                    yield file


def take_orphans(table: Table, subjects: pa.Array) -> int:
    """Take away the orphans that hold one of these subjects; gives how many are too young to be taken for orphans."""
    young = 0
    for file in orphans_holding(table, subjects):
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime < ORPHAN_AGE_S:
                young += 1
            else:
                file.unlink()
    return young
