"""Where the parts of access-log lines lie: a whole chunk of them at once, in bytes.

Only lines of the plainest form are read here, of which there is one reading alone: printable ASCII, no backslash, six
quotes, as many blanks as the format has. They are nearly all. Every other line is for `remit.access_log.page_view`, which
stays the judge of what a line says: what is read here is read as it reads it.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from remit.access_log import day_ms

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Octets = npt.NDArray[np.uint8]

LINE_BYTES_MAX: Final = 8 << 10
"""A longer line is left to the careful reader: so no text of a plain one is too long for the encoder's tables."""

TIMES_MS: Final = (1 << 34, 1 << 41)
"""Times whose varint has six bytes: July 1970 to September 2039."""

_END, _BLANK, _QUOTE, _ODD = 1, 2, 3, 4
_MARKS_OF: Final = {0x0A: _END, 0x20: _BLANK, 0x22: _QUOTE, 0x5C: _ODD}
_KINDS: Final = bytes(
    _MARKS_OF.get(byte, 0 if chr(byte).isprintable() and byte < 0x80 else _ODD)  # noqa: PLR2004  # ASCII
    for byte in range(256)
)
"""What each byte is to a line; a carriage return is odd, too."""

_FORM: Final = np.array([{"b": _BLANK, "q": _QUOTE}[each] for each in "bbbbbqbbqbbbqqbq"], np.uint8)
"""Blanks and quotes of a plain line up to the quote before its agent: address, identity, user, time and zone; the request of
three words; status and size; the referrer, which has no blank."""

_QUOTES: Final = 6
_TIME: Final = np.frombuffer(b"00/Mmm/0000:00:00:00 +0000", np.uint8)
"""How a time is written: ``26/Apr/2016:00:00:01 +0200``."""
_ZERO: Final = ord("0")
_DIGITS: Final = np.flatnonzero(_TIME == _ZERO)
_SIGNS: Final = np.flatnonzero(np.isin(_TIME, np.frombuffer(b"/: ", np.uint8)))
_ZONE: Final = 21
_DAY: Final = [*range(11), *range(_ZONE, len(_TIME))]
_VERSION: Final = np.frombuffer(b"HTTP/", np.uint8)


@dataclass(frozen=True, slots=True)
class Parts:
    """The plain lines of a chunk. All places are bytes of the chunk.

    Attributes:
        starts: Where each line of the chunk begins, the others too, and where the last one ends.
        lines: Which lines are plain, ascending.
        bounds: For each of them begin and end of address, method, page, referrer and agent: ten places.
        occurred_at_ms: When each happened, milliseconds since 1970.
        status: The answer's, 0 to 999.
    """

    starts: Ints
    lines: Ints
    bounds: Ints
    occurred_at_ms: Ints
    status: Ints


def parts_of(chunk: bytes) -> Parts:
    """Find the parts of every plain line.

    Args:
        chunk: Whole lines; only the last may lack its line feed, and is not plain then.
    """
    data = np.frombuffer(chunk, np.uint8)
    kinds = np.frombuffer(chunk.translate(_KINDS), np.uint8)
    marks = np.flatnonzero(kinds != 0)  # of truths: ten times as fast as of numbers
    kinds = kinds[marks]
    ends = np.flatnonzero(kinds == _END)
    starts = np.concatenate([[0], marks[ends] + 1])
    lines, places = _formed(kinds, marks, ends)
    fits = _is_in_place(places, starts[lines])
    lines, places = lines[fits], places[fits]
    fits = _is_right(data, places)
    lines, places = lines[fits], places[fits]
    occurred_at_ms, is_time = _times(data, places[:, 2] + 2)
    lines, places, occurred_at_ms = lines[is_time], places[is_time], occurred_at_ms[is_time]
    if starts[-1] < len(chunk):
        starts = np.append(starts, len(chunk))
    return Parts(
        starts, lines, _bounds(starts[lines], places), occurred_at_ms, _status(data, places)
    )


