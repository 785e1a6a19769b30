"""A kind of residue: how a text is known that may hold it, and how many of it stand there."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

DEVIATIONS: Final = 4
"""So many standard deviations above what chance gives are no chance (1 in 30,000)."""


class Seen(NamedTuple):
    """What a detector saw.

    Attributes:
        sure: Found, whatever stands around it.
        likely: Bare digits that pass the check of their kind, which some numbers do by chance.
        unlikely: Bare digits of the same form that fail it.
    """

    sure: int = 0
    likely: int = 0
    unlikely: int = 0

    def __add__(self, other: object) -> "Seen":
        """Add what was seen elsewhere."""
        if not isinstance(other, Seen):
            return NotImplemented
        return Seen(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of residue.

    Attributes:
        name: What `remit verify` calls it.
        gate: A pattern in the dialect of Rust's regex: true for every text that could hold it, false for nearly all
            others, because only those it lets through are read in Python.
        see: Looks at one text.
        chance: Share of bare numbers of its form that pass its check although they are something else.
    """

    name: str
    gate: str
    see: Callable[[str], Seen]
    chance: float = 0.0

    def found(self, seen: Seen) -> int:
        """Say how many there are in one place: a column, a file, a text.

        Bare numbers count where most of their form pass the check, or more than chance explains: of real ones all do,
        of counters and identifiers only so many.
        """
        bare = seen.likely + seen.unlikely
        expected = bare * self.chance
        spread = math.sqrt(expected * (1 - self.chance))
        is_real = seen.likely > seen.unlikely or seen.likely > expected + DEVIATIONS * spread
        return seen.sure + (seen.likely if is_real else 0)
