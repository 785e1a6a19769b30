"""Rewriting: files of an events table that hold some subjects are written anew without what must go, in one commit.

Files are found by the minima and maxima of `subject` or `keep_until` in their footers; no predicate is ever logged. A
flush that commits meanwhile only takes another version; a commit that takes out one of the same files makes the rewrite
begin anew.

Source: DESIGN.md, D4, D5.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.lake.durable import Written, discard, sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt, RemovedCount
from remit_consumers.lake.tables import Table, checkpoint, open_table
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.lake.tagsets import add as add_tagsets
from remit_consumers.lake.tagsets import known as known_tagsets
from remit_schemas.errors import LakeError, StaleWriter

ATTEMPTS = 5
"""How often a rewrite begins anew because somebody else rewrote one of its files: the lease makes even one rare."""

EVENTS = "events/"
"""What the tables of events are called before their contract."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the rows of a file.

    Attributes:
        rows: Those that stay, in their order.
        removed: What went.
        tagsets: What new tagsets on the rows stand for.
    """

    rows: pa.Table
    removed: Sequence[RemovedCount]
    tagsets: Sequence[Tagset] = ()


Decide = Callable[[pa.Table], Change | None]
"""Says what becomes of the rows of a file, `day` among their columns; None: all stay as they are."""


@dataclass(slots=True)
class _Drafted:
    """What a rewrite has written so far."""

    files: list[Written] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[RemovedCount] = field(default_factory=list)
    tagsets: dict[str, Tagset] = field(default_factory=dict)


def rewrite(root: Path, name: str, subjects: pa.Array, decide: Decide) -> Receipt | None:
    """Rewrite the files of an events table that hold some subjects, durably.

    Args:
        root: The lake's folder.
        name: `events/<contract>`.
        subjects: Pseudonyms as the rows bear them.
        decide: Says what becomes of a file's rows.

    Returns:
        The receipt of the commit; None where nothing had to change.

    Raises:
        LakeError: Others rewrote the same files again and again.
    """
    return rewrite_files(root, name, Rewriting(lambda table: _candidates(table, subjects), decide))


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What a rewrite does with a table of rows.

    Attributes:
        find: Gives the files that may have to change, by their paths.
        decide: Says what becomes of a file's rows.
        begin: Called before files are read; what was decided before it does not count.
        ready: Called when files are written, before the commit; gives the transactions that the commit brings.
    """

    find: Callable[[Table], Iterable[str]]
    decide: Decide
    begin: Callable[[], None] = lambda: None
    ready: Callable[[], Mapping[str, int]] = dict


def rewrite_files(root: Path, name: str, what: Rewriting) -> Receipt | None:
    """Rewrite files of a table of rows, durably; what is returned and raised is as in `rewrite`."""
    for _ in range(ATTEMPTS):
        table = open_table(root, name)
        drafted = _Drafted()
        try:
            what.begin()
            for path in what.find(table):
                _redraw(table, path, what.decide, drafted)
            if not drafted.replaced:
                return None
            _know(root, drafted.tagsets.values())
            return _publish(table, drafted, what.ready)
        except StaleWriter:
            discard(drafted.files)
        except BaseException:
            discard(drafted.files)
            raise
    message = f"table {name} is being rewritten by others all the time"
    raise LakeError(message)


def due_files(table: Table, now: datetime) -> Iterator[str]:
    """The files of a table in which a row's `keep_until` has come, by the minima in their footers."""
    for path in live_files(table):
        metadata = pq.read_metadata(table.path / path)
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
    opened = pq.ParquetFile(file)
    groups = [n for n in range(opened.num_row_groups) if _may_hold(opened.metadata, n, names)]
    if not groups:
        return False
    column = opened.read_row_groups(groups, columns=["subject"]).column(0)
    return bool(pc.any(pc.is_in(column, subjects)).as_py())


def _candidates(table: Table, subjects: pa.Array) -> list[str]:
    """The files of a table that have a row of one of these subjects."""
    names = sorted(subjects.to_pylist())
    return [path for path in live_files(table) if _holds(table.path / path, subjects, names)]


def _may_hold(metadata: pq.FileMetaData, number: int, names: Sequence[str]) -> bool:
    """Whether a row group's minimum and maximum leave room for one of the names, which are sorted."""
    group = metadata.row_group(number)
    for column in (group.column(place) for place in range(group.num_columns)):
        if column.path_in_schema == "subject":
            told = column.statistics
            if told is None or not told.has_min_max:
                return told is None or told.null_count != group.num_rows
            at = bisect_left(names, told.min)
            return at < len(names) and names[at] <= told.max
    return False


def _redraw(table: Table, path: str, decide: Decide, drafted: _Drafted) -> None:
    """Write one file anew, if it must change."""
    change = decide(_rows(table, path))
    if change is None:
        return
    drafted.replaced.append(path)
    drafted.removed += change.removed
    drafted.tagsets |= {one.tagset: one for one in change.tagsets}
    if change.rows.num_rows:
        drafted.files += write(table.path, change.rows)


def _rows(table: Table, path: str) -> pa.Table:
    """The rows of a file, with the day that its folder names if it names one."""
    rows = pq.ParquetFile(table.path / path).read()
    if not path.startswith("day="):
        return rows
    day = pa.scalar(day_in(path), pa.date32())
    return rows.append_column("day", pa.repeat(day, rows.num_rows))


def day_in(path: str) -> date:
    """The day that the folder of a file names."""
    return date.fromisoformat(path.partition("/")[0].removeprefix("day="))


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
        contract=table.name.removeprefix(EVENTS) if table.name.startswith(EVENTS) else "",
        policy_version="",
        positions={},
        events=EventCounts(),
        removed=joined(drafted.removed),
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
        fields = sorted({*before.values, *one.values})
        whole[one.removal, one.reason] = replace(
            before,
            rows=before.rows + one.rows,
            narrowed=before.narrowed + one.narrowed,
            values={f: before.values.get(f, 0) + one.values.get(f, 0) for f in fields},
            waited_ms=max(before.waited_ms, one.waited_ms),
        )
    return tuple(whole.values())
