"""What subjects answered for one purpose, folded so that the order in which it was learned does not matter.

A denial holds against everything said before it; an agreement holds from when it was given, and never reaches back.
So what counts is the earliest agreement after the last denial.
"""

from collections.abc import Sequence

NEVER = -(1 << 63)
"""Before all time, in milliseconds since 1970."""

FOREVER = (1 << 63) - 1
"""After all time: since when somebody agrees who does not."""

GIVEN_MAX = 32
"""Agreements remembered for one subject, purpose and version. More are only repeats; dropped are those in the middle,
so that a denial which arrives late can only let begin later what begins."""


class Answers:
    """The answers to one purpose, by the ledger's name of a subject. Times are milliseconds since 1970."""

    def __init__(self) -> None:
        self._denied: dict[str, int] = {}
        self._given: dict[str, dict[str, tuple[int, ...]]] = {}

    def take(self, name: str, effect_ms: int, version: str | None) -> None:
        """Learn one answer; of an agreement and a denial at the same time the denial holds.

        Args:
            name: The ledger's name of the subject.
            effect_ms: When it was said.
            version: The policy version that was agreed to; None for a denial, which holds for all versions.
        """
        if effect_ms <= self._denied.get(name, NEVER):
            return
        if version is None:
            self._deny(name, effect_ms)
            return
        given = self._given.setdefault(version, {})
        times = sorted({*given.get(name, ()), effect_ms})
        given[name] = (times[0], *times[1:][1 - GIVEN_MAX :])

    def gives(self, version: str) -> bool:
        """Whether anybody agrees under a policy version."""
        return bool(self._given.get(version))

    def since(self, version: str, names: Sequence[str | None]) -> list[int]:
        """Since when each of these subjects agrees under a policy version; `FOREVER` where one does not."""
        given = self._given.get(version, {})
        return [given[name][0] if name and name in given else FOREVER for name in names]

    def since_of_one(self, version: str, names: Sequence[str]) -> int:
        """Since when one subject agrees that is known by several names."""
        given = self._given.get(version, {})
        denied = max((self._denied.get(name, NEVER) for name in names), default=NEVER)
        times = (time for name in names for time in given.get(name, ()) if time > denied)
        return min(times, default=FOREVER)

    def forget(self, names: Sequence[str]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for name in names:
            self._denied.pop(name, None)
            for given in self._given.values():
                given.pop(name, None)

    def _deny(self, name: str, effect_ms: int) -> None:
        """Take away every agreement up to a denial."""
        self._denied[name] = effect_ms
        for given in self._given.values():
            if left := tuple(time for time in given.pop(name, ()) if time > effect_ms):
                given[name] = left
