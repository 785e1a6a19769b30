"""Which segments of a path are words of the app, and which are somebody's data."""

import re
from collections.abc import Sequence
from functools import lru_cache

MORE = "{more}"
"""Stands for the segments beyond the most that are kept."""

SEGMENT_CHARS_MAX = 100
"""Longer segments are taken for data (our choice; 12 segments of 150,000 real requests are longer)."""

TOKEN_CHARS_MIN = 16
"""A piece of letters and digits mixed, from this length on, is a token: no word has digits strewn in it."""

HEX_CHARS_MIN = 8
"""A piece of hexadecimal letters and digits, from this length on, is a token (short commit ids have 7 or 8)."""

WORD_CHARS_MAX = 32
"""A longer piece without a separator is no word (our choice)."""

_MARK = re.compile(r"\{(?:number|uuid|email|token|id|ip|text|more)\}")
_UUID = re.compile(
    r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?(?:\.\w{1,8})?",
    re.IGNORECASE,
)
_QUAD = re.compile(r"(?<![0-9])[0-9]{1,3}[._-][0-9]{1,3}[._-][0-9]{1,3}[._-][0-9]{1,3}(?![0-9])")
_VERSION = re.compile(r"v?[0-9]{1,2}(?:\.[0-9]{1,2}){1,2}|v[0-9]{1,2}|[0-9]{1,2}\.x", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.,_~-]*\d[\d.,_~-]*")
_PLAIN = re.compile(r"[\w.~-]+")
_PIECES = re.compile(r"[._~-]+")
_LONG_NUMBER = re.compile(r"\d{3,}")
_HEX = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]+", re.IGNORECASE)
_CHANGE = re.compile(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])")
_CASE_CHANGE = re.compile(r"[a-z](?=[A-Z])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])|[a-z](?=[0-9])")

_ABOUT_SOMEONE = frozenset(
    """
    user users u member members profile profiles people person persons customer customers client clients
    patient patients contact contacts author authors account accounts employee employees student
    students guest guests reset verify confirm invite invitation unsubscribe activate magic token tokens
    session sessions share
    """.split()  # noqa: SIM905  a list of words reads better than a column of them
)
"""Segments behind which the next one says who: an identifier, a user name or a one-time token."""

_ROUTES = frozenset(
    """
    me new edit list search index login logout signin signup signout register settings password profile
    create update delete all export import add remove view show about help home default inbox orders
    order history preferences security billing activity notifications avatar address addresses account
    accounts dashboard overview reset confirm verify email phone index.html index.php
    """.split()  # noqa: SIM905  a list of words reads better than a column of them
)
"""Segments that stay words of the app even there."""


def templated(segments: Sequence[str]) -> list[str]:
    """Name each segment that looks like data by its kind.

    Args:
        segments: The decoded segments of a path, without matrix parameters.
    """
    found: list[str] = []
    before = ""
    for segment in segments:
        kind = _kind(segment)
        if kind == segment and before in _ABOUT_SOMEONE and segment.lower() not in _ROUTES:
            kind = kind if _MARK.fullmatch(kind) else "{id}"
        found.append(kind)
        before = segment.lower()
    return found


@lru_cache(maxsize=16_384)
def _kind(segment: str) -> str:
    """Give a segment back, or its template."""
    if _MARK.fullmatch(segment):
        return segment
    if shape := _shape(segment):
        return shape
    bare = segment.replace("{number}", "000")
    if _PLAIN.fullmatch(bare) is None:
        return "{text}"
    if segment.startswith("~"):
        return "{id}"
    if any(_is_token(piece) for piece in _PIECES.split(bare)):
        return "{token}"
    return _LONG_NUMBER.sub("{number}", bare)


def _shape(segment: str) -> str:
    """Name the shape that a whole segment has; empty where it has none of them."""
    if len(segment) > SEGMENT_CHARS_MAX:
        return "{token}"
    if "@" in segment:
        return "{email}" if segment.find("@") > 0 else "{id}"
    if _UUID.fullmatch(segment):
        return "{uuid}"
    if _QUAD.search(segment) or segment.count(":") > 1:
        return "{ip}"
    if _VERSION.fullmatch(segment):
        return segment
    return "{number}" if _NUMBER.fullmatch(segment) else ""


def _is_token(piece: str) -> bool:
    """Whether a piece between separators is a key or code, not a word."""
    if len(piece) > WORD_CHARS_MAX:
        return True
    if len(piece) >= HEX_CHARS_MIN and _HEX.fullmatch(piece):
        return True
    changes = len(_CHANGE.findall(piece))
    if changes > 3 or (changes and len(piece) >= TOKEN_CHARS_MIN):  # noqa: PLR2004  a1b2: no word changes so often
        return True
    return len(piece) >= TOKEN_CHARS_MIN and len(_CASE_CHANGE.findall(piece)) * 3 > len(piece)
