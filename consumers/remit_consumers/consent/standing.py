"""What is on record of subjects beside purposes: which policy versions they accepted, and who is a minor.

Everything is folded so that the order in which it is learned does not matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from remit_consumers.consent.places import Column, Places, Times
from remit_schemas.minors import AGE_BANDS, MinorTerms

FOREVER = (1 << 63) - 1
"""After all time: when somebody accepted anything who did not."""

WITHOUT_GROUND = 2
"""The code of a minor whose data may not be collected."""

Steps = tuple[tuple[int, str], ...]
"""From when on which version is the newest that somebody accepted; times in milliseconds since 1970, ascending."""


class Acceptances:
    """The policy versions that each subject accepted, by place.

    A contract that is concluded by using a product counts as long as nothing came before it (S009); what comes after
    counts only where it was agreed to expressly (S113).

    Attributes:
        versions: All that anybody accepted, in the order in which they were heard of.
        since: When each subject accepted its first; `FOREVER` where nothing is on record.
        first: Which that was: its number among the versions.
        several: Those whose record is longer than one step.
    """

    def __init__(self) -> None:
        self.versions: list[str] = []
        self.since = Column(FOREVER)
        self.first = Column(-1)
        self.several: dict[int, Steps] = {}
        self._concluded: dict[int, tuple[int, str]] = {}
        self._accepted: dict[int, dict[str, int]] = {}  # of those with more than one

    def conclude(self, place: int, effect_ms: int, version: str) -> None:
        """Learn that a contract was concluded under a version."""
        mine = self._expressly(place)
        known = self._concluded.get(place)
        self._concluded[place] = min(known, (effect_ms, version)) if known else (effect_ms, version)
        self._refold(place, mine)

    def accept(self, place: int, effect_ms: int, version: str) -> None:
        """Learn that a version was agreed to expressly."""
        mine = self._expressly(place)
        if mine.get(version, FOREVER) <= effect_ms:
            return
        mine[version] = effect_ms
        self._refold(place, mine)

    def begin(self, places: Places, effects: Times, version: str) -> npt.NDArray[np.bool_]:
        """Learn that subjects agreed expressly to a version, each place once; says of whom that tells all or nothing new."""
        number = self._number(version)
        since = self.since.at(places)
        is_first = since == FOREVER
        is_known = (self.first.at(places) == number) & (since <= effects)
        if self._concluded or self._accepted:
            apart = (one in self._concluded or one in self._accepted for one in places.tolist())
            is_known &= ~np.fromiter(apart, bool, len(places))
        self.since.put(places[is_first], effects[is_first])
        self.first.put(places[is_first], np.full(int(is_first.sum()), number))
        is_told: npt.NDArray[np.bool_] = is_first | is_known
        return is_told

    def steps(self, places: Sequence[int]) -> Steps:
        """When one subject, known by the names at these places, began to be under which version."""
        known = [place for place in places if place >= 0 and self.since[place] != FOREVER]
        if len(known) == 1:
            return self._steps_at(known[0])
        said = [(at, version) for place in known for version, at in self._expressly(place).items()]
        used = [self._concluded[place] for place in known if place in self._concluded]
        return _folded(said, min(used, default=None))

    def parts(self) -> tuple[dict[str, object], dict[str, Times]]:
        """What there is to remember: a few texts and numbers, and arrays."""
        few = {
            "versions": self.versions,
            "several": [[place, *map(list, steps)] for place, steps in self.several.items()],
            "concluded": [[place, *said] for place, said in self._concluded.items()],
            "accepted": [[place, said] for place, said in self._accepted.items()],
        }
        return few, {"since": self.since.values, "first": self.first.values}

    @classmethod
    def of_parts(cls, few: Mapping[str, Any], columns: Mapping[str, Column]) -> Self:
        """Make one of what `parts` gave."""
        made = cls()
        made.versions = list(few["versions"])
        made.since, made.first = columns["since"], columns["first"]
        made.several = {place: tuple(map(tuple, steps)) for place, *steps in few["several"]}
        made._concluded = {place: (at, v) for place, at, v in few["concluded"]}
        made._accepted = {place: dict(said) for place, said in few["accepted"]}
        return made

    def forget(self, places: Iterable[int]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for place in places:
            self._concluded.pop(place, None)
            self._accepted.pop(place, None)
            self.several.pop(place, None)
            self.since[place] = FOREVER

    def _expressly(self, place: int) -> dict[str, int]:
        """What one subject agreed to expressly; written down apart only where it is more than one version."""
        if place in self._accepted:
            return self._accepted[place]
        if place in self._concluded or self.since[place] == FOREVER:
            return {}
        return {self.versions[self.first[place]]: self.since[place]}

    def _refold(self, place: int, expressly: dict[str, int]) -> None:
        """Bring a subject's steps up to date."""
        if len(expressly) > 1 or (expressly and place in self._concluded):
            self._accepted[place] = expressly
        steps = _folded([(at, v) for v, at in expressly.items()], self._concluded.get(place))
        at, version = steps[0]
        self.since[place], self.first[place] = at, self._number(version)
        for _, later in steps:
            self._number(later)
        if len(steps) > 1:
            self.several[place] = steps
        else:
            self.several.pop(place, None)

    def _steps_at(self, place: int) -> Steps:
        only = ((self.since[place], self.versions[self.first[place]]),)
        return self.several.get(place, only)

    def _number(self, version: str) -> int:
        if version not in self.versions:
            self.versions.append(version)
        return self.versions.index(version)


