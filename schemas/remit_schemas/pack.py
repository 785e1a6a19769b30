"""Body and records of a pack: the unit of accounting, as bytes. `docs/architecture.md` draws the format."""

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import zstandard

from remit_schemas.errors import PackError, Truncated
from remit_schemas.header import (
    BODY_BYTES_MAX,
    BODY_OVERHEAD,
    FINGERPRINT_BYTES,
    FORM_BODY,
    FORM_RECORDS,
    FORMAT,
    HEADER_BYTES_MAX,
    KEY_ID_BYTES,
    NAME_BYTES_MAX,
    NO_CONTRACT,
    NO_NONCE,
    PRODUCER_BYTES,
    REASONS,
    Counts,
    Header,
    as_body,
    pack_id,
)

__all__ = [
    "BODY_BYTES_MAX",
    "BODY_OVERHEAD",
    "EVENT_BYTES_MAX",
    "FINGERPRINT_BYTES",
    "FORMAT",
    "FORM_BODY",
    "FORM_RECORDS",
    "HEADER_BYTES_MAX",
    "KEY_ID_BYTES",
    "NAME_BYTES_MAX",
    "NO_CONTRACT",
    "NO_NONCE",
    "PRODUCER_BYTES",
    "REASONS",
    "SUBJECT_BYTES_MAX",
    "ZSTD_LEVEL",
    "Body",
    "Counts",
    "Header",
    "as_body",
    "compress_body",
    "decompress_body",
    "pack_body",
    "pack_columns",
    "pack_id",
    "record_frame",
    "record_plain",
    "scan_records",
    "split_body",
    "split_record",
]

EVENT_BYTES_MAX: Final = 1 << 20  # bytes of one datum: Kafka's own default for one message
SUBJECT_BYTES_MAX: Final = 0xFFFF  # its length is a u16
ZSTD_LEVEL: Final = 3  # zstd's own default

_LENGTH = struct.Struct("<I")
_SUBJECT = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a pack, taken apart without a copy; all sums were checked.

    Attributes:
        datum_lengths: Bytes of each datum, u32, in the order of the events.
        subject_lengths: Bytes of each subject, u16; 0 = no subject.
        subjects: All subjects, UTF-8, end to end.
        datums: All datums, end to end.
    """

    datum_lengths: memoryview
    subject_lengths: memoryview
    subjects: memoryview
    datums: memoryview


def pack_body(datums: Sequence[bytes], subjects: Sequence[bytes]) -> bytes:
    """Put datums and their subjects into one body.

    Args:
        datums: The events as Avro, in order.
        subjects: The subject of each, UTF-8; empty = no subject. Each is at most `SUBJECT_BYTES_MAX` long.
    """
    lengths = array("I", map(len, datums)), array("H", map(len, subjects))
    if sys.byteorder == "big":
        for column in lengths:
            column.byteswap()
    return b"".join((*lengths, *subjects, *datums))


def pack_columns(lengths: bytes, datums: bytes) -> bytes:
    """Put datums that lie end to end into one body, nobody's: the same bytes as `pack_body` gives.

    Args:
        lengths: Bytes of each datum, as u32 in little-endian order.
        datums: End to end, in order.
    """
    count = len(lengths) // _LENGTH.size
    return b"".join((lengths, bytes(_SUBJECT.size * count), datums))


def split_body(body: bytes, count: int) -> Body:
    """Take a body apart.

    Args:
        body: What `pack_body` gave.
        count: Events in it, as the header says.

    Raises:
        Truncated: The body has fewer bytes than its lengths add up to.
        PackError: It has more, or one event is larger than any may be.
    """
    view = memoryview(body)
    head = count * BODY_OVERHEAD
    if len(view) < head:
        message = f"a body of {len(view)} bytes for {count} events"
        raise Truncated(message)
    datum_lengths = view[: count * _LENGTH.size].cast("I")
    subject_lengths = view[count * _LENGTH.size : head].cast("H")
    subjects_end = head + sum(subject_lengths)
    end = subjects_end + sum(datum_lengths)
    if len(view) < end:
        message = f"a body of {len(view)} bytes whose events have {end}"
        raise Truncated(message)
    if len(view) > end:
        message = f"a body of {len(view)} bytes whose events have only {end}"
        raise PackError(message)
    if end - subjects_end > EVENT_BYTES_MAX and max(datum_lengths) > EVENT_BYTES_MAX:
        message = f"a body with an event of more than {EVENT_BYTES_MAX} bytes"
        raise PackError(message)
    return Body(datum_lengths, subject_lengths, view[head:subjects_end], view[subjects_end:])


def compress_body(body: bytes) -> bytes:
    """Compress a body."""
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)


def decompress_body(data: bytes) -> bytes:
    """Decompress a body; never to more than `BODY_BYTES_MAX`.

    Raises:
        PackError: It is no zstd frame, says no size, or says one beyond the limit.
    """
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= BODY_BYTES_MAX:
            message = f"a body that would open to {size} bytes, at most {BODY_BYTES_MAX}"
            raise PackError(message)
        decompressor = zstandard.ZstdDecompressor(max_window_size=BODY_BYTES_MAX)
        return decompressor.decompress(data, allow_extra_data=False)
    except zstandard.ZstdError:
        message = f"a body of {len(data)} bytes that does not decompress"
        raise PackError(message) from None


def record_plain(datum: bytes, subject: bytes) -> bytes:
    """Put one event into the record that form 1 seals."""
    return _SUBJECT.pack(len(subject)) + subject + datum


def split_record(record: bytes) -> tuple[bytes, bytes]:
    """Take an opened record apart.

    Returns:
        Datum and subject.

    Raises:
        Truncated: The record ends within its subject.
        PackError: The event in it is larger than any may be.
    """
    if len(record) < _SUBJECT.size:
        message = f"a record of {len(record)} bytes"
        raise Truncated(message)
    start = _SUBJECT.size + int(_SUBJECT.unpack_from(record)[0])
    if len(record) < start:
        message = f"a record of {len(record)} bytes that ends within its subject"
        raise Truncated(message)
    if len(record) - start > EVENT_BYTES_MAX:
        message = f"a record with an event of more than {EVENT_BYTES_MAX} bytes"
        raise PackError(message)
    return record[start:], record[_SUBJECT.size : start]


def record_frame(sealed: bytes) -> bytes:
    """Put its length in front of a sealed record, as form 1 has it."""
    return _LENGTH.pack(len(sealed)) + sealed


def scan_records(data: bytes | memoryview, offset: int) -> Iterator[tuple[int, int]]:
    """Find the sealed records of form 1; stop at a length of 0 or behind the last whole one.

    Args:
        data: A pack in form 1, or an open pack that a dead process left.
        offset: Where its records begin: the header's length.

    Yields:
        Start and length of each sealed record.
    """
    end = len(data)
    while offset + _LENGTH.size <= end:
        (length,) = _LENGTH.unpack_from(data, offset)
        start = offset + _LENGTH.size
        if length == 0 or start + length > end:
            return
        yield start, length
        offset = start + length
