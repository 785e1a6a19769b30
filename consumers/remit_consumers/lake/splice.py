"""Splicing: a Parquet file with some row groups replaced, the others copied byte for byte without being decoded.

A new group takes the place of the old one, padded with zeros: it holds fewer rows, so it is hardly ever longer, and the
offsets of the groups behind it stay true. Of the footer only the elements of the replaced groups change. Where any of
that does not hold, there is no splice, and the file is written anew; so it is where a group's dictionaries may name what
only other groups hold (`groups`).

Source: Apache Parquet format, "File format", parquet.thrift; Thrift compact protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from remit_consumers.lake.groups import are_own, write_groups

MAGIC: Final = b"PAR1"
TAIL: Final = 8
"""Bytes behind a footer: its length, and the magic."""

_STOP, _STRUCT = 0, 12
"""Codes of the compact protocol: the end of a struct, and the type of one."""

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
        rows: Where the number of rows stands, and behind it the list of row groups begins.
        groups: Where the first row group stands.
    """

    data: bytes
    rows: int
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
    if not _is_known(about):
        return None
    footer = _footer(old, about)
    if footer is None:
        return None
    pages: list[bytes | memoryview] = []
    told: list[bytes] = []
    view, copied, spoken, rows = memoryview(old), 0, footer.groups, about.num_rows
    for number, table in sorted(changed.items()):
        start, end = span(about, number)
        place = _element(footer, about, number)
        group = _group(table, start, end - start, options)
        if group is None or place is None:
            return None
        pages += [view[copied:start], group.pages.ljust(end - start, b"\0")]
        told += [footer.data[spoken : place[0]], group.element]
        copied, spoken = end, place[1]
        rows += group.rows - about.row_group(number).num_rows
    pages.append(view[copied : len(old) - _tail(old)])
    begin = footer.data[: footer.rows] + _rows(rows, about.num_row_groups)
    end_ = b"".join((begin, *told, footer.data[spoken:]))
    whole = b"".join((*pages, end_, len(end_).to_bytes(4, "little"), MAGIC))
    return whole if _is_sound(whole, about, changed) else None


def _is_known(about: pq.FileMetaData) -> bool:
    """Whether Arrow wrote a file, and gave each group dictionaries of its own; a footer that is no text says neither."""
    try:
        return about.created_by.startswith("parquet-cpp-arrow") and are_own(about)
    except UnicodeDecodeError:
        return False


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
    start, end = span(before, number)
    group = about.row_group(number)
    for column in (group.column(place) for place in range(group.num_columns)):
        if _start(column) != start:
            return False
        start += column.total_compressed_size
    return start <= end


def span(about: pq.FileMetaData, number: int) -> tuple[int, int]:
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
    write_groups([table], table.schema, sink, max(1, table.num_rows), options)
    data = sink.getvalue().to_pybytes()
    about = pq.read_metadata(pa.BufferReader(data))
    footer = _footer(data, about)
    place = _element(footer, about, 0) if footer else None
    pages = data[len(MAGIC) : len(data) - _tail(data)]
    if footer is None or place is None or len(pages) > room:
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


def _footer(file: bytes, about: pq.FileMetaData) -> _Footer | None:
    """Find in a footer what a splice needs; None where it does not stand there as it is known to.

    Walking through every field of it takes ten times as long as looking for what is known.
    """
    data = file[-_tail(file) : -TAIL]
    known = _rows(about.num_rows, about.num_row_groups)
    at = data.find(known)
    return _Footer(data, at, at + len(known)) if at >= 0 else None


def _rows(rows: int, groups: int) -> bytes:
    """How a footer says how many rows there are, and begins its list of row groups."""
    short = groups < _SHORT_LIST
    head = bytes([groups << 4 | _STRUCT]) if short else bytes([0xF0 | _STRUCT]) + _varint(groups)
    return b"\x16" + _varint(rows << 1) + b"\x19" + head


def _element(footer: _Footer, about: pq.FileMetaData, number: int) -> tuple[int, int] | None:
    """Where a footer speaks of a row group; None where that does not end as it is known to."""
    begin = footer.groups
    if number:
        before = _end_of(about, number - 1)
        found = footer.data.find(before, begin)
        if found < 0:
            return None
        begin = found + len(before)
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


def _varint(value: int) -> bytes:
    """Write a number of variable length."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
