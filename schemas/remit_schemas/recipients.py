"""What a policy says of those who get something: who they are, in which case, for what, which fields, until when.

Whoever is not named here gets nothing. Firms stand under names that the policy's text gives them; where it gives only a
class, the class is the name.

Source: policy 2021-11-01, clauses S048 to S074; W3C DPV, Recipient; PIPL articles 21 to 25.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from remit_schemas.category import PURPOSES, Necessity
from remit_schemas.floor import SUBJECTS_MIN
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, Name, PurposeTerms, Rule, Text, Word
from remit_schemas.view import Names

CROWD = 20
"""Subjects who must be possible for every row that leaves, where the policy says nothing else. With names for a day, whoever
lays two recipients' files side by side finds under one subject in ten by any attack that is tried: 6 % by whole
histories, under 1 % by rows (measured, 30,000 page views by 3,600 subjects, four fields in common; with 10 it was 19 %)."""

CELL_MIN: Final = 10
"""The fewest subjects of a figure that leaves: no policy can ask for less (S063a; D10)."""


class Role(StrEnum):
    """What a recipient is. Source: W3C DPV, Entities-LegalRole; policy 2021-11-01, clauses S058 to S074."""

    PROCESSOR = "processor"
    JOINT_CONTROLLER = "joint_controller"
    AFFILIATE = "affiliate"
    VENDOR = "vendor"
    ACADEMIC_RESEARCH = "academic_research"
    AUTHORITY = "authority"
    ADVERTISING_ANALYTICS = "advertising_analytics"
    PUBLIC = "public"
    SUCCESSOR = "successor"


class Case(StrEnum):
    """On which ground something is handed over: no other is known (S049, S057, S067, S072)."""

    LEGAL = "legal"
    CONSENT = "consent"
    CONTRACT = "contract"
    AFFILIATE = "affiliate"
    ENTRUSTED = "entrusted"
    ASSIGNMENT = "assignment"
    PUBLIC = "public"
    SAFETY = "safety"


CASES: Final[Mapping[Role, frozenset[Case]]] = MappingProxyType(
    {
        Role.PROCESSOR: frozenset({Case.ENTRUSTED}),
        Role.JOINT_CONTROLLER: frozenset({Case.CONSENT, Case.CONTRACT}),
        Role.AFFILIATE: frozenset({Case.AFFILIATE, Case.CONSENT}),
        Role.VENDOR: frozenset({Case.ENTRUSTED, Case.CONTRACT, Case.CONSENT}),
        Role.ACADEMIC_RESEARCH: frozenset({Case.ENTRUSTED, Case.CONSENT}),
        Role.AUTHORITY: frozenset({Case.LEGAL, Case.SAFETY}),
        Role.ADVERTISING_ANALYTICS: frozenset({Case.ENTRUSTED}),
        Role.PUBLIC: frozenset({Case.PUBLIC, Case.SAFETY}),
        Role.SUCCESSOR: frozenset({Case.ASSIGNMENT}),
    }
)
"""In which cases each may get something."""

ORDERED: Final = frozenset({Case.LEGAL, Case.SAFETY})
"""Cases in which nothing leaves without the reference of an order and somebody who approved it (S050, S074)."""

ASKED: Final = frozenset({Case.CONSENT, Case.PUBLIC})
"""Cases in which each subject has agreed to exactly this (S051, S073)."""

COUNTED: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.ADVERTISING_ANALYTICS: "partners for advertising and analytics get figures and no field (S064)",
        Role.ACADEMIC_RESEARCH: "research gets figures and no record (S066b; PIPL article 73)",
    }
)
"""Roles that get figures of groups and never a row, each with why."""

ADVERTISING: Final = ("placement", "reach", "effectiveness")
"""The three figures that partners for advertising may get. Source: policy 2021-11-01, clause S063."""

_WILDCARDS = frozenset({"*", "all", "any"})


class Measure(Written):
    """One figure of groups.

    Attributes:
        event: Name of the contract that is counted.
        by: Stored columns, each of a closed list of values, that the groups are made by.
        of: What is counted in each group.
    """

    part: ClassVar[str] = "a measure"

    event: Word
    by: tuple[Word, ...] = ()
    of: Literal["subjects", "events"] = "subjects"


class Recipient(Written):
    """Terms for one recipient.

    Attributes:
        role: What it is.
        case: On which ground it gets something.
        purposes: For what it may use that; each is a purpose of the policy.
        fields: What it gets, by contract; nothing else.
        measures: Figures of groups that it gets.
        consent: The optional purpose by which a subject agrees to exactly this, apart from everything else.
        expires_on: The first day on which nothing leaves any more; None: as long as the policy names it.
        sub_recipients: Whom it may hand it on to: others of this section, each by name.
        contact: Where notices for it go, an address or a URL; None where the operator has not said.
        subjects_min: Of how many subjects each row, or each figure, must be possible.
        subject: How long a subject has one name in what it gets.
        exact: Rows go out as they are stored, without a crowd around them.
        clause: The sentence it rests on.
        reason: Why.
    """

    part: ClassVar[str] = "a recipient"

    role: Role
    case: Case
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    fields: Mapping[Word, Annotated[tuple[Word, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    measures: Mapping[Word, Measure] = Field(default_factory=dict)
    consent: str | None = None
    expires_on: date | None = None
    sub_recipients: tuple[str, ...] = ()
    contact: Text | None = None
    subjects_min: Annotated[int, Field(ge=SUBJECTS_MIN[0], le=SUBJECTS_MIN[1], strict=True)] = CROWD
    subject: Names = "daily"
    exact: bool = False
    clause: Clause
    reason: Text

    @property
    def asked(self) -> frozenset[str]:
        """The purpose that must be agreed to beside those it is handed over for; none where none is."""
        return frozenset({self.consent}) if self.consent else frozenset()

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.case not in CASES[self.role]:
            known = ", ".join(sorted(CASES[self.role]))
            yield ("case",), f"{self.role} gets something in the case {known} only"
        for name in ("purposes", "sub_recipients"):
            for number, one in enumerate(getattr(self, name)):
                if "*" in one or one in _WILDCARDS:
                    yield (name, number), f'"{name}" names each one; there is no wildcard'
        if self.case in ASKED and self.consent is None:
            yield (), f'the case {self.case} needs "consent": the purpose by which each one agrees'
        if self.exact and self.case not in {Case.LEGAL, Case.CONTRACT}:
            yield ("exact",), "only what a law or a contract with the subject asks for is exact"
        yield from self._mistakes_of_figures()

    def _mistakes_of_figures(self) -> Iterator[tuple[Place, str]]:
        if self.role in COUNTED and self.fields:
            yield ("fields",), COUNTED[self.role]
        if self.measures and self.role not in COUNTED:
            yield ("measures",), f"figures are for {' and '.join(COUNTED)}"
        if self.role in COUNTED and self.subjects_min < CELL_MIN:
            yield ("subjects_min",), f"a figure that leaves is of {CELL_MIN} subjects at least"
        if self.role is Role.ADVERTISING_ANALYTICS:
            for name in self.measures:
                if name not in ADVERTISING:
                    yield ("measures", name), f"there are {', '.join(ADVERTISING)} and no others"


Recipients = Mapping[Name, Recipient]
"""The section, by the recipients' names."""


