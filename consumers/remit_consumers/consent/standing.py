"""What is on record of subjects beside purposes: which policy versions they accepted, and who is a minor.

Everything is folded so that the order in which it is learned does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from remit_schemas.minors import AGE_BANDS, MinorTerms

Steps = tuple[tuple[int, str], ...]
"""From when on which version is the newest that somebody accepted; times in milliseconds since 1970, ascending."""


class Acceptances:
    """The policy versions that each subject accepted.

    A contract that is concluded by using a product counts as long as nothing came before it (S009); what comes after
    counts only where it was agreed to expressly (S113).
    """

    def __init__(self) -> None:
        self._concluded: dict[str, tuple[int, str]] = {}
        self._accepted: dict[str, dict[str, int]] = {}
        self._steps: dict[str, Steps] = {}
        self.versions: set[str] = set()

    def conclude(self, name: str, effect_ms: int, version: str) -> None:
        """Learn that a contract was concluded under a version."""
        self.versions.add(version)
        known = self._concluded.get(name)
        self._concluded[name] = min(known, (effect_ms, version)) if known else (effect_ms, version)
        self._steps.pop(name, None)

    def accept(self, name: str, effect_ms: int, version: str) -> None:
        """Learn that a version was agreed to expressly."""
        self.versions.add(version)
        mine = self._accepted.setdefault(name, {})
        mine[version] = min(effect_ms, mine.get(version, effect_ms))
        self._steps.pop(name, None)

    def steps(self, names: Sequence[str]) -> Steps:
        """When one subject, known by these names, began to be under which version; empty: nothing is on record."""
        if len(names) != 1:
            return self._steps_of(names)
        found = self._steps.get(names[0])
        if found is None:
            found = self._steps_of(names)
            if found:
                self._steps[names[0]] = found
        return found

    def _steps_of(self, names: Sequence[str]) -> Steps:
        said = [
            (at, version) for name in names for version, at in self._accepted.get(name, {}).items()
        ]
        first = min(
            (self._concluded[name] for name in names if name in self._concluded), default=None
        )
        if first and all(at > first[0] for at, _ in said):
            said.append(first)
        newest = ""
        steps = []
        for at, version in sorted(said):
            if version > newest:
                newest = version
                steps.append((at, version))
        return tuple(steps)

    def forget(self, names: Iterable[str]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for name in names:
            self._concluded.pop(name, None)
            self._accepted.pop(name, None)
            self._steps.pop(name, None)


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
    """The age bands of those subjects of whom one was stated. They leave this class only as `code`."""

    def __init__(self) -> None:
        self._ages: dict[str, Age] = {}

    def __len__(self) -> int:
        return len(self._ages)

    def take(
        self, name: str, effect_ms: int, said: tuple[str | None, str | None, str | None]
    ) -> None:
        """Learn what was stated: age band, jurisdiction, ground."""
        band, jurisdiction, ground = (part or "" for part in said)
        age = Age(effect_ms, -(AGE_BANDS.get(band) or 0), band, jurisdiction, ground)
        self._ages[name] = max(age, self._ages.get(name, age))

    def code(self, names: Sequence[str], terms: MinorTerms | None) -> int:
        """Say of one subject: 0 not known to be a minor, 1 a minor on a ground that counts, 2 a minor without one."""
        ages = [self._ages[name] for name in names if name in self._ages]
        if not ages:
            return 0
        age = max(ages)
        if (
            terms is None
        ):  # a policy that says nothing of minors collects nothing of anybody who may be one
            return 0 if age.age_band in {"adult", "unknown"} else 2
        if not terms.is_minor(age.age_band, age.jurisdiction):
            return 0
        return 1 if terms.allows(age.ground) else 2

    def forget(self, names: Iterable[str]) -> None:
        """Forget subjects that nobody can be tied to any more."""
        for name in names:
            self._ages.pop(name, None)