def _folded(expressly: list[tuple[int, str]], used: tuple[int, str] | None) -> Steps:
    """The newest version accepted, from when on which; what is used first counts where nothing came before it."""
    said = list(expressly)
    if used and all(at > used[0] for at, _ in expressly):
        said.append(used)
    newest, steps = "", []
    for at, version in sorted(said):
        if version > newest:
            newest = version
            steps.append((at, version))
    return tuple(steps)


@dataclass(frozen=True, slots=True, order=True)
class Age:
    """What was stated of a subject; of two statements the later holds, and of two at one time the stricter.

    Attributes:
        effect_ms: When it was stated, in milliseconds since 1970.
        strictness: The younger, the stricter.
        age_band: One of `AGE_BANDS`.
        jurisdiction: ISO 3166-1 alpha-2; empty where it is not known.
        ground: On which a minor's data may be collected; empty where there is none.
    """

    effect_ms: int
    strictness: int
    age_band: str
    jurisdiction: str
    ground: str


class Ages:
    """The age bands of those subjects of whom one was stated, by place. They leave this class only as `code`.

    Attributes:
        stated: 1 where one was stated of a subject.
    """

    def __init__(self) -> None:
        self._ages: dict[int, Age] = {}
        self.stated = Column(0)

    def __len__(self) -> int:
        return len(self._ages)

    def take(
        self, place: int, effect_ms: int, said: tuple[str | None, str | None, str | None]
    ) -> None:
        """Learn what was stated: age band, jurisdiction, ground."""
        band, jurisdiction, ground = (part or "" for part in said)
        age = Age(effect_ms, -(AGE_BANDS.get(band) or 0), band, jurisdiction, ground)
        self._ages[place] = max(age, self._ages.get(place, age))
        self.stated[place] = 1

    def code(self, places: Sequence[int], terms: MinorTerms | None) -> int:
        """Say of one subject: 0 not known to be a minor, 1 a minor on a ground that counts, 2 a minor without one."""
        ages = [self._ages[place] for place in places if place in self._ages]
        if not ages:
            return 0
        age = max(ages)
        if (
            terms is None
        ):  # a policy that says nothing of minors collects nothing of anybody who may be one
            return 0 if age.age_band in {"adult", "unknown"} else WITHOUT_GROUND
        if not terms.is_minor(age.age_band, age.jurisdiction):
            return 0
        return 1 if terms.allows(age.ground) else WITHOUT_GROUND

    def all(self) -> Iterable[tuple[int, Age]]:
        """What there is to remember."""
        return self._ages.items()

    def forget(self, places: Iterable[int]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for place in places:
            if self._ages.pop(place, None):
                self.stated[place] = 0
