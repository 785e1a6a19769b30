"""What subjects answered for one purpose, folded so that the order in which it was learned does not matter.

A denial holds against everything said before it; an agreement holds from when it was given, and never reaches back.
So what counts is the earliest agreement after the last denial.
"""

from collections.abc import Iterable, Sequence

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
        self._since: dict[str, dict[str, int]] = {}  # by version: one number for nearly everybody
        self._repeats: dict[
            tuple[str, str], tuple[int, ...]
        ] = {}  # of who agreed again, by version

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
            self._denied[name] = effect_ms
            for each in self._since:
                self._keep(
                    each, name, [time for time in self._given(each, name) if time > effect_ms]
                )
            return
        since = self._since.setdefault(version, {})
        if since.setdefault(name, effect_ms) != effect_ms:
            self._keep(version, name, sorted({*self._given(version, name), effect_ms}))

    def gives(self, version: str) -> bool:
        """Whether anybody agrees under a policy version."""
        return bool(self._since.get(version))

    def since(self, version: str, names: Sequence[str | None]) -> list[int]:
        """Since when each of these subjects agrees under a policy version; `FOREVER` where one does not."""
        known = self._since.get(version, {})
        return [known.get(name or "", FOREVER) for name in names]

    def since_of_one(self, version: str, names: Sequence[str], from_ms: int = NEVER) -> int:
        """Since when one subject agrees that is known by several names.

        Args:
            version: The policy version that governs.
            names: The ledger's names of the subject.
            from_ms: From when on denials are known: what was agreed to before may have been denied since.
        """
        denied = max((self._denied.get(name, NEVER) for name in names), default=NEVER)
        times = (
            time
            for name in names
            for time in self._given(version, name)
            if time > denied and time >= from_ms
        )
        return min(times, default=FOREVER)

    def given(self, name: str) -> list[int]:
        """When a subject agreed since its last denial, to whatever version, the earliest first."""
        return sorted(time for version in self._since for time in self._given(version, name))

    def forget(self, names: Iterable[str]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for name in names:
            self._denied.pop(name, None)
            for version in self._since:
                self._keep(version, name, [])

    def _given(self, version: str, name: str) -> list[int]:
        """When a subject agreed since its last denial, the earliest first."""
        first = self._since.get(version, {}).get(name)
        return [] if first is None else [first, *self._repeats.get((version, name), ())]

    def _keep(self, version: str, name: str, times: list[int]) -> None:
        """Remember when a subject agreed, the earliest first."""
        self._repeats.pop((version, name), None)
        self._since[version].pop(name, None)
        if times:
            self._since[version][name] = times[0]
        if len(times) > 1:
            self._repeats[version, name] = tuple(times[1:][1 - GIVEN_MAX :])
