"""Splicing: a Parquet file with some row groups replaced, the others copied byte for byte without being decoded.

A new group takes the place of the old one, padded with zeros: it holds fewer rows, so it is hardly ever longer, and the
offsets of the groups behind it stay true. Of the footer only the elements of the replaced groups change. Where any of
that does not hold, there is no splice, and the file is written anew.

Source: Apache Parquet format, "File format", parquet.thrift; Thrift compact protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

MAGIC: Final = b"PAR1"
TAIL: Final = 8
"""Bytes behind a footer: its length, and the magic."""

_STOP, _BINARY, _LIST, _SET, _STRUCT = 0, 8, 9, 10, 12
_FIXED: Final = {1: 0, 2: 0, 3: 1, 7: 8}
"""Types of one length: true and false are told by the type alone, a byte, a double."""

_NUM_ROWS, _ROW_GROUPS = 3, 4
"""Fields of FileMetaData that a splice changes."""

_SHORT_LIST: Final = 15
"""Elements from which on a list says its size in a number of its own."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row group that takes the place of another.

    Attributes:
        rows: How many it has.
        pages: Its bytes.
        element: What a footer says of it.
    """

    rows: int
    pages: bytes
    element: bytes


@dataclass(frozen=True, slots=True)
class _Footer:
    """A footer, taken apart as far as a splice needs it.

    Attributes:
        data: Its bytes.
        rows: Where the number of rows stands.
        groups: Where the first row group stands.
    """

    data: bytes
    rows: tuple[int, int]
    groups: int


def spliced(
    old: bytes,
    about: pq.FileMetaData,
    changed: Mapping[int, pa.Table],
    options: Mapping[str, object],
) -> bytes | None:
    """Give a file with the rows of some groups replaced; None where it has to be written anew.

    Args:
        old: The whole file.
        about: Its footer, read.
        changed: For each group that changes, the rows that stay: some, and of the file's own columns.
        options: What the file was written with.
    """
    if not about.created_by.startswith("parquet-cpp-arrow"):
        return None
    footer = _footer(old)
    new = bytearray(old[: len(old) - _tail(old)])
    told: list[bytes] = []
    copied, rows = footer.groups, about.num_rows
    for number, table in sorted(changed.items()):
        start, end = _span(about, number)
        place = _element(footer, about, number, copied)
        group = _group(table, start, end - start, options)
        if group is None or place is None:
            return None
        new[start:end] = group.pages.ljust(end - start, b"\0")
        told += [footer.data[copied : place[0]], group.element]
        copied = place[1]
        rows += group.rows - about.row_group(number).num_rows
    head = (
        footer.data[: footer.rows[0]],
        _varint(rows << 1),
        footer.data[footer.rows[1] : footer.groups],
    )
    end_ = b"".join((*head, *told, footer.data[copied:]))
    whole = bytes(new) + end_ + len(end_).to_bytes(4, "little") + MAGIC
    return whole if _is_sound(whole, about, changed) else None


def _is_sound(whole: bytes, before: pq.FileMetaData, changed: Mapping[int, pa.Table]) -> bool:
    """Whether a spliced file says of its groups what it must: each where it was, with its rows."""
    about = pq.read_metadata(pa.BufferReader(whole))
    for number in range(before.num_row_groups):
        group, was = about.row_group(number), before.row_group(number)
        rows = changed[number].num_rows if number in changed else was.num_rows
        if group.num_rows != rows or _start(group.column(0)) != _start(was.column(0)):
            return False
    return all(_lies_within(about, before, number) for number in changed)


def _lies_within(about: pq.FileMetaData, before: pq.FileMetaData, number: int) -> bool:
    """Whether the pages of a new group lie one behind the other in the place of the old one's."""
    start, end = _span(before, number)
    group = about.row_group(number)
    for column in (group.column(place) for place in range(group.num_columns)):
        if _start(column) != start:
            return False
        start += column.total_compressed_size
    return start <= end


def _span(about: pq.FileMetaData, number: int) -> tuple[int, int]:
    """Where the pages of a row group lie."""
    group = about.row_group(number)
    columns = [group.column(place) for place in range(group.num_columns)]
    starts = [_start(column) for column in columns]
    ends = (
        start + column.total_compressed_size for start, column in zip(starts, columns, strict=True)
    )
    return min(starts), max(ends)


def _start(column: pq.ColumnChunkMetaData) -> int:
    """Where a column of a row group begins."""
    return int(column.dictionary_page_offset or column.data_page_offset)


