"""What a policy says of functions and editions: which events belong to which function, and who has it.

A basic function is what the service is; an additional one can be declined. An edition includes functions, and a module
is a function that is subscribed to besides. An event that no function names belongs to every edition.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from remit_schemas.category import Necessity
from remit_schemas.change import Change, ChangeKind
from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, Text, Word


class Edition(Written):
    """One edition of the product.

    Attributes:
        name: Names it.
        clause: The sentence that does so.
        reason: Why it is read so.
    """

    part: ClassVar[str] = "an edition"

    name: Word
    clause: Clause
    reason: Text


class FunctionTerms(Written):
    """Who has a function, and which events belong to it.

    Attributes:
        necessity: required is a basic function, optional an additional one.
        events: Contracts that belong to it.
        editions: The editions that include it.
        module: Whether it must be subscribed to besides.
        campaign: Whether its events are taken inside a live campaign only.
        controller: Who decides what its data is for: the platform, or each tenant, for whom the platform processes it.
        clause: The sentence it rests on.
        reason: Why it is read so.
    """

    part: ClassVar[str] = "a function"

    necessity: Necessity
    events: Annotated[tuple[Word, ...], Field(min_length=1)]
    editions: tuple[Word, ...] = ()
    module: bool = False
    campaign: bool = False
    controller: Literal["platform", "tenant"] = "platform"
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        for name in ("events", "editions"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                yield (name,), f'"{name}" names one twice'
        if CONSENT_CHANGE in self.events:
            yield ("events",), "what people say of their consent belongs to every edition"
        if self.campaign and self.necessity is Necessity.REQUIRED:
            yield ("campaign",), "taking part in a campaign is never a basic function"

    def is_for(self, edition: str, modules: frozenset[str], name: str) -> bool:
        """Whether who has this edition and these modules has the function of this name."""
        return edition in self.editions and (not self.module or name in modules)


Functions = Mapping[str, FunctionTerms]
"""By name."""


def mistakes_of_functions(
    editions: Sequence[Edition], functions: Functions
) -> Iterator[tuple[Place, str]]:
    """Find what functions and editions contradict in one another."""
    names = [edition.name for edition in editions]
    known = dict.fromkeys(names)
    for number, name in enumerate(names):
        if name in names[:number]:
            yield ("editions", number), f"a second edition {name}"
    for function, terms in functions.items():
        place = ("functions", function, "editions")
        for name in terms.editions:
            if name not in names:
                yield place, f'this policy has no edition "{name}"{nearest(name, known)}'
        if not names:
            yield ("functions", function), "functions belong to editions, and this policy has none"
        elif names[-1] not in terms.editions:
            yield (
                place,
                f'the last edition, "{names[-1]}", is the widest: it includes every function',
            )


def of_event(functions: Functions, event: str) -> Functions:
    """Give the functions that an event belongs to, by name."""
    return {name: functions[name] for name in sorted(functions) if event in functions[name].events}


def looser_functions(
    before: tuple[Sequence[Edition], Functions], after: tuple[Sequence[Edition], Functions]
) -> Iterator[Change]:
    """Say where a policy version has events collected from those who did not have the function before."""

    def change(name: str, words: str) -> Change:
        return Change(ChangeKind.COLLECTED, f"functions.{name}", words)

    known = {edition.name for edition in before[0]}
    for name, old in before[1].items():
        new = after[1].get(name)
        if new is None:
            yield change(name, "had editions of its own, and is in all of them")
            continue
        yield from (
            change(name, f"edition {edition} has it, and did not")
            for edition in new.editions
            if edition in known and edition not in old.editions
        )
        if old.module and not new.module:
            yield change(name, "was a module, and need not be subscribed to")
        if old.campaign and not new.campaign:
            yield change(name, "was for live campaigns only, and is not")
        for event in sorted(set(old.events) - set(new.events)):
            if not of_event(after[1], event):
                yield change(name, f"named {event}, which every edition has now")
