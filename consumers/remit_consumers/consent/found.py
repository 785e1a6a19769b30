"""A batch's subjects, found in the ledger once: what is asked of them afterwards is answered for every event."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from remit_consumers.consent.answers import FOREVER, Answers
from remit_consumers.consent.names import Index
from remit_consumers.consent.places import Places, Times
from remit_consumers.consent.standing import Acceptances, Ages
from remit_schemas.minors import MinorTerms

Codes = npt.NDArray[np.int64]

TIME_BITS = 43
"""Bits of a time in milliseconds since 1970, up to the year 2248; what lies beside it in 64 bits is a subject's number."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds of one tenant's subjects.

    Attributes:
        index: Where each name stands.
        answers: To each purpose.
        by_guardians: Those that guardians gave, and all denials.
        acceptances: Of policy versions.
        ages: Of whom one was stated.
    """

    index: Index = field(default_factory=Index)
    answers: dict[str, Answers] = field(default_factory=dict)
    by_guardians: dict[str, Answers] = field(default_factory=dict)
    acceptances: Acceptances = field(default_factory=Acceptances)
    ages: Ages = field(default_factory=Ages)


@dataclass(frozen=True, slots=True)
class People:
    """Distinct subjects of one tenant, one after the other.

    Attributes:
        known: What the ledger holds of this tenant's.
        places: Where their names stand.
        from_ms: For each, from when on denials are known; `answers.NEVER` for a subject in the vault.
    """

    known: Known
    places: Places
    from_ms: Times


class Found:
    """A batch's subjects in the ledger."""

    def __init__(self, groups: Sequence[People], numbers: Codes, at_ms: Times) -> None:
        """Hold them.

        Args:
            groups: The distinct subjects, tenant by tenant.
            numbers: For each event the number of its subject among all of them; behind the last where it has none.
            at_ms: For each event when it was collected, in milliseconds since 1970.
        """
        self._groups = groups
        self._numbers = numbers
        self._at = at_ms
        self._count = sum(len(group.places) for group in groups)

    def minors(self, terms: MinorTerms | None) -> Codes | None:
        """Say of each event's subject what `Ages.code` says; None where no age of anybody is on record."""
        if not any(len(group.known.ages) for group in self._groups):
            return None

        def of(group: People) -> Codes:
            ages, codes = group.known.ages, np.zeros(len(group.places), np.int64)
            for n in np.flatnonzero(ages.stated.at(group.places).any(axis=1)).tolist():
                codes[n] = ages.code(group.places[n].tolist(), terms)
            return codes

        return self._of_each(of, 0)

    def accepted(self) -> tuple[Codes, tuple[str, ...]]:
        """Say for each event which version its subject had accepted when it was collected.

        Returns:
            Codes into the versions; -1 where nothing is on record.
        """
        groups = [group.known.acceptances for group in self._groups]
        versions = tuple(dict.fromkeys(version for each in groups for version in each.versions))
        if not versions:
            return np.full(len(self._at), -1, np.int64), ()
        number = {version: code for code, version in enumerate(versions)}

        def first(group: People) -> Codes:
            mine = np.array([number[one] for one in group.known.acceptances.versions] + [-1])
            codes: Codes = mine[group.known.acceptances.first.at(group.places[:, 0])]
            return codes

        def since(group: People) -> Times:
            return group.known.acceptances.since.at(group.places[:, 0])

        is_since = self._of_each(since, FOREVER) <= self._at
        codes = np.where(is_since, self._of_each(first, -1), -1)
        return self._with_several(codes, number), versions

    def granted(
        self,
        purposes: Sequence[str],
        versions: AbstractSet[str],
        never: AbstractSet[str] = frozenset(),
        minors: Codes | None = None,
    ) -> Codes | None:
        """Say for each event which purposes its subject granted: bit n for the n-th purpose.

        Args:
            purposes: Optional ones.
            versions: Those an agreement to which counts.
            never: Purposes that are off for minors.
            minors: What `minors` gave: for a minor only what a guardian agreed to counts.

        Returns:
            None where nobody granted anything.
        """
        asked = (group.known.answers.get(one) for group in self._groups for one in purposes)
        if not any(each.gives(versions) for each in asked if each):
            return None
        bits: Codes = np.zeros(len(self._at), np.int64)
        is_minor = None if minors is None or not minors.any() else minors > 0
        for number, purpose in enumerate(purposes):
            given = self._since(purpose, versions, lambda known: known.answers) <= self._at
            if is_minor is not None:
                by_guardian = self._since(purpose, versions, lambda known: known.by_guardians)
                guarded = (by_guardian <= self._at) & (purpose not in never)
                given = np.where(is_minor, guarded, given)
            bits |= given.astype(np.int64) << number
        return bits

    def _since(
        self,
        purpose: str,
        versions: AbstractSet[str],
        answers_of: Callable[[Known], dict[str, Answers]],
    ) -> Times:
        """For each event, since when its subject grants a purpose."""

        def of(group: People) -> Times:
            answers = answers_of(group.known).get(purpose)
            if answers is None or not answers.gives(versions):
                return np.full(len(group.places), FOREVER, np.int64)
            return answers.since(versions, group.places, group.from_ms)

        return self._of_each(of, FOREVER)

    def _of_each(self, of: Callable[[People], Codes], nobody: int) -> Codes:
        """Spread what is said of the distinct subjects over the events."""
        said = np.concatenate([*(of(group) for group in self._groups), np.full(1, nobody)])
        spread: Codes = said[self._numbers]
        return spread

    def _with_several(self, codes: Codes, number: dict[str, int]) -> Codes:
        """Correct the codes of those few whose record is longer than one step, or who have several names."""
        keys, values, end = [], [], 0
        for group in self._groups:
            start, end = end, end + len(group.places)
            acceptances = group.known.acceptances
            has_several = np.isin(group.places[:, 0], [*acceptances.several])
            if group.places.shape[1] > 1:
                has_several |= (group.places[:, 1:] >= 0).any(axis=1)
            for n in np.flatnonzero(has_several).tolist():
                for at, version in acceptances.steps(group.places[n].tolist()):
                    keys.append((start + n << TIME_BITS) | max(at, 0))
                    values.append(number[version])
        if not keys:
            return codes
        known, of = np.array(keys, np.int64), np.array(values, np.int64)  # keys ascend
        wanted = (self._numbers << TIME_BITS) | np.maximum(self._at, 0)
        last = np.searchsorted(known, wanted, side="right") - 1
        is_known = (last >= 0) & (known[last] >> TIME_BITS == self._numbers)
        is_asked = np.isin(self._numbers, np.unique(known >> TIME_BITS))
        return np.where(is_asked, np.where(is_known, of[last], -1), codes)
