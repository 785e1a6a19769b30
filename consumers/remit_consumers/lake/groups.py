"""Row groups with dictionaries of their own: no group of a file names a value that none of its rows has.

Arrow writes a dictionary-encoded column with its whole dictionary into every row group. An erasure copies the groups that
do not hold the subject (`splice`), so what such a dictionary names of it would stay; and a flush of a dozen groups would
write the pseudonyms of all its subjects a dozen times.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.store.place import parquet_coded

_MARK: Final = (b"remit.dictionaries", b"own")
"""What the footer says of a file whose groups name nothing but what they hold; older files do not say it."""


def write_groups(
    parts: Iterable[pa.Table],
    schema: pa.Schema,
    where: Path | pa.BufferOutputStream,
    size: int,
    options: Mapping[str, object],
) -> int:
    """Write rows as a Parquet file, part by part: a part stands in memory while it is written, and no longer.

    Args:
        parts: What it holds, one behind the other; all but the last are whole groups.
        schema: That of each part.
        where: A file that is not there yet, or a sink.
        size: Rows of a group.
        options: What else `pyarrow.parquet.ParquetWriter` is told.

    Returns:
        How many rows it holds.
    """
    rows = 0
    with pq.ParquetWriter(where, schema, **options) as writer:
        for part in parts:
            writer.write_table(in_groups(part, size), row_group_size=size)
            rows += part.num_rows
        writer.add_key_value_metadata(dict([_MARK]))
    return rows


def are_own(about: pq.FileMetaData) -> bool:
    """Whether each group of a file names nothing but what it holds."""
    key, value = _MARK
    return (about.metadata or {}).get(key) == value


def in_groups(rows: pa.Table, size: int) -> pa.Table:
    """Cut rows into groups, a chunk each, and leave in each chunk's dictionaries what it has of them."""
    if not any(map(pa.types.is_dictionary, rows.schema.types)):
        return rows
    whole = rows.unify_dictionaries().combine_chunks()
    columns = {
        name: _parted(whole.column(name), size)
        if pa.types.is_dictionary(kind)
        else whole.column(name)
        for name, kind in zip(whole.column_names, whole.schema.types, strict=True)
    }
    return pa.table(columns, schema=rows.schema)


def _parted(column: pa.ChunkedArray, size: int) -> pa.ChunkedArray:
    parts = [_own(column.chunk(0).slice(begin, size)) for begin in range(0, len(column), size)]
    return pa.chunked_array(parts, column.type)


def _own(part: pa.DictionaryArray) -> pa.DictionaryArray:
    if len(part.dictionary) == 1 and part.null_count < len(part):
        return part
    used = part.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(used.indices, part.dictionary.take(used.dictionary))


def coded_groups(file: Path) -> Iterator[pa.Table]:
    """Read a file's groups with every text and every run of bytes, at any depth, dictionary-encoded as it lies there.

    What a dictionary page names is in the dictionaries, whether or not any row has it. (Arrow reads nested columns so
    only group by group.)
    """
    with parquet_coded(file) as opened:
        for number in range(opened.metadata.num_row_groups):
            yield opened.read_row_group(number, use_threads=False)


def unused(file: Path) -> int:
    """How many values the dictionaries of a file name that no row of the whole file has, over its columns."""
    named: dict[str, list[pa.Array]] = {}
    used: dict[str, list[pa.Array]] = {}
    for group in coded_groups(file):
        for name, column in zip(group.column_names, group.columns, strict=True):
            if pa.types.is_dictionary(column.type):
                part = pa.chunked_array(column.chunks, column.type).unify_dictionaries()
                for chunk in part.chunks:
                    named.setdefault(name, []).append(chunk.dictionary)
                    places = chunk.indices.unique().drop_null()
                    used.setdefault(name, []).append(chunk.dictionary.take(places))
    return sum(_distinct(named[name]) - _distinct(used[name]) for name in named)


def _distinct(parts: list[pa.Array]) -> int:
    return len(pc.unique(pa.chunked_array(parts)))


def names_any(file: Path, column: str, values: pa.Array) -> bool:
    """Whether a dictionary of a column of texts names one of these values, whether or not a row has it."""
    wanted = (group.column(column) for group in coded_groups(file) if column in group.column_names)
    parts = (chunk.dictionary for each in wanted for chunk in each.chunks)
    return any(pc.any(pc.is_in(part, values)).as_py() for part in parts)
