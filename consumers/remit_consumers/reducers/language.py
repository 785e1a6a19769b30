"""The language a reader prefers, without region, script and the languages behind it."""

import re
from collections.abc import Mapping

import langcodes
import pyarrow as pa

from remit_consumers.reducers.unique import Memo, each
from remit_schemas.reducer import Scalar

CHARS_MAX = 1_024
"""Longer headers are none: every language of a list costs time (our choice)."""

_RANGE = re.compile(
    r"(?P<tag>[A-Za-z]{1,8})(?:[-_][A-Za-z0-9]{1,8}){0,8}(?:[ \t]*;[ \t]*[qQ]=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
    r"|\*(?:[ \t]*;[ \t]*[qQ]=(?P<any>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
"""A language range with its weight. Source: RFC 9110, 12.4.2 and 12.5.4; RFC 4647, 2.1."""


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
        A registered primary subtag in lower case; empty where the header is malformed or names no language.
    """
    if len(value) > CHARS_MAX:
        return ""
    best, weight = "", 0.0
    for part in value.split(","):
        piece = part.strip(" \t")
        if not piece:
            continue
        match = _RANGE.fullmatch(piece)
        if match is None:
            return ""
        q = float(match["q"] or 1)
        if match["tag"] and q > weight:
            best, weight = match["tag"].lower(), q
    return best if best and langcodes.tag_is_valid(best) else ""


_MEMO = Memo(lambda values: [primary(value) for value in values])
