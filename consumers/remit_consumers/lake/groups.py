"""Row groups with dictionaries of their own: no group of a file names a value that none of its rows has.

Arrow writes a dictionary-encoded column with its whole dictionary into every row group. An erasure copies the groups that
do not hold the subject (`splice`), so what such a dictionary names of it would stay; and a flush of a dozen groups would
write the pseudonyms of all its subjects a dozen times.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_MARK: Final = (b"remit.dictionaries", b"own")
"""What the footer says of a file whose groups name nothing but what they hold; older files do not say it."""


def write_groups(
    rows: pa.Table, where: Path | pa.BufferOutputStream, size: int, options: Mapping[str, object]
) -> None:
    """Write rows as a Parquet file.

    Args:
        rows: What it holds.
        where: A file that is not there yet, or a sink.
        size: Rows of a group.
        options: What else `pyarrow.parquet.ParquetWriter` is told.
    """
    parted = in_groups(rows, size)
    with pq.ParquetWriter(where, rows.schema, **options) as writer:
        writer.write_table(parted, row_group_size=size)
        writer.add_key_value_metadata(dict([_MARK]))


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
