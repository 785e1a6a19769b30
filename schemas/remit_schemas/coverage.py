"""Coverage: for every sentence of a policy's text the rule that keeps it, the tests that prove it, where it shows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydantic import JsonValue

from remit_schemas.clauses import Clauses, Kind, Later, Part
from remit_schemas.contract import Contracts
from remit_schemas.errors import PolicyError
from remit_schemas.evidence import SECTIONS, evidence_of
from remit_schemas.plan import (
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import Policy, cited
from remit_schemas.policy_file import Place

Tests = Mapping[str, Sequence[str]]
"""Names of tests by the clause that they prove."""


class Status(StrEnum):
    """How a sentence is accounted for; the worst first."""

    OPEN = "open"
    LATER = "later"
    COVERED = "covered"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence, or a part of one.

    Attributes:
        clause: As a rule cites it.
        kinds: What it is about.
        summary: What it says, in our own words.
        status: How it is accounted for; of a sentence with parts, the worst of theirs.
        later: What it waits for; None where it waits for nothing.
        rules: What in the policy rests on it; of a sentence with parts, also what rests on those. The same goes for the rest.
        tests: What proves it.
        metrics: Where it shows.
    """

    clause: str
    kinds: tuple[Kind, ...]
    summary: str
    status: Status
    later: Later | None
    rules: tuple[str, ...]
    tests: tuple[str, ...]
    metrics: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `--json` prints for it; where it waits, that stands as its rule."""
        waits = [f"later: {self.later}"] if self.later else []
        return {
            "sentence": self.clause,
            "kind": ",".join(self.kinds),
            "status": self.status,
            "summary": self.summary,
            "rule": [*waits, *self.rules],
            "test": list(self.tests),
            "metric": list(self.metrics),
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is accounted for of a policy's text.

    Attributes:
        rows: Every sentence in the order of the text, each followed by its parts.
        problems: What is not accounted for, a line each; empty means that everything is.
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...]

    @property
    def sentences(self) -> tuple[Row, ...]:
        """The rows of whole sentences."""
        return tuple(row for row in self.rows if len(row.clause) == len("S001"))

    @property
    def waiting(self) -> Mapping[str, tuple[str, ...]]:
        """For each later work, the clauses that wait for it; a sentence with parts stands there by its parts."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        whole = {row.clause[: len("S001")] for row in self.rows if len(row.clause) > len("S001")}
        for row in self.rows:
            if row.later and row.clause not in whole:
                found[row.later].append(row.clause)
        return MappingProxyType({work: tuple(clauses) for work, clauses in sorted(found.items())})

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `remit policy coverage --json` prints."""
        counts = {status: sum(row.status is status for row in self.sentences) for status in Status}
        summary: dict[str, JsonValue] = {
            "sentences": len(self.sentences),
            "accounted_for": len(self.sentences) - counts[Status.OPEN],
            **{str(status): count for status, count in counts.items()},
            "waiting": {work: list(clauses) for work, clauses in self.waiting.items()},
        }
        return {
            "sentences": [row.to_json() for row in self.rows],
            "problems": list(self.problems),
            "summary": summary,
        }


@dataclass(frozen=True, slots=True)
class _Cited:
    """What rests on one clause, and where that shows."""

    rules: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


def coverage(policy: Policy, clauses: Clauses, contracts: Contracts, tests: Tests) -> Coverage:
    """Hold a policy against the sentences of its text, its contracts and the tests that prove it."""
    resting = _resting(policy, contracts)
    rows: list[Row] = []
    for name, sentence in clauses.sentences.items():
        parts = [
            _row(f"{name}{letter}", part, resting, tests) for letter, part in sentence.parts.items()
        ]
        whole = _row(name, sentence, resting, tests)
        rows += [_with_parts(whole, parts) if parts else whole, *parts]
    problems = [
        *_undecided(policy, contracts),
        *(f"{clause} is named by a test, and is not in the register" for clause in tests if not clauses.has(clause)),
        *_unshown(policy),
        *_open(rows, clauses),
    ]  # fmt: skip
    return Coverage(tuple(rows), tuple(problems))


def _resting(policy: Policy, contracts: Contracts) -> Mapping[str, _Cited]:
    """For each clause, what of the policy rests on it."""
    found: dict[str, _Cited] = {}
    for place, clause in cited(policy):
        before = found.get(clause, _Cited())
        rules = (*before.rules, _name_of(policy, place))
        metrics = (*before.metrics, *evidence_of(policy, place, contracts))
        found[clause] = _Cited(_distinct(rules), _distinct(metrics))
    return found


def _name_of(policy: Policy, place: Place) -> str:
    """What stands at a place of a policy, in a word or two: `rules: page_view.ip`."""
    section = str(place[0])
    part = getattr(policy, section)
    if isinstance(part, tuple):
        one = part[int(place[1])]
        names = ("subject_matter", "event", "name")
        what = next(getattr(one, name) for name in names if hasattr(one, name))
    elif isinstance(part, Mapping):
        what = str(place[1])
    else:
        return section
    return f"{section}: {what}"


def _row(clause: str, part: Part, resting: Mapping[str, _Cited], tests: Tests) -> Row:
    """Account for one clause by itself."""
    found, proofs = resting.get(clause, _Cited()), tuple(tests.get(clause, ()))
    status = Status.COVERED if found.rules and proofs and found.metrics else Status.OPEN
    if part.later:
        status = Status.LATER
    if part.is_information:
        status = Status.INFORMATION
    return Row(
        clause=clause,
        kinds=part.kinds,
        summary=part.summary,
        status=status,
        later=part.later,
        rules=found.rules,
        tests=proofs,
        metrics=found.metrics,
    )


def _with_parts(whole: Row, parts: Sequence[Row]) -> Row:
    """A sentence as its parts account for it."""
    every = [whole, *parts]
    return Row(
        clause=whole.clause,
        kinds=whole.kinds,
        summary=whole.summary,
        status=min((row.status for row in parts), key=list(Status).index),
        later=next((row.later for row in every if row.later), None),
        rules=_distinct(name for row in every for name in row.rules),
        tests=_distinct(name for row in every for name in row.tests),
        metrics=_distinct(name for row in every for name in row.metrics),
    )


def _distinct(names: Sequence[str] | Iterator[str]) -> tuple[str, ...]:
    """Each name once, in the order in which they came."""
    return tuple(dict.fromkeys(names))


def _undecided(policy: Policy, contracts: Contracts) -> Iterator[str]:
    """Find fields that can be emitted and rest on no sentence."""
    for name in contracts.names:
        try:
            plan = compile(contracts.by_name(name), policy)
        except PolicyError as error:
            yield str(error)
            continue
        for field in plan.fields.values():
            if field.clause is None and not field.is_prohibited:
                yield f"{name}.{field.field} has no clause: no rule names it"


def _unshown(policy: Policy) -> Iterator[str]:
    """Find sections that rest on sentences and show nowhere."""
    for section in sorted({str(place[0]) for place, _ in cited(policy)} - SECTIONS.keys()):
        yield f"the section {section} shows nowhere: remit_schemas.evidence names no metric for it"


def _open(rows: Sequence[Row], clauses: Clauses) -> Iterator[str]:
    """Say of each clause that states a rule what it lacks."""
    for row in rows:
        if row.status is not Status.OPEN or getattr(clauses.sentences.get(row.clause), "parts", {}):
            continue
        wants = {"rule": row.rules, "test": row.tests, "metric": row.metrics}
        if row.rules:
            lacking = " and ".join(f"no {name}" for name, found in wants.items() if not found)
        else:
            lacking = "no rule"
        yield f"{row.clause} has {lacking}: {row.summary}"
