"""The arguments of a log line, made smaller by their type and written as JSON: what no person typed needs no pattern.

A pattern has to guess what a text is; a type says it. So an address, an exception or an object of the app leaves only
a mark of its kind here, and what is text goes on under the name that stands before it in the template, because the
scrubber tells a secret by such a word: ``log.info("password=%s", given)`` gives ``{"password": "…"}``.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import islice
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final, TypeAlias
from uuid import UUID

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None
"""What JSON can say."""

TEXT_CHARACTERS_MAX: Final = 4_096
"""Of one text: what is longer is a dump of data, and the policy keeps no more."""

ITEMS_MAX: Final = 32
"""Of one list or mapping."""

DEPTH_MAX: Final = 3
"""Of lists and mappings in one another."""

SLOT: Final = re.compile(
    r"%(?:\((?P<key>[^)]*)\))?[-#0 +]*(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+))?[hlL]?(?P<kind>.)"
)
"""A place of printf-style formatting. Source: Python library reference, "printf-style String Formatting"."""

WORD: Final = re.compile(
    r"((?:[^\W\d][\w.-]{0,63}(?: (?=(?i:is|was|no|number|nr|card|id)\b)))?[^\W\d][\w.-]{0,63})"
    r"[\"'\])]{0,2}[ \t]*(?:[:=]|->|=>)?[ \t]*[\"'\[(<]{0,2}\Z"
)
"""The word that a value stands behind: `took` in "took %d ms", `user` in "user='%s'", `passport no` in "passport no %s"."""


def reduced(value: object, depth: int = DEPTH_MAX) -> Plain:
    """Make a value as small as its type allows.

    Args:
        value: Whatever an app logs.
        depth: How many lists and mappings more may lie in one another.

    Returns:
        Numbers and text as they are, text cut; times to the second; a mark such as ``<ip>`` for what is about
        somebody; the name of the type for anything else.
    """
    if value is None or isinstance(value, bool | float):
        return value
    for types, smaller in SMALLER:
        if isinstance(value, types):
            return smaller(value)
    if depth and isinstance(value, Mapping):
        pairs = islice(value.items(), ITEMS_MAX)
        return {_name(key): reduced(inner, depth - 1) for key, inner in pairs}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [reduced(inner, depth - 1) for inner in islice(value, ITEMS_MAX)]
    return f"<{type(value).__name__}>"


def _name(key: object) -> str:
    """A name in a mapping: what is no text could be anything, so its type stands for it."""
    return str.__str__(key)[:64] if isinstance(key, str) else f"<{type(key).__name__}>"


def failure(error: BaseException) -> str:
    """Say what an exception is and where it was raised; never what it says, which often quotes a value."""
    return f"{type(error).__qualname__}{_place(error.__traceback__)}"


def _place(trace: TracebackType | None) -> str:
    """Where a traceback ends: file, line and function."""
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f" at {PurePath(code.co_filename).name}:{trace.tb_lineno} in {code.co_name}"


_Smaller: TypeAlias = tuple[tuple[type, ...], Callable[[Any], Plain]]

SMALLER: Final[tuple[_Smaller, ...]] = (
    ((Enum,), lambda value: f"{type(value).__name__}.{value.name}"),
    ((int,), int),
    ((str,), lambda value: str.__str__(value)[:TEXT_CHARACTERS_MAX]),
    ((BaseException,), failure),
    ((IPv4Address, IPv6Address, IPv4Network, IPv6Network), lambda _: "<ip>"),
    ((UUID,), lambda _: "<uuid>"),
    ((datetime, time), lambda value: value.isoformat(timespec="seconds")),
    ((date, Decimal, Fraction), str),
    ((PurePath,), lambda value: str(value)[:TEXT_CHARACTERS_MAX]),
    ((timedelta,), timedelta.total_seconds),
    ((bytes, bytearray, memoryview), lambda value: f"<{len(value)} bytes>"),
)
"""What becomes of a value of each type, the first that fits: interfaces are addresses, a datetime is a date."""


def named(template: str, given: Sequence[object]) -> dict[str, Plain] | None:
    """Give positional arguments the words that they stand behind; None where there is not one place for each.

    Args:
        template: As for ``%``.
        given: One for each place.
    """
    names = _names(template)
    if names is None or len(names) != len(given):
        return None
    return {name: reduced(value) for name, value in zip(names, given, strict=True)}


@lru_cache(maxsize=4096)
def _names(template: str) -> tuple[str, ...] | None:
    """The words before the places of a template; a program has as many templates as lines that log."""
    names: list[str] = []
    behind = 0
    for place in SLOT.finditer(template):
        begin, behind = max(behind, place.start() - 80), place.end()
        if place["kind"] == "%":
            continue
        if place["key"] or "*" in (place["width"], place["precision"]):
            return None
        word = WORD.search(template, begin, place.start())
        names.append(word[1] if word else str(len(names)))
    return tuple(_apart(names))


def _apart(names: Iterable[str]) -> list[str]:
    """Tell the same name apart by a number."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return told


def as_json(arguments: Plain) -> str:
    """Write arguments as JSON: letters of any script as they are, since the scrubber knows words in them."""
    return json.dumps(arguments, ensure_ascii=False, separators=(", ", ": "), default=str)
