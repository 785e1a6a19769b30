"""Values of a closed list, and names that programmers gave."""

import re
from collections.abc import Mapping
from functools import lru_cache

import pyarrow as pa

from remit_consumers.reducers.segment import is_word
from remit_consumers.reducers.unique import each
from remit_schemas.reducer import Scalar, listed

OTHER = "other"
"""What a value that is not on the list becomes."""

NAMES_MAX = 32
"""Names of one list: no decision that somebody could explain rests on more (our choice)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_NUMBER = re.compile("[0-9]{4}|(?:[0-9][^0-9]{0,64}){6}")
"""Digits that can be somebody's number: four together, or six in all."""


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the values of the policy's list, as they are written there; the rest is `other`."""
    known = _known(listed(parameters, "values"))
    return each(values, lambda distinct: [known.get(v.strip().casefold(), OTHER) for v in distinct])


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    return (
        "on the list"
        if value.strip().casefold() in _known(listed(parameters, "values"))
        else "not on the list: other"
    )


def reduce_identifier(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep names as programmers write them; what could be data becomes null."""
    del parameters
    return each(values, lambda distinct: [v if is_identifier(v) else None for v in distinct])


def explain_identifier(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    return "a programmer's name" if is_identifier(value) else "no programmer's name: null"


def reduce_identifiers(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the names among what blanks and commas part, each once and sorted; null where none is left."""
    del parameters
    return each(values, lambda distinct: [" ".join(identifiers(v)) or None for v in distinct])


def explain_identifiers(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    return f"{len(identifiers(value))} programmer's names"


def identifiers(value: str) -> list[str]:
    """Name what in a list is a programmer's name, sorted; a list of more than `NAMES_MAX` has none."""
    words = set(value.replace(",", " ").split())
    return sorted(filter(is_identifier, words)) if len(words) <= NAMES_MAX else []


def is_identifier(value: str) -> bool:
    """Whether a value is a name such as `shop.checkout`: no blanks, no `@`, no long number, no token, no host.

    A name begins with a letter, so that addresses (`203.0.113.7`) are none. A person's name that is written like one
    (`jane.doe`) cannot be told from it: the field must hold what the app's own code names.
    """
    if _NAME.fullmatch(value) is None or _NUMBER.search(value):
        return False
    return is_word(value.replace(":", "."))


@lru_cache(maxsize=256)
def _known(listed: tuple[str, ...]) -> Mapping[str, str]:
    """Map each value in any case to the way the list writes it."""
    return {OTHER: OTHER} | {value.strip().casefold(): value for value in listed}
