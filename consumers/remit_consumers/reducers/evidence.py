"""What makes sure that a match is what it looks like: checksums, plans of numbers, shapes of words."""

import re
import socket

import phonenumbers
from stdnum import iban, luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

PHONE_DIGITS_MIN = 6
"""Fewer digits are an extension or a count (our choice: shorter national numbers get through, 3 % of a library's examples)."""

PHONE_DIGITS_MAX = 15
"""Source: ITU-T E.164, the longest international number."""

RANDOM_CHARS_MIN = 24
"""Pieces of letters and digits mixed, from this length on, are keys or hashes: 100 bits and more."""

_SEPARATORS = re.compile(r"[ ().\-/*#]+")
_HEX_HASH = re.compile(r"[0-9a-f]{5,8}", re.IGNORECASE)
_NOT_SECRET = frozenset(
    """
    null none true false required invalid incorrect missing expired empty undefined unknown failed
    changed reset wrong accepted denied string password token secret user with from this that your does
    must will cannot
    """.split()  # noqa: SIM905  a list of words reads better than a column of them
)
"""What stands behind `password` in a sentence about one."""

_NO_NAME = frozenset(
    """
    from by for unknown the a an is was not on in at to and or with id invalid illegal
    """.split()  # noqa: SIM905  a list of words reads better than a column of them
)
"""What stands behind `user` in a sentence that names none."""


def is_email(match: re.Match[str]) -> bool:
    """Whether the part behind the `@` is a host: Java's `Type@1f2e3d` and line numbers are none."""
    host = match["host"]
    if "." in host:
        return True
    return not host[0].isdigit() and _HEX_HASH.fullmatch(host) is None


def is_code(match: re.Match[str]) -> bool:
    """Whether a word behind `Bearer` is a credential: it has a digit, or letters of both cases within."""
    value = match["value"]
    return any(c.isdigit() for c in value) or (
        value[1:] != value[1:].lower() and not value.isupper()
    )


def is_secret_value(match: re.Match[str]) -> bool:
    """Whether what stands behind `password=` is one, and not a word about it."""
    value = match["value"]
    if value.lower().strip(".:!") in _NOT_SECRET:
        return False
    if match["key"].lower().startswith(("pass", "pwd")) and "=" in match["is"]:
        return True
    return any(c.isdigit() for c in value) or len(value) >= RANDOM_CHARS_MIN


def is_user(match: re.Match[str]) -> bool:
    """Whether what stands behind `user` is a name: words of the sentence and small numbers are none."""
    value = match["value"]
    return value.lower() not in _NO_NAME and not value.isdigit()


def is_v4(match: re.Match[str]) -> bool:
    """Whether four numbers are an IPv4 address."""
    return all(int(octet) <= 0xFF for octet in match[0].split("."))  # noqa: PLR2004  a byte


def is_v6(match: re.Match[str]) -> bool:
    """Whether hexadecimal digits and colons are an IPv6 address; C++'s `a::b` and times are none."""
    bare = match[0].partition("%")[0]
    if not any(c.isdigit() for c in bare) and bare.count(":") < 4:  # noqa: PLR2004  words do not have so many
        return False
    return any(_reads_as_v6(part) for part in (bare, bare.rstrip(":"), bare.rpartition(":")[0]))


def _reads_as_v6(bare: str) -> bool:
    """Whether a text is an IPv6 address."""
    try:
        socket.inet_pton(socket.AF_INET6, bare)
    except OSError:
        return False
    return True


def is_iban(match: re.Match[str]) -> bool:
    """Whether an account number has the check digits of ISO 13616."""
    try:
        return bool(iban.validate(match[0].upper(), check_country=False))
    except ValidationError:
        return False


def is_national_id(match: re.Match[str]) -> bool:
    """Whether a number is a Chinese resident or company number by its check digit, or written as a US SSN."""
    value = match[0]
    if "-" in value or " " in value:
        return not value.startswith(("000", "666"))
    return ric.is_valid(value.upper()) or uscc.is_valid(value)


def is_card(match: re.Match[str]) -> bool:
    """Whether a number has a card's check digit (ISO 7812, Luhn) and an issuer's first digits."""
    number = _bare(match[0])
    return (number[0] in "23456" or number.startswith(("1800", "06"))) and luhn.is_valid(number)


def is_phone(match: re.Match[str]) -> bool:
    """Whether a number behind a `+` can be one of its country's."""
    try:
        number = phonenumbers.parse("+" + _bare(match[0]).lstrip("+"), None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def is_number_after_word(match: re.Match[str]) -> bool:
    """Whether a number behind a telling word has as many digits as a phone number."""
    return PHONE_DIGITS_MIN <= len(_bare(match["value"])) <= PHONE_DIGITS_MAX + 2


def has_phone_digits(match: re.Match[str]) -> bool:
    """Whether a number in the shape of a phone number has as many digits as one."""
    return PHONE_DIGITS_MIN + 2 <= len(_bare(match[0]).partition("x")[0]) <= PHONE_DIGITS_MAX + 2


def is_random(match: re.Match[str]) -> bool:
    """Whether a long word has a piece in which letters and digits are strewn: keys, hashes, tokens."""
    return any(
        len(piece) >= RANDOM_CHARS_MIN
        and any(c.isdigit() for c in piece)
        and any(c.isalpha() for c in piece)
        for piece in re.split(r"[/_\-]", match[0])
    )


def _bare(number: str) -> str:
    """Take out what people write between digits."""
    return _SEPARATORS.sub("", number)
