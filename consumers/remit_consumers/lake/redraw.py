"""Redrawing: one file of a table is written anew, as far as its rows change; groups of rows that do not are copied.

Rows lie sorted by subject, so where a rewrite is about few subjects it reads only the groups whose minima and maxima
leave room for them.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from remit_consumers.lake.durable import Written, bare_in, options, write, write_bytes
from remit_consumers.lake.removed import RemovedCount
from remit_consumers.lake.replayed import Replayed
from remit_consumers.lake.splice import spliced
from remit_consumers.lake.tables import Table
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.store.place import parquet


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the rows of a file, or of a group of them.

    Attributes:
        rows: Those that stay, in their order.
        removed: What went.
        tagsets: What new tagsets on the rows stand for.
        filled: Rows that had no value of a field and have one now, by field.
        corrected: Rows whose value was put right, by field and clause, as a receipt has it.
        replayed: What is no longer quarantined, because it expired or is counted elsewhere.
        released: Events of rows that went out of the quarantine and that another commit counts.
    """

    rows: pa.Table
    removed: Sequence[RemovedCount]
    tagsets: Sequence[Tagset] = ()
    filled: Mapping[str, int] = field(default_factory=dict)
    corrected: Mapping[str, int] = field(default_factory=dict)
    replayed: Sequence[Replayed] = ()
    released: int = 0


Decide = Callable[[pa.Table], Change | None]
"""Says what becomes of rows, `day` among their columns; None: all stay as they are."""

Groups = Callable[[pq.FileMetaData], Sequence[int]]
"""Says which groups of a file have to be read."""


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A file that was written anew.

    Attributes:
        replaced: Its path.
        files: What takes its place.
        changes: What became of its rows.
    """

    replaced: str
    files: Sequence[Written]
    changes: Sequence[Change]


def every_group(metadata: pq.FileMetaData) -> Sequence[int]:
    """All groups of a file."""
    return range(metadata.num_row_groups)


def groups_for(metadata: pq.FileMetaData, names: Sequence[str]) -> list[int]:
    """The groups whose minimum and maximum of `subject` leave room for one of the names, which are sorted."""
    place = metadata.schema.names.index("subject")
    groups = ((n, metadata.row_group(n)) for n in range(metadata.num_row_groups))
    return [number for number, group in groups if _may_hold(group, place, names)]


def _may_hold(group: pq.RowGroupMetaData, place: int, names: Sequence[str]) -> bool:
    """Whether a group leaves room for one of the names in the column at a place."""
    told = group.column(place).statistics
    if told is None or not told.has_min_max:
        return told is None or told.null_count != group.num_rows
    at = bisect_left(names, told.min)
    return at < len(names) and names[at] <= told.max


def redraw(table: Table, path: str, decide: Decide, groups: Groups = every_group) -> Redrawn | None:
    """Write one file anew, if any of its rows change."""
    opened = parquet(table.path / path)
    wanted = groups(opened.metadata)
    if not wanted:
        return None
    if len(wanted) * 2 > opened.metadata.num_row_groups:
        change = decide(dated(opened.read(use_threads=False), path))
        return Redrawn(path, _written(table, [change.rows]), [change]) if change else None
    decided = {number: decide(_group(opened, path, number)) for number in wanted}
    changes = {number: change for number, change in decided.items() if change is not None}
    if not changes:
        return None
    files = _spliced(table, path, opened, changes) or _joined(table, path, opened, changes)
    return Redrawn(path, files, [*changes.values()])


def day_in(path: str) -> date:
    """The day that the folder of a file names."""
    return date.fromisoformat(path.partition("/")[0].removeprefix("day="))


def _spliced(
    table: Table, path: str, opened: pq.ParquetFile, changes: Mapping[int, Change]
) -> list[Written]:
    """Write a file anew in which some groups change, the others copied as they are; nothing where that cannot be."""
    about = opened.metadata
    parts = {number: _bare(change.rows) for number, change in changes.items()}
    if not all(part.num_rows for part in parts.values()):
        return []
    old = (table.path / path).read_bytes()
    whole = spliced(old, about, parts, options(opened.schema_arrow, bare_in(about)))
    if whole is None:
        return []
    gone = sum(about.row_group(number).num_rows - part.num_rows for number, part in parts.items())
    day = day_in(path) if path.startswith("day=") else None
    return [write_bytes(table.path, whole, about.num_rows - gone, day)]


def _joined(
    table: Table, path: str, opened: pq.ParquetFile, changes: Mapping[int, Change]
) -> list[Written]:
    """Write a file anew, every group of it."""
    numbers = range(opened.metadata.num_row_groups)
    rows = (changes[n].rows if n in changes else _group(opened, path, n) for n in numbers)
    return _written(table, rows)


def _written(table: Table, parts: Iterable[pa.Table]) -> list[Written]:
    """Write rows, if there are any."""
    rows = pa.concat_tables(parts)
    return write(table.path, rows) if rows.num_rows else []


def _group(opened: pq.ParquetFile, path: str, number: int) -> pa.Table:
    """The rows of one group."""
    return dated(opened.read_row_group(number, use_threads=False), path)


def read_whole(table: Table, path: str) -> pa.Table:
    """The rows of a file, `day` among their columns."""
    return dated(parquet(table.path / path).read(use_threads=False), path)


def dated(rows: pa.Table, path: str) -> pa.Table:
    """The rows of a file, with the day that its folder names if it names one."""
    if not path.startswith("day="):
        return rows
    day = pa.scalar(day_in(path), pa.date32())
    return rows.append_column("day", pa.repeat(day, rows.num_rows))


def _bare(rows: pa.Table) -> pa.Table:
    """The rows as their file has them."""
    return rows.drop_columns(["day"]) if "day" in rows.column_names else rows
