"""One value as Avro writes it, checked: what the generated encoder leaves to somebody more careful.

Every function returns the bytes as latin-1 text, one character for each byte, and raises `EncodeError` with a
reason that names types and bounds, never the value.
"""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from remit_schemas.errors import EncodeError
from remit_schemas.varint import HALF, WHOLE, varint, zigzag

INT_MAX = (1 << 31) - 1
"""Avro's int has 32 bits."""

LONG_MAX = (1 << 63) - 1
"""Avro's long has 64 bits."""

YEAR_10000_MS = 253_402_300_800_000
"""Times from here on cannot be written as a date: RFC 3339 has four digits for the year."""


def text(value: object) -> str:
    """Write a string: its length in bytes, then UTF-8."""
    size, body = utf8(value)
    return size + body


def utf8(value: object) -> tuple[str, str]:
    """Write a string in two parts: its length in bytes, and the UTF-8 bytes."""
    if not isinstance(value, str):
        raise EncodeError(f"text is wanted, not {_type_name(value)}")
    try:
        encoded = str.encode(value)
    except UnicodeEncodeError:
        reason = "text with a lone surrogate, which UTF-8 cannot carry"
    else:
        size = len(encoded)
        return WHOLE[size] if size < HALF else _number(size), encoded.decode("latin-1")
    raise EncodeError(reason)


def whole_32(value: object) -> str:
    """Write an int."""
    return _number(_bounded(value, -INT_MAX - 1, INT_MAX))


def whole_64(value: object) -> str:
    """Write a long."""
    return _number(_bounded(value, -LONG_MAX - 1, LONG_MAX))


def moment(value: object) -> str:
    """Write a time in milliseconds since 1970: nothing earlier, and nothing a date cannot say."""
    return _number(_bounded(value, 0, YEAR_10000_MS - 1))


def boolean(value: object) -> str:
    """Write a boolean."""
    if not isinstance(value, bool):
        raise EncodeError(f"true or false is wanted, not {_type_name(value)}")
    return "\x01" if value else "\x00"


def double(value: object) -> str:
    """Write a double; a whole number that a double holds will do."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EncodeError(f"a number is wanted, not {_type_name(value)}")
    try:
        return struct.pack("<d", value).decode("latin-1")
    except (OverflowError, struct.error):
        reason = "a number larger than a double holds"
    raise EncodeError(reason)


WRITERS: Mapping[str, Callable[[object], str]] = MappingProxyType(
    {
        "string": text,
        "int": whole_32,
        "long": whole_64,
        "timestamp-millis": moment,
        "boolean": boolean,
        "double": double,
    }
)
"""The writer of each kind of field: its logical type, or else its Avro type."""


def _number(number: int) -> str:
    return varint(zigzag(number)).decode("latin-1")


def _bounded(value: object, low: int, high: int) -> int:
    """The whole number within bounds; a boolean is none, though Python says so."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise EncodeError(f"a whole number is wanted, not {_type_name(value)}")
    if not low <= value <= high:
        raise EncodeError(f"a whole number from {low} to {high} is wanted")
    return int.__int__(value)


def _type_name(value: object) -> str:
    return type(value).__name__