def _group(table: pa.Table, start: int, room: int, options: Mapping[str, object]) -> Group | None:
    """Write rows as one row group whose first page lies at `start`; None where they take more room than there is."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=max(1, table.num_rows), **options)
    data = sink.getvalue().to_pybytes()
    about = pq.read_metadata(pa.BufferReader(data))
    footer = _footer(data)
    pages = data[len(MAGIC) : len(data) - _tail(data)]
    place = _element(footer, about, 0, footer.groups)
    if place is None or len(pages) > room:
        return None
    element = _moved(footer.data[slice(*place)], about, start - len(MAGIC))
    return Group(table.num_rows, pages, element) if element else None


def _moved(element: bytes, about: pq.FileMetaData, by: int) -> bytes | None:
    """What a footer says of a file's only row group, its offsets moved; None where they stand otherwise than known."""
    out: list[bytes] = []
    at = 0
    group = about.row_group(0)
    for column in (group.column(place) for place in range(group.num_columns)):
        if column.file_offset:
            return None
        was = _pages_of(column, 0)
        found = element.find(was, at)
        if found < 0:
            return None
        out += [element[at:found], _pages_of(column, by)]
        at = found + len(was)
    end = _end_of(about, 0)
    if not element.endswith(end):
        return None
    return b"".join([*out, element[at : -len(end)], _end_of(about, 0, by)])


def _pages_of(column: pq.ColumnChunkMetaData, by: int) -> bytes:
    """Where a footer says that a column's first pages lie: data, and dictionary where it has one."""
    offsets = [column.data_page_offset]
    if column.has_dictionary_page:
        offsets.append(column.dictionary_page_offset)
    return b"".join(b"\x26" + _varint(offset + by << 1) for offset in offsets)


def _tail(data: bytes) -> int:
    """How many bytes at the end of a file are its footer and what is behind."""
    return int.from_bytes(data[-TAIL:-4], "little") + TAIL


def _footer(file: bytes) -> _Footer:
    """Take the footer of a file apart, up to its row groups."""
    data = file[-_tail(file) : -TAIL]
    at, field, rows, kind, begin = 0, 0, (0, 0), 0, 0
    while data[at]:
        kind, field, begin = _head(data, at, field)
        if field == _ROW_GROUPS:
            break
        at = _skip(data, begin, kind)
        rows = (begin, at) if field == _NUM_ROWS else rows
    _, at = _list_head(data, begin)
    return _Footer(data, rows, at)


def _element(
    footer: _Footer, about: pq.FileMetaData, number: int, at: int
) -> tuple[int, int] | None:
    """Where a footer speaks of a row group, at or behind a place; None where that does not end as it is known to.

    Walking through every field of a footer takes ten times as long as looking for the ends.
    """
    begin = at
    if number:
        before = _end_of(about, number - 1)
        found = footer.data.find(before, max(footer.groups, at - len(before)))
        begin = found + len(before)
        if found < 0:
            return None
    end = _end_of(about, number)
    found = footer.data.find(end, begin)
    return (begin, found + len(end)) if found >= 0 else None


def _end_of(about: pq.FileMetaData, number: int, by: int = 0) -> bytes:
    """How a row group ends in a footer: bytes, rows, where it begins (moved by so much), bytes on disk."""
    group = about.row_group(number)
    columns = [group.column(place) for place in range(group.num_columns)]
    told = (
        (0x16, group.total_byte_size),
        (0x16, group.num_rows),
        (0x26, min(map(_start, columns)) + by),
        (0x16, sum(column.total_compressed_size for column in columns)),
    )
    return b"".join(bytes([head]) + _varint(value << 1) for head, value in told) + bytes([_STOP])


def _head(data: bytes, at: int, field: int) -> tuple[int, int, int]:
    """Read the head of a field: its type, its number, and where its value begins."""
    head = data[at]
    if head >> 4:
        return head & 15, field + (head >> 4), at + 1
    number, at = _number(data, at + 1)
    return head & 15, number >> 1, at


def _list_head(data: bytes, at: int) -> tuple[int, int]:
    """Read how many elements a list has, and where the first begins."""
    count = data[at] >> 4
    return (count, at + 1) if count < _SHORT_LIST else _number(data, at + 1)


def _skip(data: bytes, at: int, kind: int) -> int:
    """Find where a value ends."""
    if kind in _FIXED:
        return at + _FIXED[kind]
    if kind in {_LIST, _SET}:
        inner = data[at] & 15
        count, at = _list_head(data, at)
        for _ in range(count):
            at = _skip(data, at, inner)
        return at
    if kind == _STRUCT:
        field = 0
        while data[at]:
            inner, field, at = _head(data, at, field)
            at = _skip(data, at, inner)
        return at + 1
    value, at = _number(data, at)
    return at + value if kind == _BINARY else at


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last of its bytes
            return value, at
        shift += 7


def _varint(value: int) -> bytes:
    """Write a number of variable length."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