def mistakes_of_recipients(
    recipients: Recipients, purposes: Mapping[str, PurposeTerms], rules: tuple[Rule, ...]
) -> Iterator[tuple[Place, str]]:
    """Find what no policy with these purposes and rules can say of recipients; each with its place in the file."""
    for name, one in recipients.items():
        for below, words in _mistakes_of(one, recipients, purposes):
            yield ("recipients", name, *below), words
    for number, rule in enumerate(rules if recipients else ()):
        for name in rule.recipients:
            if name not in recipients:
                words = f'"{name}" is no recipient of this policy{nearest(name, recipients)}'
                yield ("rules", number, "recipients"), words


def _mistakes_of(
    one: Recipient, recipients: Recipients, purposes: Mapping[str, PurposeTerms]
) -> Iterator[tuple[Place, str]]:
    """Find what one recipient cannot name."""
    for key in one.purposes:
        if key not in purposes:
            yield ("purposes",), f'this policy has no purpose "{key}"{nearest(key, purposes)}'
    if one.consent and not _is_optional(one.consent, purposes):
        words = f'"{one.consent}" is no optional purpose of this policy; nobody can agree to it'
        yield ("consent",), words
    for other in one.sub_recipients:
        if other not in recipients:
            words = f'"{other}" is no recipient of this policy{nearest(other, recipients)}'
            yield ("sub_recipients",), words


def _is_optional(key: str, purposes: Mapping[str, PurposeTerms]) -> bool:
    """Whether a purpose is one that is asked for."""
    terms = purposes.get(key)
    return key in PURPOSES and terms is not None and terms.necessity is Necessity.OPTIONAL
