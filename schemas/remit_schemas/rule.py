"""One rule of a policy, and the terms it stands on."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
)

from remit_schemas.category import CATEGORIES, Basis, Necessity
from remit_schemas.clauses import CLAUSE, Sha256
from remit_schemas.errors import PolicyError
from remit_schemas.parameters import complete
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.specs import SPECS

HOURS = {"hour": 1, "day": 24}
"""Units of a duration, in hours; months and years are left out because their lengths differ."""

_DURATION = re.compile(r"([1-9]\d{0,5}) (hour|day)s?")


def duration_text(duration: timedelta) -> str:
    """Write a duration as a policy does: `30 days`."""
    hours = round(duration / timedelta(hours=1))
    unit = "hour" if hours % HOURS["day"] else "day"
    number = hours // HOURS[unit]
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _duration(written: object) -> timedelta:
    """Read a duration."""
    if isinstance(written, timedelta):
        return written
    match = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError('must be a number of hours or days, such as "30 days"')
    return timedelta(hours=int(match[1]) * HOURS[match[2]])


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Clause = Annotated[str, StringConstraints(pattern=CLAUSE)]
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text)]
Parameters = Mapping[str, JsonValue]


class PolicyDocument(Written):
    """The text that the policy is taken from; it is not repeated here.

    Attributes:
        sha256: Of the file's bytes.
        sentences: How many it has.
    """

    part: ClassVar[str] = "the document"

    sha256: Sha256
    sentences: Annotated[int, Field(gt=0, strict=True)]


class PurposeTerms(Written):
    """On which terms data may be used for a purpose.

    Attributes:
        necessity: Whether the function can be had without the data.
        basis: The legal ground.
        clause: The sentence that names the purpose.
        reason: Why it is read so.
    """

    part: ClassVar[str] = "a purpose"

    necessity: Necessity
    basis: Basis
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.basis is Basis.CONSENT and self.necessity is Necessity.REQUIRED:
            yield ("basis",), "a required purpose cannot rest on consent"
        if self.basis is not Basis.CONSENT and self.necessity is Necessity.OPTIONAL:
            yield ("basis",), "an optional purpose can only rest on consent"


class Prohibition(Written):
    """Why a category, with everything below it, is refused at the call site.

    Attributes:
        clause: The sentence that the prohibition follows from.
        reason: Why.
    """

    part: ClassVar[str] = "a prohibition"

    clause: Clause
    reason: Text


class PseudonymTerms(Written):
    """How long a subject is called by one pseudonym.

    Attributes:
        rotate_every: Whole days, counted from 1970-01-01, after which every subject is called by another.
        clause: The sentence that it follows from.
        reason: Why so many.
    """

    part: ClassVar[str] = "the pseudonyms"

    rotate_every: Duration
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.rotate_every % timedelta(days=1):
            yield ("rotate_every",), "must be whole days, because rows know their day"

    @property
    def rotate_days(self) -> int:
        """The days as a number."""
        return self.rotate_every.days


class Rule(Written):
    """What may be done with one field, or with every field of one category, of an event.

    Attributes:
        event: Name of the contract.
        category: Exactly this category, not those below it.
        field: One field; beats a rule for its category.
        keep: Stored as it came.
        reduce: One reducer with its parameters.
        refuse: Never stored.
        purposes: What it may be used for.
        keep_for: How long, from `collected_at`.
        recipients: Who may get it; empty means nobody.
        clause: The sentence it rests on.
        reason: Why, and where its numbers come from.
    """

    part: ClassVar[str] = "a rule"

    event: Word
    category: str | None = None
    field: Word | None = None
    keep: Literal[True] | None = None
    reduce: Annotated[Mapping[str, Parameters], Field(min_length=1, max_length=1)] | None = None
    refuse: Literal[True] | None = None
    purposes: tuple[str, ...] = ()
    keep_for: Duration | None = None
    recipients: tuple[Name, ...] = ()
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if (self.category is None) == (self.field is None):
            yield (), 'a rule names either "category" or "field"'
        if self.category is not None and self.category not in CATEGORIES:
            yield (
                ("category",),
                f'unknown category "{self.category}"{nearest(self.category, CATEGORIES)}',
            )
        if [self.keep, self.reduce, self.refuse].count(None) != 2:  # noqa: PLR2004 - one of three
            yield (), 'a rule says exactly one of "keep: true", "reduce" and "refuse: true"'
        for name in ("purposes", "recipients"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                yield (name,), f'"{name}" names one twice'
        yield from self._mistakes_of_use()

    def _mistakes_of_use(self) -> Iterator[tuple[Place, str]]:
        if self.refuse:
            for name in ("purposes", "keep_for", "recipients"):
                if getattr(self, name):
                    yield (name,), f'what is refused has no "{name}"'
        else:
            for name in ("purposes", "keep_for"):
                if not getattr(self, name):
                    yield (), f'a rule that stores something says "{name}"'
        for reducer, given in (self.reduce or {}).items():
            yield from self._mistakes_of_reducer(reducer, given)

    def _mistakes_of_reducer(self, reducer: str, given: Parameters) -> Iterator[tuple[Place, str]]:
        try:
            complete(reducer, given)
        except PolicyError as error:
            yield ("reduce", reducer), str(error)
            return
        days = SPECS[reducer].keep_days_max
        if days is not None and self.keep_for and self.keep_for > timedelta(days=days):
            yield ("keep_for",), f"what {reducer} leaves is kept for {days} days at most"

    @property
    def subject_matter(self) -> str:
        """What the rule is about, for messages: `page_view.ip` or `page_view, user.device`."""
        return f"{self.event}.{self.field}" if self.field else f"{self.event}, {self.category}"
