"""Rewriting: files of an events table that hold some subjects are written anew without what must go, in one commit.

Files are found by the minima and maxima of `subject` in their footers; no predicate is ever logged. A flush that commits
meanwhile only takes another version; a commit that takes out one of the same files makes the rewrite begin anew.

Source: DESIGN.md, D4, D5.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.lake.durable import Written, discard, options, sync, write, write_bytes
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt, RemovedCount
from remit_consumers.lake.splice import spliced
from remit_consumers.lake.tables import Table, checkpoint, open_table
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.lake.tagsets import add as add_tagsets
from remit_consumers.lake.tagsets import known as known_tagsets
from remit_schemas.errors import LakeError, StaleWriter

ATTEMPTS = 5
"""How often a rewrite begins anew because somebody else rewrote one of its files: the lease makes even one rare."""

WORKERS = 4
"""Files worked on at a time: Arrow reads and writes without the interpreter's lock, so two cores are kept busy."""

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


@dataclass(frozen=True, slots=True)
class _Redrawn:
    """A file that was written anew.

    Attributes:
        replaced: Its path.
        files: What takes its place.
        changes: What became of its rows.
    """

    replaced: str
    files: Sequence[Written]
    changes: Sequence[Change]


@dataclass(slots=True)
class _Drafted:
    """What a rewrite has written so far."""

    files: list[Written] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[RemovedCount] = field(default_factory=list)
    tagsets: dict[str, Tagset] = field(default_factory=dict)

    def take(self, one: _Redrawn) -> None:
        """Add a file that was written anew."""
        self.files += one.files
        self.replaced.append(one.replaced)
        for change in one.changes:
            self.removed += change.removed
            self.tagsets |= {each.tagset: each for each in change.tagsets}


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
    for _ in range(ATTEMPTS):
        table = open_table(root, name)
        drafted = _Drafted()
        try:
            _redraw_all(table, subjects, decide, drafted)
            if not drafted.replaced:
                return None
            _know(root, drafted.tagsets.values())
            return _publish(table, drafted)
        except StaleWriter:
            discard(drafted.files)
        except BaseException:
            discard(drafted.files)
            raise
    message = f"table {name} is being rewritten by others all the time"
    raise LakeError(message)


def find(root: Path, name: str, subjects: pa.Array) -> list[str]:
    """The files of a table that have a row of one of these subjects, as paths below it."""
    return _candidates(open_table(root, name), subjects)


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
    groups = _groups_for(opened.metadata, names)
    if not groups:
        return False
    column = opened.read_row_groups(groups, columns=["subject"]).column(0)
    return bool(pc.any(pc.is_in(column, subjects)).as_py())


def _candidates(table: Table, subjects: pa.Array) -> list[str]:
    """The files of a table that have a row of one of these subjects."""
    names = sorted(subjects.to_pylist())
    paths = live_files(table)
    with ThreadPoolExecutor(WORKERS) as pool:
        held = pool.map(lambda path: _holds(table.path / path, subjects, names), paths)
        return [path for path, is_held in zip(paths, held, strict=True) if is_held]


def _groups_for(metadata: pq.FileMetaData, names: Sequence[str]) -> list[int]:
    """The row groups whose minimum and maximum leave room for one of the names, which are sorted."""
    place = metadata.schema.names.index("subject")
    return [
        number
        for number in range(metadata.num_row_groups)
        if _may_hold(metadata.row_group(number), place, names)
    ]


def _may_hold(group: pq.RowGroupMetaData, place: int, names: Sequence[str]) -> bool:
    """Whether a row group leaves room for one of the names in the column at a place."""
    told = group.column(place).statistics
    if told is None or not told.has_min_max:
        return told is None or told.null_count != group.num_rows
    at = bisect_left(names, told.min)
    return at < len(names) and names[at] <= told.max


def _redraw_all(table: Table, subjects: pa.Array, decide: Decide, drafted: _Drafted) -> None:
    """Write anew the files of a table that must change, some at a time."""
    names = sorted(subjects.to_pylist())
    with ThreadPoolExecutor(WORKERS) as pool:
        drawn = [pool.submit(_redraw, table, path, names, decide) for path in live_files(table)]
    failed = [each.exception() for each in drawn if each.exception()]
    done = [each.result() for each in drawn if not each.exception()]
    for one in (one for one in done if one is not None):
        drafted.take(one)
    for error in failed:
        raise error


def _redraw(table: Table, path: str, names: Sequence[str], decide: Decide) -> _Redrawn | None:
    """Write one file anew, if it must change: only the groups that may hold a subject are read."""
    opened = pq.ParquetFile(table.path / path)
    groups = _groups_for(opened.metadata, names)
    if not groups:
        return None
    if len(groups) * 2 > opened.metadata.num_row_groups:
        change = decide(_dated(opened.read(use_threads=False), path))
        if change is None:
            return None
        written = write(table.path, change.rows) if change.rows.num_rows else []
        return _Redrawn(path, written, [change])
    read = {
        number: _dated(opened.read_row_group(number, use_threads=False), path) for number in groups
    }
    decided = {number: decide(rows) for number, rows in read.items()}
    changes = {number: change for number, change in decided.items() if change is not None}
    return (
        _Redrawn(path, _spliced(table, path, opened, changes), [*changes.values()])
        if changes
        else None
    )


def _spliced(
    table: Table, path: str, opened: pq.ParquetFile, changes: Mapping[int, Change]
) -> list[Written]:
    """Write a file anew in which some groups change; the others are copied as they are."""
    about = opened.metadata
    parts = {number: change.rows.drop_columns(["day"]) for number, change in changes.items()}
    if all(part.num_rows for part in parts.values()):
        whole = spliced(
            (table.path / path).read_bytes(), about, parts, options(opened.schema_arrow)
        )
        if whole is not None:
            gone = sum(
                about.row_group(number).num_rows - part.num_rows for number, part in parts.items()
            )
            return [write_bytes(table.path, whole, about.num_rows - gone, _day(path))]
    rows = [
        changes[number].rows
        if number in changes
        else _dated(opened.read_row_group(number, use_threads=False), path)
        for number in range(about.num_row_groups)
    ]
    left = pa.concat_tables(rows)
    return write(table.path, left) if left.num_rows else []


def _dated(rows: pa.Table, path: str) -> pa.Table:
    """The rows of a file, with the day that its folder names."""
    return rows.append_column("day", pa.repeat(pa.scalar(_day(path), pa.date32()), rows.num_rows))


def _day(path: str) -> date:
    """The day that a file's folder names."""
    return date.fromisoformat(path.partition("/")[0].removeprefix("day="))


def _know(root: Path, tagsets: Iterable[Tagset]) -> None:
    """Put tagsets into the catalogue before any row bears them."""
    catalogue = open_table(root, "tagsets")
    there = known_tagsets(catalogue)
    fresh = [one for one in tagsets if one.tagset not in there]
    if fresh:
        add_tagsets(catalogue, fresh)


def _publish(table: Table, drafted: _Drafted) -> Receipt:
    """Commit what was written, with its receipt."""
    receipt = Receipt(
        log="",
        contract=table.name.removeprefix(EVENTS),
        policy_version="",
        positions={},
        events=EventCounts(),
        removed=joined(drafted.removed),
    )
    sync(drafted.files)
    what = Append(drafted.files, {}, receipt.to_json(), drafted.replaced)
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
