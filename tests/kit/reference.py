"""The ledger's rules as a lawyer would write them down: slow, short, and without a line of the product's.

Source: DESIGN D1 and D7; policy 2021-11-01, clauses S009, S016, S089, S092, S113, S116, S117.
"""

from collections.abc import Sequence
from dataclasses import dataclass

YOUNGEST = {"under_13": 0, "13": 13, "14": 14, "15": 15, "16_17": 16, "18_20": 18, "adult": 21}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is on record of a subject."""

    effect_ms: int
    status: str
    purpose: str | None = None
    version: str | None = None
    by_guardian: bool = False
    age_band: str | None = None
    ground: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an event: why it is refused, or under which version it is stored, and for which purposes."""

    refused: str | None
    version: str = ""
    granted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """What two versions of a policy say: the newer one widens the older one.

    Attributes:
        versions: The older and the newer one.
        purposes: The optional ones.
        never: Those that are off for minors.
        adult_from: Years.
        grounds: On which a minor's data may be collected.
    """

    versions: tuple[str, str]
    purposes: tuple[str, ...]
    never: frozenset[str]
    adult_from: int
    grounds: frozenset[str]

    def decide(self, facts: Sequence[Fact], at_ms: int, in_force: str) -> Verdict:
        """Decide one event of a subject of whom these facts are known when it is committed."""
        is_minor, has_ground = self._minor(facts)
        if is_minor and not has_ground:
            return Verdict("minor_without_ground")
        version = self._governing(facts, at_ms, in_force)
        older, newer = self.versions
        counting = {older, newer} if version == older else {newer}
        granted = {
            purpose
            for purpose in self.purposes
            if _agreed(facts, purpose, counting, at_ms, only_guardians=is_minor)
            and not (is_minor and purpose in self.never)
        }
        return Verdict(None, version, frozenset(granted))

    def _minor(self, facts: Sequence[Fact]) -> tuple[bool, bool]:
        stated = [fact for fact in facts if fact.status == "stated"]
        if not stated:
            return False, False
        last = max(fact.effect_ms for fact in stated)
        said = [fact for fact in stated if fact.effect_ms == last]
        youngest = min(YOUNGEST.get(fact.age_band or "", 99) for fact in said)
        grounds = {
            fact.ground or "" for fact in said if YOUNGEST.get(fact.age_band or "", 99) == youngest
        }
        return youngest < self.adult_from, max(grounds) in self.grounds

    def _governing(self, facts: Sequence[Fact], at_ms: int, in_force: str) -> str:
        express = [
            (fact.effect_ms, fact.version or "")
            for fact in facts
            if fact.status == "accepted" or (fact.status in {"given", "renewed"} and fact.purpose)
        ]
        used = sorted(
            (fact.effect_ms, fact.version or "") for fact in facts if fact.status == "concluded"
        )
        counts = [version for effect, version in express if effect <= at_ms]
        if used and used[0][0] <= at_ms and all(effect > used[0][0] for effect, _ in express):
            counts.append(used[0][1])
        return min(in_force, max(counts)) if counts else in_force


def _agreed(
    facts: Sequence[Fact], purpose: str, versions: set[str], at_ms: int, *, only_guardians: bool
) -> bool:
    """Whether somebody had agreed to a purpose and nothing denied it since, whenever that was learned."""
    about = [fact for fact in facts if fact.purpose == purpose]
    denied = [
        fact.effect_ms for fact in about if fact.status not in {"given", "renewed", "requested"}
    ]
    return any(
        fact.status in {"given", "renewed"}
        and fact.version in versions
        and fact.effect_ms <= at_ms
        and (fact.by_guardian or not only_guardians)
        and all(fact.effect_ms > effect for effect in denied)
        for fact in about
    )