def _formed(kinds: Octets, marks: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Give the lines whose blanks and quotes come in the order of the form, with the places of those and of the last quote."""
    firsts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    seen = np.concatenate([[0], np.cumsum(kinds >= _QUOTE)])
    is_formed = (ends - firsts > len(_FORM)) & (seen[ends] - seen[firsts] == _QUOTES)
    is_formed[is_formed] = kinds[ends[is_formed] - 1] == _QUOTE
    lines = np.flatnonzero(is_formed)
    chosen = firsts[lines][:, None] + np.arange(len(_FORM))
    fits = (kinds[chosen] == _FORM).all(axis=1)
    last = ends[lines[fits]]
    places = np.hstack([marks[chosen[fits]], marks[last - 1][:, None], marks[last][:, None]])
    return lines[fits], places


def _is_in_place(places: Ints, starts: Ints) -> Flags:
    """Whether blanks and quotes have the distances that the form wants: no part is empty that must not be."""
    ident, user, time, _, zone, request, page, version, answer = places[:, :9].T
    size, before, gap, quote, referrer, blank, agent, last, end = places[:, 9:].T
    fits: Flags = (ident > starts) & (user > ident + 1) & (zone == request - 1)
    fits &= request == time + len(_TIME) + 4  # a blank, brackets around the time, a blank
    fits &= (page > request + 1) & (version > page + 1)
    fits &= (size == answer + 1) & (before == size + 4) & (gap > before + 1) & (gap == quote - 1)
    fits &= (blank == referrer + 1) & (agent == blank + 1)
    fits &= (last == end - 1) & (end - starts <= LINE_BYTES_MAX)
    return fits


def _is_right(data: Octets, places: Ints) -> Flags:
    """Whether the bytes between them are what the form wants."""
    time, request, version, size = places[:, [2, 5, 7, 9]].T
    fits: Flags = (data[time + 1] == ord("[")) & (data[request - 2] == ord("]"))
    digits = data[size[:, None] + np.arange(1, 4)] - np.uint8(_ZERO)
    fits &= (digits <= 9).all(axis=1)  # noqa: PLR2004  # less than "0" wraps
    is_http = data[version[:, None] + np.arange(1, len(_VERSION) + 1)] == _VERSION
    fits &= is_http.all(axis=1)
    return fits


def _times(data: Octets, begins: Ints) -> tuple[Ints, Flags]:
    """Read the time that begins at each place; whether it is one of the usual form."""
    text = data[begins[:, None] + np.arange(len(_TIME))]
    digits = text[:, _DIGITS] - np.uint8(_ZERO)
    fits = (digits <= 9).all(axis=1) & (text[:, _SIGNS] == _TIME[_SIGNS]).all(axis=1)  # noqa: PLR2004
    fits &= (text[:, _ZONE] == ord("+")) | (text[:, _ZONE] == ord("-"))
    hours, minutes, seconds = (_number(text, at, 2) for at in (12, 15, 18))
    fits &= (hours < 24) & (minutes < 60) & (seconds <= 60)  # noqa: PLR2004  # 60 is a leap second
    days, are_days = _days(text)
    at_ms = days + ((hours * 60 + minutes) * 60 + seconds) * 1000
    fits &= are_days & (at_ms >= TIMES_MS[0]) & (at_ms < TIMES_MS[1])
    return at_ms, fits


def _days(text: Octets) -> tuple[Ints, Flags]:
    """When the day of each time began; one look for all lines in a row that have the same."""
    days = np.zeros(len(text), np.int64)
    fits = np.ones(len(text), np.bool_)
    if not len(text):
        return days, fits
    day = text[:, _DAY]
    changes = np.flatnonzero((day[1:] != day[:-1]).any(axis=1)) + 1
    for begin, end in pairwise([0, *changes.tolist(), len(text)]):
        said = text[begin].tobytes().decode("ascii")
        try:
            days[begin:end] = day_ms(said[:11], said[_ZONE:])
        except (ValueError, KeyError, OverflowError):
            fits[begin:end] = False
    return days, fits


def _status(data: Octets, places: Ints) -> Ints:
    return _number(data[places[:, 9][:, None] + np.arange(1, 4)], 0, 3)


def _number(text: Octets, at: int, digits: int) -> Ints:
    """The number that stands at a place of each row."""
    value = np.zeros(len(text), np.int64)
    for column in range(at, at + digits):
        value = value * 10 + text[:, column] - _ZERO
    return value


def _bounds(starts: Ints, places: Ints) -> Ints:
    ident, _, _, _, _, request, page, version = places[:, :8].T
    _, quote, referrer, _, agent, last, _ = places[:, 11:].T
    ends = [
        starts,
        ident,
        request + 1,
        page,
        page + 1,
        version,
        quote + 1,
        referrer,
        agent + 1,
        last,
    ]
    return np.stack(ends, axis=1)
