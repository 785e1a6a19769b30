"""What subjects answered for one purpose, folded so that the order in which it was learned does not matter.

A denial holds against everything said before it; an agreement holds from when it was given, and never reaches back.
So what counts is the earliest agreement after the last denial.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from remit_consumers.consent.places import Column, Places, Times

NEVER = -(1 << 63)
"""Before all time, in milliseconds since 1970."""

FOREVER = (1 << 63) - 1
"""After all time: since when somebody agrees who does not."""

GIVEN_MAX = 32
"""Agreements remembered for one subject, purpose and version. More are only repeats; dropped are those in the middle,
so that a denial which arrives late can only let begin later what begins."""


class Answers:
    """The answers to one purpose, by place. Times are milliseconds since 1970.

    Attributes:
        given: How many agreements hold, by version: one is enough for anybody to be asked about.
    """

    def __init__(self) -> None:
        self._denied = Column(NEVER)
        self._since: dict[str, Column] = {}  # by version: one number for nearly everybody
        self._repeats: dict[
            tuple[str, int], tuple[int, ...]
        ] = {}  # of who agreed again, by version
        self.given: dict[str, int] = {}

    def take(self, place: int, effect_ms: int, version: str | None) -> None:
        """Learn one answer; of an agreement and a denial at the same time the denial holds.

        Args:
            place: Of the subject's name.
            effect_ms: When it was said.
            version: The policy version that was agreed to; None for a denial, which holds for all versions.
        """
        if effect_ms <= self._denied[place]:
            return
        if version is None:
            self._denied[place] = effect_ms
            for each in self._since:
                self._keep(each, place, [t for t in self._given(each, place) if t > effect_ms])
            return
        before = self._since[version][place] if version in self._since else FOREVER
        if before == FOREVER:
            self._keep(version, place, [effect_ms])
        elif before != effect_ms:
            self._keep(version, place, sorted({*self._given(version, place), effect_ms}))

    def begin(self, places: Places, effects: Times, version: str) -> npt.NDArray[np.bool_]:
        """Learn the first agreements of subjects to a version, each place once; says of which nothing was in the way."""
        since = self._since.setdefault(version, Column(FOREVER))
        is_first: npt.NDArray[np.bool_] = (since.at(places) == FOREVER) & (
            effects > self._denied.at(places)
        )
        since.put(places[is_first], effects[is_first])
        self.given[version] = self.given.get(version, 0) + int(is_first.sum())
        return is_first

    def gives(self, versions: AbstractSet[str]) -> bool:
        """Whether anybody agrees under any of some policy versions."""
        return any(self.given.get(version) for version in versions)

    def since(self, versions: AbstractSet[str], places: Places, from_ms: Times) -> Times:
        """Since when each of some subjects agrees under any of some versions; `FOREVER` where one does not.

        Args:
            versions: Those an agreement to which counts.
            places: Of their names.
            from_ms: For each, from when on denials are known: what was agreed to before may have been denied since.
        """
        found = np.full(len(places), FOREVER, np.int64)
        denied = self._denied.at(places).max(axis=1)
        for version in versions:
            if not self.given.get(version):
                continue
            since = self._since[version].at(places)
            holds = (since > denied[:, None]) & (since >= from_ms[:, None])
            first = np.where(holds, since, FOREVER).min(axis=1)
            for n in np.flatnonzero((~holds & (since != FOREVER)).any(axis=1)).tolist():
                first[n] = self._first(version, places[n].tolist(), int(denied[n]), int(from_ms[n]))
            found = np.minimum(found, first)
        return found

    def forget(self, places: Iterable[int]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for place in places:
            self._denied[place] = NEVER
            for version in self._since:
                self._keep(version, place, [])

    def parts(self) -> tuple[dict[str, object], dict[str, Times]]:
        """What there is to remember: a few texts and numbers, and arrays."""
        repeats = [[*key, list(times)] for key, times in self._repeats.items()]
        versions = list(self._since)
        few: dict[str, object] = {"versions": versions, "given": self.given, "repeats": repeats}
        since = {f"since/{n}": self._since[one].values for n, one in enumerate(versions)}
        return few, {"denied": self._denied.values} | since

    @classmethod
    def of_parts(cls, few: Mapping[str, Any], columns: Mapping[str, Column]) -> Self:
        """Make one of what `parts` gave."""
        answers = cls()
        answers._denied = columns["denied"]
        answers._since = {v: columns[f"since/{n}"] for n, v in enumerate(few["versions"])}
        answers._repeats = {(v, place): tuple(times) for v, place, times in few["repeats"]}
        answers.given = dict(few["given"])
        return answers

    def _first(self, version: str, places: list[int], denied: int, from_ms: int) -> int:
        """Since when one agrees whose first agreement does not count: a later one may."""
        times = (
            time
            for place in places
            for time in self._given(version, place)
            if time > denied and time >= from_ms
        )
        return min(times, default=FOREVER)

    def agreed(self, place: int) -> list[int]:
        """When a subject agreed since its last denial, to whatever version, the earliest first."""
        return sorted(time for version in self._since for time in self._given(version, place))

    def _given(self, version: str, place: int) -> list[int]:
        """When a subject agreed since its last denial, the earliest first."""
        first = FOREVER if place < 0 else self._since[version][place]
        return [] if first == FOREVER else [first, *self._repeats.get((version, place), ())]

    def _keep(self, version: str, place: int, times: list[int]) -> None:
        """Remember when a subject agreed, the earliest first."""
        since = self._since.setdefault(version, Column(FOREVER))
        was, now = since[place], times[0] if times else FOREVER
        self._repeats.pop((version, place), None)
        if was != now:
            since[place] = now
        if (was == FOREVER) != (now == FOREVER):
            self.given[version] = self.given.get(version, 0) + (1 if was == FOREVER else -1)
        if len(times) > 1:
            self._repeats[version, place] = tuple(times[1:][1 - GIVEN_MAX :])
