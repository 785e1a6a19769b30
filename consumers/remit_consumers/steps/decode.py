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
class Bodies:
    """Datums as the native decoder wants them.

    Attributes:
        datums: One after the other.
        lengths: Bytes of each.
    """

    datums: list[bytes]
    lengths: Ints


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


def decode(contract: Contract, bodies: Bodies, subjects: pa.BinaryArray) -> Decoded:
    """Decode Avro datums of one contract into columns.

    Args:
        contract: What the datums were written with.
        bodies: One Avro body for each event, without any header.
        subjects: The subject of each as UTF-8, of length 0 where there is none.

    Source: Apache Avro 1.12 specification, "Binary Encoding".
    """
    names = pa.StringArray.from_buffers(len(subjects), *subjects.buffers()[1:])
    good = _is_utf8(names)
    decodable = np.ones(len(bodies.datums), dtype=np.bool_)
    parts = [part for part in _parts(contract, bodies.datums, 0, decodable) if part.num_rows]
    schema = _schema_of(contract)
    whole = pa.Table.from_batches(parts).combine_chunks() if parts else schema.empty_table()
    rows = np.flatnonzero(decodable)
    sound = _is_sound(whole, bodies.lengths[rows]) & good[rows]
    if not sound.all():
        whole = whole.filter(pa.array(sound))
    kept = rows[sound]
    malformed = np.setdiff1d(np.arange(len(good)), kept, assume_unique=True)
    return Decoded(_cast(whole, schema), _subjects_of(names, subjects, kept), kept, malformed)


def _subjects_of(names: pa.StringArray, subjects: pa.BinaryArray, rows: Ints) -> pa.StringArray:
    """The subjects of the well-formed events; an empty one is none."""
    offsets = _offsets(subjects)
    if offsets[0] == offsets[-1]:
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
    expected = np.full(table.num_rows, sum(field.nullable for field in table.schema))
    sound = np.ones(table.num_rows, dtype=np.bool_)
    for column, field in zip(table.columns, table.schema, strict=True):
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if array.null_count == len(array):
            continue
        expected += _encoded_bytes(array)
        if pa.types.is_string(field.type):
            sound &= _is_utf8(array)
        elif pa.types.is_timestamp(field.type):
            ms = _values(array)
            sound &= (ms >= 0) & (ms < YEAR_10000_MS)
    exact: Flags = expected == lengths
    return sound & exact


def _encoded_bytes(array: pa.Array) -> Ints | npt.NDArray[np.int32]:
    """How many bytes Avro needs for each value, 0 for a null; the union's branch is not counted."""
    kind = array.type
    if pa.types.is_string(kind):
        size = np.diff(_offsets(array))
        size += _varint_bytes(size, STRING_STEPS)  # a null has length 0 and gets a byte too many
    elif pa.types.is_boolean(kind):
        size = np.ones(len(array), dtype=np.int32)
    elif pa.types.is_floating(kind):
        size = np.full(len(array), 8, dtype=np.int32)
    else:
        value = _values(array)
        size = _varint_bytes((value << 1) ^ (value >> 63), WHOLE_STEPS)
    if array.null_count:
        size[array.is_null().to_numpy(zero_copy_only=False)] = 0
    return size


STRING_STEPS = tuple(1 << bits for bits in range(6, 31, 7))
"""Lengths from which a zigzag varint takes one byte more."""

WHOLE_STEPS = tuple(1 << bits for bits in range(7, 63, 7))
"""The same for a number that is zigzag already; from 2**63 on it is negative as a signed one."""


def _varint_bytes(
    numbers: npt.NDArray[np.int32] | Ints, steps: Sequence[int]
) -> npt.NDArray[np.int32]:
    """How many bytes each varint takes, given where they grow."""
    size = np.ones(len(numbers), dtype=np.int32)
    top = int(numbers.max())
    for step in steps:
        if top < step:
            break
        size += numbers >= step
    if steps is WHOLE_STEPS:
        size[numbers < 0] = VARINT_BYTES_MAX
    return size


VARINT_BYTES_MAX = 10
"""Bytes of a 64-bit varint whose highest bit is set."""


def _values(array: pa.Array) -> Ints:
    """The integers of an array, times as milliseconds, nulls as 0."""
    whole = array.view(pa.int64()) if pa.types.is_timestamp(array.type) else array
    filled = pc.fill_null(whole, 0) if whole.null_count else whole
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _offsets(array: pa.Array) -> npt.NDArray[np.int32]:
    """Where each string or binary value begins and the last ends, without touching the bytes."""
    start = array.offset
    return np.frombuffer(array.buffers()[1], dtype=np.int32)[start : start + len(array) + 1]


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
    data = parts[0][1] if len(parts) == 1 else b"".join([part[1] for part in parts])
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )


def bodies_of(parts: Sequence[tuple[Ints, bytes | memoryview]]) -> Bodies:
    """The datums of several packs, each from (lengths, bytes), one after the other."""
    datums = [body for part in parts for body in joined([part]).to_pylist()]
    lengths = [part[0] for part in parts]
    return Bodies(datums, np.concatenate(lengths) if lengths else np.zeros(0, dtype=np.int64))
