"""Avro's integers: zigzag, then seven bits a byte, the lowest first.

Source: Apache Avro 1.12 specification, "Primitive Types"; zigzag and variable length as in Protocol Buffers.

The encoder builds a datum as text in which each character stands for one byte (latin-1), because joining and
encoding once is faster in CPython than joining bytes made one by one: so the tables here hold such text.
"""

LOW_7 = 0x7F
"""The bits of a byte that carry the number."""

MORE = 0x80
"""The bit of a byte that says another follows."""

TABLE_BITS = 14
"""Two bytes of a varint by one look-up: 16,384 entries cost 1 MB; a third byte would cost 128 times that."""

TABLE = 1 << TABLE_BITS
"""How many numbers the tables hold."""

HALF = TABLE // 2
"""How many non-negative numbers have their zigzag in the tables: zigzag doubles them."""


def zigzag(number: int) -> int:
    """Fold the sign into the lowest bit, so that small numbers of either sign have few bytes."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def varint(number: int) -> bytes:
    """The bytes of a number that is not negative."""
    encoded = bytearray()
    while number > LOW_7:
        encoded.append(number & LOW_7 | MORE)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


_LOW = tuple(map(chr, range(MORE)))
_INNER = tuple(map(chr, range(MORE, 2 * MORE)))

INNER: tuple[str, ...] = tuple(low + high for high in _INNER for low in _INNER)
"""The 14 bits of each number in exactly two bytes that others follow."""

LAST: tuple[str, ...] = _LOW + tuple(low + high for high in _LOW[1:] for low in _INNER)
"""The varint of each number, as a whole number or the end of one."""

WHOLE: tuple[str, ...] = LAST[::2]
"""The Avro int of each number, its zigzag being its double: also the length in front of a string."""

SOME_WHOLE: tuple[str, ...] = tuple(f"\x02{text}" for text in WHOLE)
"""The same behind the branch of a union with null."""
