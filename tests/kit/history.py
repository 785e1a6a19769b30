"""What one subject says and does, and what the lake must hold of it in the end: by the reference, slow and short.

What is known when an event is decided must not hang on where a consumer ends a flush. So a subject's statements of a
phase are taken in every way in which flushes can part them, and only a phase that comes out the same in all of them
is one that the reference can judge.

Source: DESIGN D1 and D7; policy 2021-11-01, clauses S016, S092, S116 to S118.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from kit.reference import Fact, World

DENYING = frozenset({"refused", "withdrawn", "expired"})


@dataclass(frozen=True, slots=True)
class View:
    """A page view.

    Attributes:
        number: Its own among all.
        at_ms: When it was collected.
        in_force: The policy version that it was sent under.
    """

    number: int
    at_ms: int
    in_force: str


@dataclass(frozen=True, slots=True)
class Row:
    """A stored page view: under which version, and for which optional purposes."""

    number: int
    version: str
    granted: frozenset[str]


@dataclass(frozen=True, slots=True)
class History:
    """What is on record of a subject, and what is stored of it.

    Attributes:
        facts: In the order in which they were said.
        rows: What is stored.
        refused: How many page views were not.
        is_erased: Whether all of it had to go once. After a kill that may stay due for ten minutes, for a file that the
            killed one left, and until then it takes what is stored anew: such a subject has nothing stored any more.
    """

    facts: tuple[Fact, ...] = ()
    rows: frozenset[Row] = field(default_factory=frozenset)
    refused: int = 0
    is_erased: bool = False

    def after(self, world: World, said: Sequence[Fact], views: Sequence[View]) -> "History | None":
        """Go through a phase: statements, and behind them page views.

        All moments lie on one day, since an agreement after a denial spares what was collected from the next day on.

        Returns:
            None where it hangs on the ends of flushes, or on when rows are rewritten.
        """
        ends = {_through(world, self, groups, views) for groups in _partings(tuple(said))}
        return ends.pop() if len(ends) == 1 else None


def _partings(said: tuple[Fact, ...]) -> Iterator[list[tuple[Fact, ...]]]:
    """Every way to part statements into runs, in their order."""
    if not said:
        yield []
    for end in range(1, len(said) + 1):
        for rest in _partings(said[end:]):
            yield [said[:end], *rest]


def _through(
    world: World, before: History, groups: Sequence[Sequence[Fact]], views: Sequence[View]
) -> History | None:
    """What stands after some flushes of statements and one of page views; None where a rewrite may meet new rows."""
    facts, rows = before.facts, before.rows
    lost: set[str] = set()
    is_erased = before.is_erased
    for group in groups:
        taken = {purpose for purpose in world.purposes if _takes_back(facts, group, purpose)}
        facts = (*facts, *group)
        rows = frozenset(replace(row, granted=row.granted - taken) for row in rows)
        lost |= taken
        if any(fact.status == "stated" for fact in group) and world.decide(facts, 0, "").refused:
            is_erased, rows = True, frozenset()
    verdicts = [(view.number, world.decide(facts, view.at_ms, view.in_force)) for view in views]
    stored = frozenset(
        Row(number, verdict.version, verdict.granted)
        for number, verdict in verdicts
        if verdict.refused is None
    )
    if stored and (is_erased or any(row.granted & lost for row in stored)):
        return None
    return History(facts, rows | stored, before.refused + len(views) - len(stored), is_erased)


def _takes_back(facts: Sequence[Fact], said: Sequence[Fact], purpose: str) -> bool:
    """Whether statements take back what is stored for a purpose: a denial, with an agreement before it that stood."""
    last_ms = max((fact.effect_ms for fact in said if _denies(fact, purpose)), default=None)
    denied = [fact.effect_ms for fact in facts if _denies(fact, purpose)]
    standing = [
        fact.effect_ms
        for fact in facts
        if fact.purpose == purpose
        and fact.status in {"given", "renewed"}
        and all(fact.effect_ms > effect for effect in denied)
    ]
    return last_ms is not None and bool(standing) and min(standing) <= last_ms


def _denies(fact: Fact, purpose: str) -> bool:
    return fact.purpose == purpose and fact.status in DENYING
