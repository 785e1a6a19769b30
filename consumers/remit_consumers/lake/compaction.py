"""Compaction: many small files of a day become few, row for row, in commits that say of themselves that no row changed.

A flush a second leaves thousands of files an hour, and whatever reads a table opens each of them. A merged file holds its
rows sorted by subject, as a flush does, so that erasure still reads few groups of it. The commit's receipt is in the
table's chain and counts nothing: `verify` holds the rows that it brings against those that it takes out.

A flush that commits meanwhile only takes another version. Of a compaction and a rewriting of one file only one stands;
where that is the rewriting, the files wait for the next compaction. Killed at any step, a compaction leaves the table as
it was or as it must be, and at most files that no commit speaks of.

Source: DESIGN.md, D5; Delta Lake protocol, "Add File and Remove File" (`dataChange`).
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.durable import GROUP_ROWS, Written, alike, discard, sync, write_parts
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt
from remit_consumers.lake.redraw import day_in
from remit_consumers.lake.rewrite import contract_of
from remit_consumers.lake.tables import Table, checkpoint, open_table, row_tables, tables_in
from remit_consumers.memory import give_back
from remit_consumers.store.place import parquet
from remit_schemas.errors import StaleWriter, Unconfirmed

TARGET_BYTES = 16 * 1024 * 1024
"""Compressed bytes that are merged into one file."""

TARGET_ROWS = 1 << 19
"""Rows that are merged into one file: all of them stand in memory once, and 225 bytes of a page view are 8 in its file."""

PART_ROWS = 16 * GROUP_ROWS
"""Rows that stand in memory a second time, while they are written."""

SMALL = 1 / 2
"""A file from this share of either target on is left alone, so that no row is written more often than a few times."""

AT_LEAST = 8
"""Small files of a day that are worth a commit; fewer stay as they are."""

SETTLED_S = 600.0
"""How old a file must be: what follows a table commit by commit (live pages, recipients) has read it by then."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compacting a table came to: small files that it took out, and those that stand in their place."""

    replaced: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class _Small:
    """A small file that lies in a table: its path, bytes and rows, when it was written in milliseconds since 1970."""

    path: str
    size: int
    rows: int
    at_ms: int


def compact_tables(root: Path, settled_s: float = SETTLED_S) -> Mapping[str, Compacted]:
    """Compact every table of a lake but `positions`, which keeps itself small; whoever calls it holds the lease.

    Args:
        root: The lake's folder.
        settled_s: How old a file must be to be merged, in seconds.

    Returns:
        What was done, by table; those in which nothing was to do left out.

    Raises:
        LakeError: A table cannot be read; what was compacted before stands.
        OSError: One cannot be written; as above.
    """
    names = [name for name in tables_in(root) if name != POSITIONS_TABLE]
    done = {name: compact(root, name, settled_s) for name in names}
    return {name: one for name, one in done.items() if one.replaced}


def compact(root: Path, name: str, settled_s: float = SETTLED_S) -> Compacted:
    """Merge the small files of a table, durably, a commit for each file that is made; errors as in `compact_tables`."""
    table = open_table(root, name)
    before_ms = int((time.time() - settled_s) * 1_000)
    replaced = written = 0
    for heap in _heaps(_small(table, before_ms)):
        files = _merged(table, heap)
        replaced += len(heap) if files else 0
        written += len(files)
    return Compacted(replaced, written)


def settled(table: Table, settled_s: float = SETTLED_S) -> int:
    """How many small files of a table are old enough to be merged."""
    return len(_small(table, int((time.time() - settled_s) * 1_000)))


def _small(table: Table, before_ms: int) -> list[_Small]:
    """The small files of a table that have settled, the oldest first."""
    actions = pa.table(table.delta.get_add_actions())
    times = actions.column("modification_time").cast(pa.timestamp("ms")).cast(pa.int64())
    numbers = (actions.column(name) for name in ("path", "size_bytes", "num_records"))
    files = map(_Small, *(one.to_pylist() for one in numbers), times.to_pylist())
    small = [
        one
        for one in files
        if one.size < SMALL * TARGET_BYTES
        and one.rows < SMALL * TARGET_ROWS
        and one.at_ms <= before_ms
    ]
    return sorted(small, key=lambda one: (one.at_ms, one.path))


def _heaps(files: Iterable[_Small]) -> Iterator[Sequence[str]]:
    """Put files together that become one: of one day, up to a target, and as many as are worth it."""
    days: dict[str, list[_Small]] = {}
    for one in files:
        days.setdefault(one.path.rpartition("/")[0], []).append(one)
    for same in days.values():
        if len(same) < AT_LEAST:
            continue
        heap: list[str] = []
        size = rows = 0
        for one in same:
            size, rows = size + one.size, rows + one.rows
            if heap and (size > TARGET_BYTES or rows > TARGET_ROWS):
                yield heap
                heap, size, rows = [], one.size, one.rows
            heap.append(one.path)
        if len(heap) > 1:
            yield heap


def _merged(table: Table, heap: Sequence[str]) -> Sequence[Written]:
    """Write the rows of some files as one and commit it in their place; nothing where somebody else took one out."""
    rows = _combined([parquet(table.path / path).read() for path in heap])
    day = day_in(heap[0]) if heap[0].startswith("day=") else None
    file = write_parts(table.path, _by_subject(rows), rows.schema, alike(rows), day)
    del rows
    give_back()  # by the thread that took it
    return [file] if moved(table, [file], heap) else ()


def moved(table: Table, files: Sequence[Written], heap: Sequence[str]) -> bool:
    """Commit files in the place of others with the very same rows, durably.

    Args:
        table: As it was read.
        files: Written, not fsynced; they are discarded where they do not stand afterwards.
        heap: The paths of the files that they take the place of.

    Returns:
        Whether they stand: not where somebody else took one of the others out.
    """
    receipt = _receipt(table.name) if table.name in row_tables(table.root) else None
    try:
        sync(files)
        what = Append(files, {}, receipt, heap, is_move=True)
        version = append(table.path, table.version, what)
    except StaleWriter:
        discard(files)
        return False
    except (Unconfirmed, KeyboardInterrupt):  # it stands, or may
        raise
    except BaseException:
        discard(files)
        raise
    checkpoint(table, version)
    return True


def _combined(parts: list[pa.Table]) -> pa.Table:
    """Make one table of some, which are gone afterwards; what an older one has no column for is null.

    Column by column, so that no more than one of them stands in memory twice.
    """
    rows = pa.concat_tables(parts, promote_options="default")
    schema, columns = rows.schema, rows.columns
    parts.clear()
    del rows
    for place, column in enumerate(columns):
        columns[place] = column.combine_chunks()
    return pa.table(columns, schema=schema)


def _by_subject(rows: pa.Table) -> Iterator[pa.Table]:
    """Rows in parts, a subject's together."""
    if "subject" not in rows.column_names:
        yield rows
        return
    order = pc.sort_indices(rows, sort_keys=[("subject", "ascending")])
    for begin in range(0, rows.num_rows, PART_ROWS):
        yield rows.take(order.slice(begin, PART_ROWS))


def _receipt(name: str) -> str:
    """What such a commit says of itself: no event came, no row went."""
    return Receipt("", contract_of(name), "", {}, EventCounts()).to_json()
