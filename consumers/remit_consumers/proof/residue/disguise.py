"""Texts in disguise: percent-encoded, escaped, base64, hex. They are decoded, and looked at again."""

import re
from binascii import Error, a2b_base64, a2b_hex
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import unquote

ESCAPED: Final = r"%[0-9A-Fa-f]{2}|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|\[\.\]|=40[A-Za-z]|&(?:#[xX]?[0-9A-Fa-f]{1,6}|[a-z]{2,8});"
"""A Rust regex that is true for every text with an escape in it."""

ROUNDS_MAX: Final = 3
"""Times that a text is decoded: an encoded URL in an encoded URL is two."""

BACKSLASHED = re.compile(r"\\{1,4}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
"""How JSON, Python and shells write a character by its number."""

HIDDEN: Final = (
    r"(?:^|[^A-Za-z0-9+/_\-])(?:[I-Za-f][CDEFGHSTUVWXijklmnyz0123][AEIMQUYcgkosw048BFJNRVZdhlptx159][A-Za-z0-9+/_\-]){3}"
    r"|(?:^|[^0-9A-Za-z])(?:0x)?(?:[2-7][0-9A-Fa-f]){7}"
)
"""A Rust regex that is true for every text with a word of base64 or hex that decodes to ASCII: the bits that are zero
in each character leave one random word in 3,000 (base64) and in 1,000 (hex)."""

SURROGATES: Final = (0xD800, 0xDFFF)
"""Numbers that are no character. Source: Unicode, section 3.8."""

BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,4096}+={0,2}")
HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?((?:[2-7][0-9A-Fa-f]){7,2048})(?![0-9A-Za-z])")

PRINTABLE_AT = re.compile(r"(?<=\w)=40(?=[\w-]{1,63}\.[\w.-]{0,63}[A-Za-z])")
"""The `@` of a mailbox as quoted-printable writes it. Source: RFC 2045 section 6.7."""

WORDS_MAX: Final = 64
"""Words of one text that are decoded."""


def unescaped(text: str) -> str:
    """Decode what is escaped in a text, also twice."""
    for _ in range(ROUNDS_MAX):
        once = BACKSLASHED.sub(_by_number, unescape(unquote(text))).replace("[.]", ".")
        once = PRINTABLE_AT.sub("@", once)
        if once == text:
            break
        text = once
    return text


def hidden(text: str) -> Iterator[str]:
    """Decode the words of a text that are base64 or hex of something that can be read."""
    for number, match in enumerate(BASE64.finditer(text)):
        if number == WORDS_MAX:
            break
        yield from _read(_base64(match[0]))
    for number, match in enumerate(HEX.finditer(text)):
        if number == WORDS_MAX:
            break
        yield from _read(a2b_hex(match[1]))


def _by_number(match: re.Match[str]) -> str:
    """Give a character by its number; half of a pair of UTF-16 is none."""
    number = int(match[1] or match[2], 16)
    return "\ufffd" if SURROGATES[0] <= number <= SURROGATES[1] else chr(number)


def _base64(word: str) -> bytes:
    """Decode a word in either alphabet, with or without its end; empty where it is none."""
    plain = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return a2b_base64(plain + "=" * (-len(plain) % 4))
    except Error:
        return b""


def _read(data: bytes) -> Iterator[str]:
    """Give bytes as text if all of them are."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if text.isprintable() and text:
        yield text
