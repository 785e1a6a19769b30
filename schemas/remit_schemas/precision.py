"""How finely a time is kept: at collection, for a purpose, and ever more coarsely with age."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from remit_schemas.category import PURPOSES
from remit_schemas.errors import PolicyError
from remit_schemas.reducer import Scalar, listed

PRECISIONS = ("second", "minute", "hour", "day")
"""From the finest to the coarsest; each is a multiple of the one before, so that rounding twice is rounding once."""

_DECAY = re.compile(r"([1-9][0-9]{0,4}) days? ([a-z]{1,16})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Decay:
    """From which age on a time is kept how finely.

    Attributes:
        age_days: Whole days since the day of collection.
        precision: One of `PRECISIONS`.
    """

    age_days: int
    precision: str


def read_decay(entries: tuple[str, ...]) -> tuple[Decay, ...]:
    """Read entries such as `30 days hour`.

    Raises:
        PolicyError: One is malformed, no older than the one before, or finer. Names its number.
    """
    steps: list[Decay] = []
    for number, entry in enumerate(entries, 1):
        match = _DECAY.fullmatch(entry)
        if match is None or match[2] not in PRECISIONS:
            message = f'entry {number} must be an age and a precision, such as "30 days hour"'
            raise PolicyError(message)
        step = Decay(int(match[1]), match[2])
        if steps and step.age_days <= steps[-1].age_days:
            raise PolicyError(f"entry {number} is no older than the one before")
        if steps and coarseness(step.precision) < coarseness(steps[-1].precision):
            raise PolicyError(f"entry {number} is finer than the one before")
        steps.append(step)
    return tuple(steps)


def read_by_purpose(entries: tuple[str, ...]) -> Mapping[str, str]:
    """Read entries such as `analytics.reporting hour`.

    Raises:
        PolicyError: One is malformed, or names a purpose twice or one that does not exist. Names its number.
    """
    found: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        purpose, _, precision = entry.partition(" ")
        if purpose not in PURPOSES or precision not in PRECISIONS:
            message = f'entry {number} must be a purpose and a precision, such as "analytics.reporting hour"'
            raise PolicyError(message)
        if purpose in found:
            raise PolicyError(f"entry {number} names a purpose for the second time")
        found[purpose] = precision
    return found


def check_decay(entries: tuple[str, ...]) -> None:
    """See that the entries of `decay` can be read."""
    read_decay(entries)


def check_by_purpose(entries: tuple[str, ...]) -> None:
    """See that the entries of `by_purpose` can be read."""
    read_by_purpose(entries)


def coarseness(precision: str) -> int:
    """Give the place of a precision among all, from the finest on."""
    return PRECISIONS.index(precision)


def finest(parameters: Mapping[str, Scalar], purposes: tuple[str, ...]) -> Mapping[str, Scalar]:
    """Set `precision` to the finest that any of these purposes needs.

    Args:
        parameters: Of a reducer; without `by_purpose` they stay as they are.
        purposes: Those that hold; at least one.
    """
    by_purpose = read_by_purpose(listed(parameters, "by_purpose"))
    if not by_purpose:
        return parameters
    needed = (by_purpose.get(purpose, str(parameters["precision"])) for purpose in purposes)
    return MappingProxyType({**parameters, "precision": min(needed, key=coarseness)})


def is_finer_for_a_purpose(before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> bool:
    """Whether some purpose gets a finer time than before."""
    old, new = (read_by_purpose(listed(given, "by_purpose")) for given in (before, after))
    was, now = str(before["precision"]), str(after["precision"])
    return any(
        coarseness(new.get(purpose, now)) < coarseness(old.get(purpose, was))
        for purpose in {*old, *new}
    )


def decays_less(before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> bool:
    """Whether at some age a time is kept more finely than before."""
    ages = [step.age_days for p in (before, after) for step in read_decay(listed(p, "decay"))]
    return any(_coarseness_at(after, age) < _coarseness_at(before, age) for age in ages)


def _coarseness_at(parameters: Mapping[str, Scalar], age_days: int) -> int:
    """Give the coarseness that holds at an age for the purpose that needs the finest."""
    by_purpose = read_by_purpose(listed(parameters, "by_purpose"))
    collected = min(map(coarseness, (str(parameters["precision"]), *by_purpose.values())))
    steps = read_decay(listed(parameters, "decay"))
    reached = (coarseness(step.precision) for step in steps if step.age_days <= age_days)
    return max(collected, *reached, 0)
