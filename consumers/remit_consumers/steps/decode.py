"""Decode: the datums of a batch become Arrow columns, and what is malformed is named by its row.

The native decoder is fast and trusting: it accepts trailing bytes, invalid UTF-8 and integers that wrap,
and on some input it panics. So its answer is checked column by column (every datum must be exactly as long
as its values say), and a batch that it refuses is halved until the malformed datums stand alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from remit_consumers.rows import arrow_type
from remit_schemas.contract import Contract

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

YEAR_10000_MS = 253_402_300_800_000
"""Times from here on cannot be written as a date (RFC 3339 has four digits for the year)."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of a batch of datums.

    Attributes:
        table: The well-formed events, one column for each field of the contract, in the order of the datums.
        subjects: Whose each of them is; null where an event has no subject.
        rows: For each row of `table`, the position of its datum.
        malformed: The positions of the datums that are none, ascending.
    """

    table: pa.Table
    subjects: pa.StringArray
    rows: Ints
    malformed: Ints


def decode(contract: Contract, datums: pa.BinaryArray, subjects: pa.BinaryArray) -> Decoded:
    """Decode Avro datums of one contract into columns.

    Args:
        contract: What the datums were written with.
        datums: One Avro body for each event, without any header.
        subjects: The subject of each as UTF-8, of length 0 where there is none.

    Source: Apache Avro 1.12 specification, "Binary Encoding".
    """
    bodies = datums.to_pylist()
    names = pa.StringArray.from_buffers(len(subjects), *subjects.buffers()[1:])
    good = _is_utf8(names)
    decodable = np.ones(len(bodies), dtype=np.bool_)
    parts = [part for part in _parts(contract, bodies, 0, decodable) if part.num_rows]
    schema = _schema_of(contract)
    whole = pa.Table.from_batches(parts).combine_chunks() if parts else schema.empty_table()
    rows = np.flatnonzero(decodable)
    sound = _is_sound(whole, _lengths(datums)[rows]) & good[rows]
    if not sound.all():
        whole = whole.filter(pa.array(sound))
    rows, malformed = (
        rows[sound],
        np.setdiff1d(np.arange(len(bodies)), rows[sound], assume_unique=True),
    )
    return Decoded(_cast(whole, schema), _subjects_of(names, subjects, rows), rows, malformed)


def _subjects_of(names: pa.StringArray, subjects: pa.BinaryArray, rows: Ints) -> pa.StringArray:
    """The subjects of the well-formed events; an empty one is none."""
    if not _lengths(subjects).any():
        return pa.nulls(len(rows), pa.string())
    kept = names if len(rows) == len(names) else names.take(pa.array(rows))
    return pc.if_else(pc.equal(kept, ""), pa.scalar(None, pa.string()), kept)


def _schema_of(contract: Contract) -> pa.Schema:
    """The columns of a contract, times in UTC."""
    return pa.schema([pa.field(field.name, arrow_type(field)) for field in contract.fields])


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give the columns their declared types: the decoder leaves the time zone out."""
    return table.select(schema.names).cast(schema)


def _parts(
    contract: Contract, bodies: list[bytes], start: int, good: Flags
) -> list[pa.RecordBatch]:
    """Decode `bodies`; halve what the decoder refuses until the refused ones stand alone, and mark those in `good`."""
    if not bodies:
        return []
    try:
        return [pyruhvro.deserialize_array(bodies, contract.schema_json)]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - a panic of the native decoder is no Exception
        if len(bodies) == 1:
            good[start] = False
            return []
    half = len(bodies) // 2
    left = _parts(contract, bodies[:half], start, good)
    return left + _parts(contract, bodies[half:], start + half, good)


def _is_sound(table: pa.Table, lengths: Ints) -> Flags:
    """Which rows hold nothing but what their datum said: exact length, valid UTF-8, a time that can be written."""
    expected = np.zeros(table.num_rows, dtype=np.int64)
    sound = np.ones(table.num_rows, dtype=np.bool_)
    for column, field in zip(table.columns, table.schema, strict=True):
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        expected += _encoded_bytes(array, nullable=field.nullable)
        if pa.types.is_string(field.type):
            sound &= _is_utf8(array)
        elif pa.types.is_timestamp(field.type):
            ms = _values(array.cast(pa.int64()))
            sound &= (ms >= 0) & (ms < YEAR_10000_MS)
    exact: Flags = expected == lengths
    return sound & exact


def _encoded_bytes(array: pa.Array, *, nullable: bool) -> Ints:
    """How many bytes Avro needs for each value, the union's branch included."""
    kind = array.type
    if pa.types.is_string(kind):
        size = _lengths(array)
        size = size + _varint_bytes(size.astype(np.uint64) << np.uint64(1))
    elif pa.types.is_boolean(kind):
        size = np.ones(len(array), dtype=np.int64)
    elif pa.types.is_floating(kind):
        size = np.full(len(array), 8, dtype=np.int64)
    else:
        value = _values(array.cast(pa.int64()))
        size = _varint_bytes(((value << 1) ^ (value >> 63)).astype(np.uint64))
    if array.null_count:
        size = np.where(array.is_null().to_numpy(zero_copy_only=False), 0, size)
    return size + 1 if nullable else size


def _varint_bytes(zigzag: npt.NDArray[np.uint64]) -> Ints:
    """How many bytes a zigzag varint takes: seven bits a byte."""
    size = np.ones(len(zigzag), dtype=np.int64)
    if not len(zigzag):
        return size
    top = int(zigzag.max())
    for bits in range(7, 64, 7):
        if top < 1 << bits:
            break
        size += zigzag >= np.uint64(1 << bits)
    return size


def _values(array: pa.Array) -> Ints:
    """The integers of an array, nulls as 0."""
    return np.asarray(pc.fill_null(array, 0).to_numpy(zero_copy_only=False), dtype=np.int64)


def _lengths(array: pa.Array) -> Ints:
    """The length in bytes of each string or binary value, read off the offsets without touching the bytes."""
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[
        array.offset : array.offset + len(array) + 1
    ]
    return np.diff(offsets).astype(np.int64)


def _is_utf8(array: pa.Array) -> Flags:
    """Which strings are valid UTF-8; one look at the whole column, row by row only if that fails."""
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return _utf8_flags(array, 0, len(array), np.ones(len(array), dtype=np.bool_))
    return np.ones(len(array), dtype=np.bool_)


def _utf8_flags(array: pa.Array, start: int, stop: int, flags: Flags) -> Flags:
    """Halve the column until the invalid strings stand alone."""
    try:
        array.slice(start, stop - start).validate(full=True)
    except pa.ArrowInvalid:
        if stop - start == 1:
            flags[start] = False
        else:
            half = (start + stop) // 2
            _utf8_flags(array, start, half, flags)
            _utf8_flags(array, half, stop, flags)
    return flags


def joined(parts: Sequence[tuple[Ints, bytes | memoryview]]) -> pa.BinaryArray:
    """One binary column from (lengths, bytes) of several packs, without a loop over the events."""
    lengths = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = b"".join([part[1] for part in parts])
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
