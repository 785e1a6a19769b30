"""Access-log lines as Avro datums, a chunk at a time: no plain line becomes an object of Python.

A datum is a row of pieces: texts as they stand in the chunk, times and lengths as Avro writes them, and what every line
says alike. Taking the pieces in their order puts the datums end to end, as the body of a pack has them; they are
the same bytes that `page_view` and the contract's encoder give for each line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from remit.access_log import page_view
from remit_cli.line_parts import Ints, Parts, parts_of
from remit_schemas import avro_value
from remit_schemas.contract import Contract, Field
from remit_schemas.encoder import NULL, SOME
from remit_schemas.varint import SOME_WHOLE

Careful = Callable[[str], bytes | None]
"""Turns one line, without its end, into a datum; None where it is none, and counted by whoever it is."""

TEXTS: Final = ("ip", "method", "page", "referrer", "user_agent")
"""The texts of a line, in the order in which they stand in it."""

_DASHED: Final = {"referrer", "user_agent"}  # where a dash stands for nothing
_SLOTS: Final = 2 * len(TEXTS)  # of a line: each text, and what is between it and the next
_TIME_BYTES: Final = 6
_PLAIN: Final = (
    '192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 0 "https://example.org/" "a"'
)


@dataclass(frozen=True, slots=True)
class Datums:
    """Events of a chunk, as the body of a pack has them.

    Attributes:
        lengths: Bytes of each.
        data: End to end, in the order of the lines.
    """

    lengths: Ints
    data: bytes

    def __len__(self) -> int:
        return len(self.lengths)


class LineDatums:
    """Writes lines of an access log as datums of one contract, all collected at one time."""

    def __init__(self, contract: Contract, collected_at_ms: int) -> None:
        """Make ready.

        Args:
            contract: Of page views.
            collected_at_ms: Milliseconds since 1970.
        """
        event = page_view(_PLAIN, collected_at_ms)
        constants = [NULL, ""]
        self._row: list[
            int | str
        ] = []  # a piece that is always the same, or what is to be looked up
        for piece in _pieces(contract, event):
            if isinstance(piece, bytes):
                self._row.append(len(SOME_WHOLE) + len(constants))
                constants.append(piece.decode("latin-1"))
            else:
                self._row.append(piece)
        self._null, self._none = len(SOME_WHOLE), len(SOME_WHOLE) + 1
        table = [text.encode("latin-1") for text in (*SOME_WHOLE, *constants)]
        self._table = pa.array(table, pa.binary())

    def of(self, chunk: bytes, careful: Careful) -> Datums:
        """Write whole lines.

        Args:
            chunk: The lines, each with its end.
            careful: Asked about every line that is not plain, in order.
        """
        parts = parts_of(chunk)
        places, others = _others(chunk, parts, careful)
        sources = [
            self._table,
            _texts(chunk, parts),
            _moments(parts),
            pa.array(others, pa.binary()),
        ]
        begins = np.cumsum([0, *map(len, sources)])
        rows = self._indices(chunk, parts, begins)
        if others:
            alone = np.full((len(others), len(self._row)), self._none)
            alone[:, 0] = begins[3] + np.arange(len(others))
            rows = np.insert(rows, np.searchsorted(parts.lines, places), alone, axis=0)
        taken = pa.concat_arrays(sources).take(pa.array(rows.ravel().astype(np.int32)))
        _, offsets, data = taken.buffers()
        ends = np.frombuffer(offsets, np.int32, len(taken) + 1)[:: len(self._row)]
        return Datums(np.diff(ends).astype(np.int64), data.slice(0, int(ends[-1])).to_pybytes())

    def _indices(self, chunk: bytes, parts: Parts, begins: Ints) -> Ints:
        """Say of every plain line which pieces it is made of."""
        slots = begins[1] + np.arange(len(parts.lines)) * _SLOTS
        found: dict[str, Ints] = {"occurred_at": begins[2] + np.arange(len(parts.lines))}
        found["status"] = parts.status
        data = np.frombuffer(chunk, np.uint8)
        for number, name in enumerate(TEXTS):
            begin, end = parts.bounds[:, 2 * number], parts.bounds[:, 2 * number + 1]
            size, text = end - begin, slots + 2 * number
            if name in _DASHED:
                is_none = (size == 0) | ((size == 1) & (data[begin] == ord("-")))
                size, text = (
                    np.where(is_none, self._null, size),
                    np.where(is_none, self._none, text),
                )
            found[f"size of {name}"], found[name] = size, text
        whole = np.empty((len(parts.lines), len(self._row)), np.int64)
        for column, piece in enumerate(self._row):
            whole[:, column] = found[piece] if isinstance(piece, str) else piece
        return whole


def _pieces(contract: Contract, event: object) -> Iterator[str | bytes]:
    """Yield of what a datum is made: names of what differs from line to line, and the bytes in between."""
    alike = ""
    for field in contract.fields:
        names = _names(field.name)
        if not names:
            alike += _written(field, event)
            continue
        if alike:
            yield alike.encode("latin-1")
        alike = ""
        yield from names
    if alike:
        yield alike.encode("latin-1")


def _names(field: str) -> tuple[str, ...]:
    if field in TEXTS:
        return f"size of {field}", field
    return (field,) if field in {"occurred_at", "status"} else ()


def _written(field: Field, event: object) -> str:
    value: object = getattr(event, field.name)
    if field.nullable and value is None:
        return NULL
    written = avro_value.WRITERS[field.logical or field.avro_type](value)
    return SOME + written if field.nullable else written


def _others(chunk: bytes, parts: Parts, careful: Careful) -> tuple[list[int], list[bytes]]:
    """Have the lines that are not plain read; gives which of them are events, and their datums."""
    places, datums = [], []
    count = len(parts.starts) - 1
    for line in np.setdiff1d(np.arange(count), parts.lines, assume_unique=True).tolist():
        text = chunk[parts.starts[line] : parts.starts[line + 1]].decode("utf-8", "replace")
        datum = careful(text.rstrip("\r\n"))
        if datum is not None:
            places.append(line)
            datums.append(datum)
    return places, datums


def _texts(chunk: bytes, parts: Parts) -> pa.BinaryArray:
    """Give the chunk cut at every bound: texts, and what stands between them."""
    offsets = np.append(parts.bounds.ravel(), len(chunk)).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(chunk)]
    return pa.BinaryArray.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def _moments(parts: Parts) -> pa.BinaryArray:
    """Give the times as Avro has them: zigzag, seven bits a byte, the lowest first."""
    shifted = (parts.occurred_at_ms << 1)[:, None] >> np.arange(0, 7 * _TIME_BYTES, 7)
    octets = (shifted & 0x7F | 0x80).astype(np.uint8)
    octets[:, -1] &= 0x7F
    offsets = np.arange(0, octets.size + 1, _TIME_BYTES, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(octets))]
    return pa.BinaryArray.from_buffers(pa.binary(), len(octets), buffers)
