"""Renewal: files whose dictionaries may name what no row of theirs has are written anew, row for row.

Before dictionaries were parted (`groups`), a group of rows was written with the dictionary of a whole flush, and an
erasure copied the groups that did not hold the subject: so such a file may still name who was erased. Its footer lacks
the mark. A sweep writes these anew for some minutes, those first of which something was taken, in commits that say of
themselves that no row changed; the next sweep goes on where it ended. An erasure does so at once where one names its
subject.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import pyarrow as pa

from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.compaction import moved
from remit_consumers.lake.durable import Written, discard, write
from remit_consumers.lake.groups import are_own, names_any, unused
from remit_consumers.lake.lease import lease
from remit_consumers.lake.log import entries
from remit_consumers.lake.redraw import read_whole
from remit_consumers.lake.rewrite import live_files
from remit_consumers.lake.splice import span
from remit_consumers.lake.tables import Table, open_table, tables_in
from remit_consumers.store.place import parquet

BUDGET_S: Final = 300.0
"""How long a sweep renews at most, in seconds."""

AT_A_TIME: Final = 32
"""Files of one commit: few enough that the lake's lease is held for some seconds, and that a kill loses little."""

PAUSE_S: Final = 0.1
"""How long the lease is free between two commits: who waits for it asks for it twice as often."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What renewing came to: files written anew, and those that are left for the next time."""

    files: int = 0
    left: int = 0


def renew_tables(root: Path, budget_s: float = BUDGET_S) -> Renewed:
    """Renew files of every table but `positions`, which names nobody.

    The lake's lease is taken for each commit and let go again, so that an erasure comes in between; where another holds
    it, the rest is left for the next time.

    Args:
        root: The lake's folder.
        budget_s: How long files are written at most, in seconds; what was begun is ended.

    Raises:
        LakeError: A table cannot be read; what was renewed before stands.
        OSError: One cannot be written; as above.
    """
    files = left = 0
    for name in _tables(root):
        done, rest, spent_s = _renewed_within(budget_s, open_table(root, name))
        files, left, budget_s = files + done, left + rest, budget_s - spent_s
    return Renewed(files, left)


def _renewed_within(budget_s: float, table: Table) -> tuple[int, int, float]:
    """Renew files of a table for some seconds; gives how many were, how many are left, and how long it took.

    Looking for them is not counted: in however large a lake, each sweep gets on.
    """
    old, done = old_files(table), 0
    begun_at, spent_s = time.monotonic(), 0.0
    for some in _batches(old):
        if spent_s >= budget_s:
            break
        with lease(table.root) as is_held:
            table.refresh()
            count = _renewed(table, some) if is_held else 0
        if not count:
            break
        done += count
        time.sleep(PAUSE_S)
        spent_s = time.monotonic() - begun_at
    return done, len(old) - done, spent_s


def renew_naming(table: Table, subjects: pa.Array) -> int:
    """Renew the files of a table whose dictionaries name one of these subjects, at once; gives how many.

    Errors as in `renew_tables`.
    """
    old = [p for p in old_files(table) if names_any(table.path / p, "subject", subjects)]
    return sum(_renewed(table, some) for some in _batches(old))


def old_files(table: Table) -> list[str]:
    """The files of a table without the mark, as paths below it: those first of which something was taken."""
    table.refresh()
    old = [path for path in live_files(table) if _is_old(table.path / path)]
    if not old:
        return []
    redrawn = {one.path for each in entries(table.path) if each.removed for one in each.added}

    def comes_late(path: str) -> bool:
        return path not in redrawn and not _has_gaps(table.path / path)

    return sorted(old, key=comes_late)


def count_old(root: Path) -> dict[str, int]:
    """How many files without the mark each table has; those with none left out."""
    found = {name: len(old_files(open_table(root, name))) for name in _tables(root)}
    return {name: count for name, count in found.items() if count}


def left_unused(root: Path) -> Iterator[tuple[str, int, int]]:
    """The tables with files without the mark that name what no row of theirs has: how many files, and values."""
    for name in _tables(root):
        table = open_table(root, name)
        found = [n for n in (_unused(table.path / path) for path in old_files(table)) if n]
        if found:
            yield name, len(found), sum(found)


def _tables(root: Path) -> list[str]:
    return [name for name in tables_in(root) if name != POSITIONS_TABLE]


def _is_old(file: Path) -> bool:
    """Whether a file lacks the mark; one that is gone meanwhile does not."""
    with suppress(FileNotFoundError):
        return not are_own(parquet(file).metadata)
    return False


def _unused(file: Path) -> int:
    """How many values only a file's dictionaries name; none of one that is gone meanwhile."""
    with suppress(FileNotFoundError):
        return unused(file)
    return 0


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    rest = iter(paths)
    while some := list(islice(rest, AT_A_TIME)):
        yield some


def _renewed(table: Table, paths: Sequence[str]) -> int:
    """Write files anew and commit them; gives how many, which is none where somebody else took one out."""
    if not set(paths) <= set(live_files(table)):
        return 0
    files: list[Written] = []
    try:
        for path in paths:
            files += write(table.path, read_whole(table, path))
    except BaseException:
        discard(files)
        raise
    return len(paths) if moved(table, files, paths) else 0


def _has_gaps(file: Path) -> bool:
    """Whether a group ends before the next begins: a splice pads the group that it puts in the place of another."""
    with suppress(FileNotFoundError):
        about = parquet(file).metadata
        spans = [span(about, number) for number in range(about.num_row_groups)]
        return any(end < begin for (_, end), (begin, _) in pairwise(spans))
    return False
