"""Rewriting: files of an events table that hold some subjects are written anew without what must go, in one commit.

Files are found by the minima and maxima of `subject` or `keep_until` in their footers; no predicate is ever logged. A
flush that commits meanwhile only takes another version; a commit that takes out one of the same files makes the rewrite
begin anew.

Source: DESIGN.md, D4, D5.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.lake.durable import Written, discard, sync, sync_soon
from remit_consumers.lake.promises import keep_promised
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt, summed
from remit_consumers.lake.redraw import (
    Change,
    Decide,
    Groups,
    Redrawn,
    day_in,
    every_group,
    groups_for,
    redraw,
)
from remit_consumers.lake.removed import RemovedCount
from remit_consumers.lake.replayed import Replayed
from remit_consumers.lake.tables import Table, checkpoint, open_table
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.lake.tagsets import add as add_tagsets
from remit_consumers.lake.tagsets import known as known_tagsets
from remit_consumers.store.place import parquet
from remit_schemas.errors import LakeError, StaleWriter, Unconfirmed

__all__ = [
    "ATTEMPTS",
    "EVENTS",
    "WORKERS",
    "Change",
    "Decide",
    "Rewriting",
    "contract_of",
    "day_in",
    "due_files",
    "find",
    "holds",
    "joined",
    "live_files",
    "rewrite",
    "rewrite_files",
]

ATTEMPTS = 5
"""How often a rewrite begins anew because somebody else rewrote one of its files: the lease makes even one rare."""

WORKERS = 4
"""Files worked on at a time: Arrow reads and writes without the interpreter's lock, so two cores are kept busy."""

EVENTS = "events/"
"""What the tables of events are called before their contract."""


def contract_of(name: str) -> str:
    """The contract whose events a table holds; empty for a table of remit's own."""
    return name.removeprefix(EVENTS) if name.startswith(EVENTS) else ""


@dataclass(slots=True)
class _Drafted:
    """What a rewrite has written so far."""

    files: list[Written] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[RemovedCount] = field(default_factory=list)
    tagsets: dict[str, Tagset] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    corrected: Counter[str] = field(default_factory=Counter)
    replayed: list[Replayed] = field(default_factory=list)
    released: int = 0

    def take(self, one: Redrawn) -> None:
        """Add a file that was written anew."""
        self.files += one.files
        self.replaced.append(one.replaced)
        for change in one.changes:
            self.removed += change.removed
            self.filled.update(change.filled)
            self.corrected.update(change.corrected)
            self.replayed += change.replayed
            self.released += change.released
            self.tagsets |= {each.tagset: each for each in change.tagsets}


def rewrite(
    root: Path, name: str, subjects: pa.Array, decide: Decide, workers: int = 1
) -> Receipt | None:
    """Rewrite the files of an events table that hold some subjects, durably.

    Args:
        root: The lake's folder.
        name: `events/<contract>`.
        subjects: Pseudonyms as the rows bear them.
        decide: Says what becomes of the rows of a file, or of a group of them.
        workers: Files worked on at a time; `decide` is called by as many threads.

    Returns:
        The receipt of the commit; None where nothing had to change.

    Raises:
        LakeError: Others rewrote the same files again and again.
    """
    names = sorted(subjects.to_pylist())
    what = Rewriting(
        live_files, decide, groups=lambda about: groups_for(about, names), workers=workers
    )
    return rewrite_files(root, name, what)


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What a rewrite does with a table of rows.

    Attributes:
        find: Gives the files that may have to change, by their paths.
        decide: Says what becomes of rows.
        begin: Called before files are read; what was decided before it does not count.
        ready: Called when files are written, before the commit; gives the transactions that the commit brings.
        groups: Says which groups of a file may have to change; `decide` is asked of each by itself, or of the whole file.
        workers: Files worked on at a time.
    """

    find: Callable[[Table], Iterable[str]]
    decide: Decide
    begin: Callable[[], None] = lambda: None
    ready: Callable[[], Mapping[str, int]] = dict
    groups: Groups = every_group
    workers: int = 1


def rewrite_files(root: Path, name: str, what: Rewriting) -> Receipt | None:
    """Rewrite files of a table of rows, durably; what is returned and raised is as in `rewrite`."""
    for _ in range(ATTEMPTS):
        table = open_table(root, name)
        drafted = _Drafted()
        try:
            what.begin()
            _redraw_all(table, what, drafted)
            if not drafted.replaced:
                return None
            _know(root, drafted.tagsets.values())
            receipt = _publish(table, drafted, what.ready)
        except StaleWriter:
            discard(drafted.files)
        except (Unconfirmed, KeyboardInterrupt):  # it stands, or may
            raise
        except BaseException:
            discard(drafted.files)
            raise
        else:
            keep_promised(root, [name])  # what an older copy of the table would bring back
            return receipt
    message = f"table {name} is being rewritten by others all the time"
    raise LakeError(message)


def _redraw_all(table: Table, what: Rewriting, drafted: _Drafted) -> None:
    """Write anew the files of a table that must change, some at a time."""

    def drawn_anew(path: str) -> Redrawn | None:
        one = redraw(table, path, what.decide, what.groups)
        sync_soon(one.files if one else ())
        return one

    with ThreadPoolExecutor(what.workers) as pool:
        drawn = [pool.submit(drawn_anew, path) for path in what.find(table)]
    failed = [error for error in (each.exception() for each in drawn) if error is not None]
    for each in drawn:
        one = None if each.exception() else each.result()
        if one is not None:
            drafted.take(one)
    if failed:
        raise failed[0]


def find(root: Path, name: str, subjects: pa.Array) -> list[str]:
    """The files of a table that have a row of one of these subjects, as paths below it."""
    table = open_table(root, name)
    names, paths = sorted(subjects.to_pylist()), live_files(table)
    with ThreadPoolExecutor(WORKERS) as pool:
        held = pool.map(lambda path: _holds(table.path / path, subjects, names), paths)
        return [path for path, is_held in zip(paths, held, strict=True) if is_held]


def due_files(table: Table, now: datetime) -> Iterator[str]:
    """The files of a table in which a row's `keep_until` has come, by the minima in their footers."""
    for path in live_files(table):
        metadata = parquet(table.path / path).metadata
        if any(_may_be_due(metadata.row_group(n), now) for n in range(metadata.num_row_groups)):
            yield path


