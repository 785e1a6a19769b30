"""Which combinations of traits were seen of how many: what is counted within a window, and no more than that takes."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from remit_consumers.lake.floors import Crowd

Combination = tuple[str | None, ...]
"""Whose row it is (a tenant) and the values of the floor's columns in it; null is a value. A crowd is one tenant's own:
what a tenant may read must single nobody out among its own subjects (D11)."""

Rows = npt.NDArray[np.int64]
Visitors = npt.NDArray[np.uint64]
"""A number for each subject, or for the network of a visitor without one; 0 where nothing tells visitors apart."""

VISITOR_BYTES = 8
"""Bytes of a visitor's number: two of a million visitors share one with a chance of 3 in 10^8."""

COMBINATIONS_MAX = 65_536
"""Combinations counted in one window. What comes new beyond that is rare, and stays uncounted."""

VISITORS_MAX = 500_000
"""Visitors kept for all combinations of a window together, some 50 MB. Beyond that nobody is counted any more, so the
combinations that were not common by then stay rare."""

LEAST = 1_024
"""Smallest visitor numbers kept to estimate how many visitors there were, to 3 % (one standard error).

Source: Bar-Yossef et al., Counting Distinct Elements in a Data Stream (2002), algorithm 2.
"""


def number_of(name: str) -> int:
    """The number of a visitor, the same in every process, and never 0."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=VISITOR_BYTES).digest()) or 1


@dataclass(slots=True)
class Seen:
    """Combinations, each with the visitors it was seen of, up to as many as are enough.

    Adding the same again changes nothing, so what is read twice after a fault is counted once.

    Attributes:
        enough: Visitors that are kept for a combination.
        visitors: For each combination, who was seen with it.
        least: The smallest visitor numbers of all, ascending.
        kept: Visitors that are kept for all combinations together.
    """

    enough: int
    visitors: dict[Combination, set[int]] = field(default_factory=dict)
    least: Visitors = field(default_factory=lambda: np.zeros(0, np.uint64))
    kept: int = 0

    def add(self, combinations: Sequence[Combination], rows: Rows, visitors: Visitors) -> None:
        """Count rows.

        Args:
            combinations: The distinct combinations of a batch.
            rows: For each row, which of them it has.
            visitors: For each row, whose it is.
        """
        known, who = np.unique(visitors, return_inverse=True)
        self._note(known[known > 0])
        sets = [self._room_for(combination) for combination in combinations]
        wanted = np.array([len(each) < self.enough for each in sets], np.bool_)
        pairs = np.unique((rows * len(known) + who)[wanted[rows] & (visitors > 0)])
        numbers, whose = pairs // len(known), known[pairs % len(known)]
        for number, visitor in zip(numbers.tolist(), whose.tolist(), strict=True):
            self._keep(sets[number], visitor)

    def _keep(self, seen: set[int], visitor: int) -> None:
        """Keep one more visitor of a combination, if that tells anything and there is room."""
        if len(seen) < self.enough and self.kept < VISITORS_MAX and visitor not in seen:
            seen.add(visitor)
            self.kept += 1

    def _room_for(self, combination: Combination) -> set[int]:
        """Where the visitors of a combination are kept: nowhere, where there is no room for more combinations."""
        if len(self.visitors) < COMBINATIONS_MAX:
            return self.visitors.setdefault(combination, set())
        return self.visitors.get(combination, set())

    def _note(self, visitors: Visitors) -> None:
        """Keep the smallest numbers."""
        self.least = np.union1d(self.least, visitors)[:LEAST]

    def forget(self, numbers: AbstractSet[int]) -> bool:
        """Forget visitors: what they shared is counted without them. Gives whether any was there."""
        before = self.kept + len(self.least)
        for seen in self.visitors.values():
            seen.difference_update(numbers)
        self.visitors = {traits: seen for traits, seen in self.visitors.items() if seen}
        self.kept = sum(map(len, self.visitors.values()))
        self.least = self.least[~np.isin(self.least, np.array(sorted(numbers), np.uint64))]
        return self.kept + len(self.least) < before

    def merge(self, other: Self) -> None:
        """Add what another one has seen of the same window."""
        for combination, visitors in other.visitors.items():
            seen = self._room_for(combination)
            for visitor in sorted(visitors - seen):
                self._keep(seen, visitor)
        self._note(other.least)

    @property
    def subjects(self) -> int:
        """How many visitors there were, about; exact below `LEAST`."""
        if len(self.least) < LEAST:
            return len(self.least)
        return round((LEAST - 1) / (float(self.least[-1]) / 2**64))

    @property
    def crowd(self) -> Crowd:
        """How many combinations there were, and how many of them of few."""
        sizes = [len(visitors) for visitors in self.visitors.values()]
        return Crowd(len(sizes), sum(size < self.enough for size in sizes), sizes.count(1))

    def to_json(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "combinations": list(map(list, self.visitors)),
            "visitors": list(map(sorted, self.visitors.values())),
            "least": self.least.tolist(),
        }

    @classmethod
    def from_json(cls, enough: int, form: Mapping[str, Iterable[list[str | None]]]) -> Self:
        """Read what `to_json` gave."""
        pairs = zip(form["combinations"], form["visitors"], strict=True)
        visitors = {tuple(combination): set(map(int, map(str, who))) for combination, who in pairs}
        kept = sum(map(len, visitors.values()))
        return cls(enough, visitors, np.array(form["least"], np.uint64), kept)


def common(seen: Seen) -> frozenset[Combination]:
    """Find what is common enough: combinations, and for those that are not the longest beginnings that are.

    Nothing is common for two tenants together. What is too rare with all its columns is put together with its like under one column less, and so on: a beginning
    is common if enough subjects are left with nothing longer. So whatever this table lets stand was shared, in the
    very form in which it stands, by `seen.enough` subjects of its window.
    """
    found: set[Combination] = set()
    groups: Mapping[Combination, set[int]] = seen.visitors
    for length in range(max(map(len, groups), default=0), 1, -1):
        rest: defaultdict[Combination, set[int]] = defaultdict(set)
        for combination, visitors in groups.items():
            if len(visitors) >= seen.enough:
                found.add(combination)
            else:
                rest[combination[: length - 1]] |= visitors
        groups = rest
    return frozenset(found)
