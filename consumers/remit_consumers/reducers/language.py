"""The language a reader prefers, without region, script and the languages behind it."""

import re
from collections.abc import Mapping
from functools import lru_cache

import langcodes
import pyarrow as pa

from remit_consumers.reducers.unique import Memo, each
from remit_schemas.reducer import Scalar

CHARS_MAX = 1_024
"""Longer headers are none: every language of a list costs time (our choice)."""

_RANGE = re.compile(
    r"(?P<tag>[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,8}+|\*)"
    r"(?:[ \t]*+;[ \t]*+[qQ]=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?+"
)
"""A language range with its weight; `_` as in the locales that apps have. Source: RFC 9110, 12.4.2 and 12.5.4;
RFC 4647, 2.1."""

_NO_ONES = frozenset({"und", "mul", "mis", "zxx", "x", "root"})
"""Codes that name no one language. Source: RFC 5646, 4.1."""

_PRIVATE = re.compile("q[a-t][a-z]")
"""Codes that mean what two parties agreed on. Source: RFC 5646, 2.2.1."""


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the primary subtag of the first preferred language of each Accept-Language header or tag."""
    del parameters
    return each(values, lambda distinct: [found or None for found in _MEMO.all(distinct)])


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    return "first preferred language" if primary(value) else "no registered language: null"


def primary(value: str) -> str:
    """Find the language with the highest weight, the first of equals.

    Returns:
        A registered primary subtag in lower case, today's where it was replaced; empty where the header is malformed
        or names no language that is wanted.
    """
    if len(value) > CHARS_MAX:
        return ""
    wanted: dict[str, float] = {}
    for part in value.split(","):
        piece = part.strip(" \t")
        if not piece:
            continue  # RFC 9110, 5.6.1.2: a recipient takes empty elements
        match = _RANGE.fullmatch(piece)
        if match is None:
            return ""
        wanted.setdefault(match["tag"].lower().replace("_", "-"), float(match["q"] or 1))
    ranked = sorted((tag for tag, q in wanted.items() if q), key=wanted.__getitem__, reverse=True)
    return next(filter(None, map(_registered, ranked)), "")


@lru_cache(maxsize=4_096)
def _registered(tag: str) -> str:
    """Find the primary subtag of a tag as it is registered today; empty where it is none.

    Source: IANA Language Subtag Registry, as the library carries it; RFC 5646, 4.5 (canonical form).
    """
    try:
        code = langcodes.Language.get(tag).language or ""
    except (LookupError, ValueError):
        return ""
    if code in _NO_ONES or _PRIVATE.fullmatch(code) or not langcodes.tag_is_valid(code):
        return ""
    return code if code.isalpha() else ""


_MEMO = Memo(lambda values: [primary(value) for value in values])