def _may_be_due(group: pq.RowGroupMetaData, now: datetime) -> bool:
    """Whether a row group's smallest `keep_until` has come; one that does not tell may be."""
    for column in (group.column(place) for place in range(group.num_columns)):
        if column.path_in_schema == "keep_until":
            told = column.statistics
            return told is None or not told.has_min_max or told.min <= now
    return True


def live_files(table: Table) -> list[str]:
    """The paths of the files that hold a table's rows."""
    paths: list[str] = pa.chunked_array(table.delta.get_add_actions()["path"]).to_pylist()
    return sorted(paths)


def holds(file: Path, subjects: pa.Array) -> bool:
    """Whether a file has a row of one of these subjects; its footer alone mostly tells that it has not."""
    return _holds(file, subjects, sorted(subjects.to_pylist()))


def _holds(file: Path, subjects: pa.Array, names: Sequence[str]) -> bool:
    """Whether a file has a row of one of these subjects, whose names are given sorted as well."""
    opened = parquet(file)
    groups = groups_for(opened.metadata, names)
    if not groups:
        return False
    column = opened.read_row_groups(groups, columns=["subject"], use_threads=False).column(0)
    return bool(pc.any(pc.is_in(column, subjects)).as_py())


def _know(root: Path, tagsets: Iterable[Tagset]) -> None:
    """Put tagsets into the catalogue before any row bears them."""
    catalogue = open_table(root, "tagsets")
    there = known_tagsets(catalogue)
    fresh = [one for one in tagsets if one.tagset not in there]
    if fresh:
        add_tagsets(catalogue, fresh)


def _publish(
    table: Table, drafted: _Drafted, ready: Callable[[], Mapping[str, int]] = dict
) -> Receipt:
    """Commit what was written, with its receipt."""
    receipt = Receipt(
        log="",
        contract=contract_of(table.name),
        policy_version="",
        positions={},
        events=EventCounts(),
        removed=joined(drafted.removed),
        filled=dict(+drafted.filled),
        corrected=dict(+drafted.corrected),
        replayed=drafted.replayed,
        released=drafted.released,
    )
    sync(drafted.files)
    what = Append(drafted.files, ready(), receipt.to_json(), drafted.replaced)
    version = append(table.path, table.version, what)
    checkpoint(table, version)
    return receipt


def joined(counts: Iterable[RemovedCount]) -> tuple[RemovedCount, ...]:
    """Put counts of the same removal and reason together."""
    whole: dict[tuple[str, str], RemovedCount] = {}
    for one in counts:
        before = whole.get((one.removal, one.reason), RemovedCount(one.removal, one.reason))
        whole[one.removal, one.reason] = replace(
            before,
            rows=before.rows + one.rows,
            narrowed=before.narrowed + one.narrowed,
            values=summed((before.values, one.values)),
            waited_ms=max(before.waited_ms, one.waited_ms),
            tenants=summed((before.tenants, one.tenants)),
        )
    return tuple(whole.values())
