"""A batch's subjects, found in the ledger once: what is asked of them afterwards is answered for every event."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from remit_consumers.consent.answers import FOREVER, Answers
from remit_consumers.consent.standing import Acceptances, Ages
from remit_schemas.minors import MinorTerms

Bits = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]

TIME_BITS = 43
"""Bits of a time in milliseconds since 1970, up to the year 2248; what lies beside it in 64 bits is a subject's place."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds of one tenant's subjects.

    Attributes:
        answers: To each purpose.
        by_guardians: Those that guardians gave, and all denials.
        acceptances: Of policy versions.
        ages: Of whom one was stated.
    """

    answers: dict[str, Answers]
    by_guardians: dict[str, Answers]
    acceptances: Acceptances
    ages: Ages

    @classmethod
    def nothing(cls) -> "Known":
        """A tenant of whose subjects nothing is on record."""
        return cls({}, {}, Acceptances(), Ages())


@dataclass(frozen=True, slots=True)
class People:
    """Distinct subjects of one tenant, one after the other.

    Attributes:
        known: What the ledger holds of this tenant's.
        names: The ledger's names of each; several for a visitor of several days, none where there is none.
        from_ms: For each, from when on denials are known; `answers.NEVER` for a subject in the vault.
    """

    known: Known
    names: Sequence[tuple[str, ...]]
    from_ms: Sequence[int]

    def each(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """Each one's names and limit."""
        return zip(self.names, self.from_ms, strict=True)


class Found:
    """A batch's subjects in the ledger."""

    def __init__(self, groups: Sequence[People], places: Codes, at_ms: Bits) -> None:
        """Hold them.

        Args:
            groups: The distinct subjects, tenant by tenant.
            places: For each event the place of its subject among all of them; behind the last where it has none.
            at_ms: For each event when it was collected, in milliseconds since 1970.
        """
        self._groups = groups
        self._places = places
        self._at = at_ms
        self._count = sum(len(group.names) for group in groups)

    def minors(self, terms: MinorTerms | None) -> Codes | None:
        """Say of each event's subject what `Ages.code` says; None where no age of anybody is on record."""
        if not any(len(group.known.ages) for group in self._groups):
            return None
        codes = np.zeros(self._count + 1, np.int64)
        for place, (group, names, _) in enumerate(self._people()):
            codes[place] = group.known.ages.code(names, terms)
        return codes[self._places]

    def accepted(self) -> tuple[Codes, tuple[str, ...]]:
        """Say for each event which version its subject had accepted when it was collected.

        Returns:
            Codes into the versions; -1 where nothing is on record.
        """
        versions = tuple(
            sorted({v for group in self._groups for v in group.known.acceptances.versions})
        )
        nobody = np.full(len(self._places), -1, np.int64)
        if not versions:
            return nobody, ()
        number = {version: code for code, version in enumerate(versions)}
        keys, codes = [], []
        for place, (group, names, _) in enumerate(self._people()):
            for at, version in group.known.acceptances.steps(names):
                keys.append((place << TIME_BITS) | max(at, 0))
                codes.append(number[version])
        if not keys:
            return nobody, versions
        known = np.array(keys, np.int64)  # ascending: places in order, and times of each
        wanted = (self._places << TIME_BITS) | np.maximum(self._at, 0)
        last = np.searchsorted(known, wanted, side="right") - 1
        is_known = (last >= 0) & (known[last] >> TIME_BITS == self._places)
        return np.where(is_known, np.array(codes, np.int64)[last], -1), versions

    def granted(
        self,
        purposes: Sequence[str],
        versions: AbstractSet[str],
        never: AbstractSet[str] = frozenset(),
        minors: Codes | None = None,
    ) -> Bits | None:
        """Say for each event which purposes its subject granted: bit n for the n-th purpose.

        Args:
            purposes: Optional ones.
            versions: Those an agreement to which counts.
            never: Purposes that are off for minors.
            minors: What `minors` gave: for a minor only what a guardian agreed to counts.

        Returns:
            None where nobody granted anything.
        """
        if not self._is_any_given(purposes, versions):
            return None
        bits: Bits = np.zeros(len(self._at), np.int64)
        is_minor = None if minors is None else minors > 0
        for number, purpose in enumerate(purposes):
            given = self._since(purpose, versions, lambda known: known.answers) <= self._at
            if is_minor is not None and is_minor.any():
                guarded = (
                    self._since(purpose, versions, lambda known: known.by_guardians) <= self._at
                )
                given = np.where(is_minor, guarded & (purpose not in never), given)
            bits |= given.astype(np.int64) << number
        return bits

    def _is_any_given(self, purposes: Sequence[str], versions: AbstractSet[str]) -> bool:
        asked = (group.known.answers.get(one) for group in self._groups for one in purposes)
        return any(each.gives(version) for each in asked if each for version in versions)

    def _since(
        self, purpose: str, versions: AbstractSet[str], of: Callable[[Known], dict[str, Answers]]
    ) -> Bits:
        """For each event, since when its subject grants a purpose."""
        since = np.full(self._count + 1, FOREVER, np.int64)
        end = 0
        for group in self._groups:
            start, end = end, end + len(group.names)
            answers = of(group.known).get(purpose)
            if answers is not None:
                since[start:end] = [
                    answers.since_of_any(versions, names, from_ms)
                    for names, from_ms in group.each()
                ]
        return since[self._places]

    def _people(self) -> Iterator[tuple[People, tuple[str, ...], int]]:
        for group in self._groups:
            for names, from_ms in group.each():
                yield group, names, from_ms
