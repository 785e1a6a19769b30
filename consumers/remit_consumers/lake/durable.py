"""Files that survive a power loss: written, fsynced, and only then spoken of in a commit.

No lake writer fsyncs its data files on a local disk; these are written here, all files of a flush first, and then
fsynced together with their folders.
"""

import os
import uuid
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.lake.groups import write_groups
from remit_consumers.store.place import is_local, sink

COMPRESSION_LEVEL = 1
"""Of zstd: levels 2 and 3 saved under 2 % of a page view's bytes and cost up to a third more time (measured)."""

STATISTICS = ("subject", "occurred_at", "keep_until")
"""Columns with Parquet statistics: what erasure and retention find files by; a subject is a pseudonym there.
No field of a contract but its time has any: minima and maxima are values (D5)."""


GROUP_ROWS = 4_096
"""Rows of a row group. Rows lie sorted by subject, so an erasure decodes and writes only the one or two groups of a file
that hold the subject, and copies the others: a sixth of the processor time of whole files, for a tenth more bytes (bench)."""


_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="remit-fsync")
"""Threads that wait for the disk: four in flight took half the time of one after the other (measured)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A Parquet file that lies in a table's folder, not yet in its log.

    Attributes:
        table: Folder of the table.
        path: Path below it.
        size: Bytes.
        rows: Rows in it.
        day: Its partition; None in a table without partitions.
    """

    table: Path
    path: str
    size: int
    rows: int
    day: date | None

    @property
    def file(self) -> Path:
        """Where it lies."""
        return self.table / self.path


def write(table: Path, rows: pa.Table) -> list[Written]:
    """Write rows as Parquet files below a table's folder, one for each `day` if they have one; nothing is fsynced."""
    if "day" not in rows.column_names:
        return [_write_one(table, rows, None)] if rows.num_rows else []
    days = rows.column("day")
    rest = rows.drop_columns(["day"])
    written: list[Written] = []
    try:
        for day in sorted(pc.unique(days).to_pylist()):
            is_day = pc.equal(days, day)
            same = rest if pc.all(is_day).as_py() else rest.filter(is_day)
            written.append(_write_one(table, same, day))
    except BaseException:
        discard(written)
        raise
    return written


def _write_one(table: Path, rows: pa.Table, day: date | None) -> Written:
    """Write one file."""
    return write_parts(table, [rows], rows.schema, alike(rows), day)


def write_parts(
    table: Path,
    parts: Iterable[pa.Table],
    schema: pa.Schema,
    bare: Collection[str],
    day: date | None,
) -> Written:
    """Write one file of rows that come in parts; take it away again if it cannot be finished.

    Args:
        table: The table's folder.
        parts: The rows without their `day`, as `write_groups` takes them.
        schema: That of each part.
        bare: Columns that are not compressed.
        day: Their day, where the table has days.
    """
    name = f"part-{uuid.uuid4()}.parquet"
    path = name if day is None else f"day={day.isoformat()}/{name}"
    file = table / path
    file.parent.mkdir(exist_ok=True)
    try:
        with sink(file) as where:
            rows = write_groups(parts, schema, where, GROUP_ROWS, options(schema, bare))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return Written(table, path, file.stat().st_size, rows, day)


def options(schema: pa.Schema, bare: Collection[str] = ()) -> dict[str, Any]:
    """How files of a schema are written, but for the size of their groups.

    Args:
        schema: Of the file.
        bare: Columns that are not compressed; where there are any, no column of the file is nested.
    """
    whole = {
        "compression": "zstd",
        "compression_level": COMPRESSION_LEVEL,
        "write_statistics": [name for name in STATISTICS if name in schema.names],
        "store_schema": False,
    }
    if not bare:
        return whole
    packed = [name for name in schema.names if name not in bare]
    return whole | {
        "compression": dict.fromkeys(packed, "zstd") | dict.fromkeys(bare, "none"),
        "compression_level": dict.fromkeys(packed, COMPRESSION_LEVEL),
    }


def alike(rows: pa.Table) -> list[str]:
    """Columns known to say the same in every row: a page of them is a few bytes, and zstd only makes it longer.

    Half the columns of page views are such; leaving them as they are takes an eighth off the time of writing (measured).
    None where a column is nested: Parquet names those otherwise.
    """
    if any(map(pa.types.is_nested, rows.schema.types)):
        return []
    return [name for name in rows.column_names if _is_alike(rows.column(name))]


def _is_alike(column: pa.ChunkedArray) -> bool:
    if column.null_count or not pa.types.is_dictionary(column.type):
        return bool(column.null_count == len(column))
    return column.num_chunks == 1 and len(column.chunk(0).dictionary) == 1


def bare_in(about: pq.FileMetaData) -> list[str]:
    """Columns that a file with any rows has uncompressed: a group written anew has to fit into the room of the old one."""
    first = about.row_group(0)
    columns = map(first.column, range(about.num_columns))
    return [one.path_in_schema for one in columns if one.compression == "UNCOMPRESSED"]


def write_bytes(table: Path, data: bytes, rows: int, day: date | None) -> Written:
    """Write a Parquet file that is there as bytes; nothing is fsynced."""
    name = f"part-{uuid.uuid4()}.parquet"
    path = name if day is None else f"day={day.isoformat()}/{name}"
    file = table / path
    try:
        file.write_bytes(data)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return Written(table, path, len(data), rows, day)


def sync(files: Sequence[Written]) -> None:
    """Fsync data files and the folders that name them."""
    sync_paths(with_folders(files))


def sync_soon(files: Iterable[Written]) -> None:
    """Have the disk begin with files while others are still written; `sync` is what waits, and what tells of errors."""
    for written in files:
        _POOL.submit(fsync, written.file)


def with_folders(files: Iterable[Written]) -> set[Path]:
    """What must be fsynced for files to survive: they, and every folder up to the table's."""
    paths: set[Path] = set()
    for written in files:
        paths |= {written.file, written.file.parent, written.table}
    return paths


def sync_paths(paths: Collection[Path]) -> None:
    """Fsync files and folders, side by side: a journal takes them in together."""
    if len(paths) == 1:
        fsync(*paths)
        return
    for done in [_POOL.submit(fsync, path) for path in paths]:
        done.result()


def discard(files: Sequence[Written]) -> None:
    """Take away files that no commit speaks of; a disk that refuses even that leaves orphans for maintenance."""
    for written in files:
        with suppress(OSError):
            written.file.unlink(missing_ok=True)


def fsync(path: Path) -> None:
    """Fsync a file or a folder; what a store has answered for is durable."""
    if not is_local(path):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
