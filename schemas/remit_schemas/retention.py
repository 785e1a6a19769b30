"""How long rows stay: what keeps them longer than their rules say, what ends them sooner, and what becomes of them then.

A rule's `keep_for` is a ceiling for its field. For an event that this section names, each field goes at its own
ceiling and the row with the last of them; a legal floor, a consent to longer keeping and the end of a purpose move
that. The words are those of DPV: floor, ceiling, hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from remit_schemas.category import Necessity
from remit_schemas.floor import SUBJECTS_MIN
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, Duration, PurposeTerms, Text, Word, duration_text

COLLECTED_AT = "collected_at"
"""What everything is counted from, unless a floor names another time."""

AtEnd = Literal["delete", "anonymise"]
"""What becomes of rows whose time is over."""

Period = Literal["day", "month"]
"""How finely an anonymous table tells time: the design asks for coarse time (D8)."""

Values = Annotated[tuple[Text, ...], Field(min_length=1)]


class LegalFloor(Written):
    """How long rows must be kept because a law says so, whatever else would end them.

    Attributes:
        keep_for: At least so long, from the end of the UTC day of `counted_from`, so never too short.
        purpose: The required purpose that it serves: the only one that holds once the rules' own time is over.
        counted_from: A time of the event, such as when a deal was completed; rows without it count from `collected_at`.
        field: Only rows in which this field has one of `values` are what the law speaks of; None: all rows.
        values: Stored values.
        clause: The sentence it rests on.
        reason: Which law, and where its number comes from.
    """

    part: ClassVar[str] = "a legal floor"

    keep_for: Duration
    purpose: str
    counted_from: Word = COLLECTED_AT
    field: Word | None = None
    values: tuple[Text, ...] = ()
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if (self.field is None) != (not self.values):
            yield (), 'a floor for some rows says both "field" and "values"'


class PurposeEnd(Written):
    """What shows that rows of a subject have served their purpose.

    Attributes:
        event: Name of the contract of the event that shows it; None: the same.
        field: Its field that shows it.
        values: By one of these stored values.
        then: How long the rows are kept after the UTC day of that event, for questions and complaints about it.
        clause: The sentence it rests on.
        reason: Why, and where the number comes from.
    """

    part: ClassVar[str] = "the end of a purpose"

    event: Word | None = None
    field: Word
    values: Values
    then: Duration
    clause: Clause
    reason: Text


class Extension(Written):
    """For how long a field is kept while its subject consents to an optional purpose of it.

    Attributes:
        purpose: The optional purpose; its withdrawal ends the longer time.
        keep_for: From `collected_at`.
        clause: The sentence it rests on.
        reason: Why, and where the number comes from.
    """

    part: ClassVar[str] = "an extension"

    purpose: str
    keep_for: Duration
    clause: Clause
    reason: Text


class Cells(Written):
    """What is left of rows that are made anonymous: how many there were, by some of their columns.

    Attributes:
        columns: Stored columns whose values together make a cell; the period is one more.
        subjects_min: Distinct subjects that a cell must have; smaller ones are deleted.
        period: How finely the table tells time.
    """

    part: ClassVar[str] = "the cells"

    columns: Annotated[tuple[Word, ...], Field(min_length=1)]
    subjects_min: (
        Annotated[int, Field(ge=SUBJECTS_MIN[0], le=SUBJECTS_MIN[1], strict=True)] | None
    ) = None
    period: Period = "day"

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.subjects_min is None:
            yield (), 'nothing is anonymous without "subjects_min": say how many share a cell'
        if len(set(self.columns)) != len(self.columns):
            yield ("columns",), '"columns" names one twice'


class RetentionTerms(Written):
    """How long rows of an event stay, and what becomes of them then.

    Attributes:
        event: Name of the contract.
        floor: Until when a law keeps them.
        ends_with: What shows that they have served.
        extensions: What a consent adds; one for a purpose at most.
        at_end: What becomes of them.
        cells: What an anonymous table keeps; only where `at_end` is anonymise.
        clause: The sentence it rests on.
        reason: Why.
    """

    part: ClassVar[str] = "a retention"

    event: Word
    floor: LegalFloor | None = None
    ends_with: PurposeEnd | None = None
    extensions: tuple[Extension, ...] = ()
    at_end: AtEnd = "delete"
    cells: Cells | None = None
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if (self.at_end == "anonymise") != (self.cells is not None):
            yield ("at_end",), 'what is made anonymous says "cells", and what is deleted does not'
        purposes = [one.purpose for one in self.extensions]
        for number, key in enumerate(purposes):
            if key in purposes[:number]:
                yield ("extensions", number), f'a second extension for "{key}"'

    def extension_of(self, purposes: Sequence[str]) -> Extension | None:
        """Find the longest extension that one of these purposes gives."""
        held = [one for one in self.extensions if one.purpose in purposes]
        return max(held, key=lambda one: one.keep_for, default=None)

    def kept_for(self, ceiling: timedelta, purposes: Sequence[str]) -> timedelta:
        """Say how long a field is kept whose rule says `ceiling`, while these purposes hold for it."""
        longer = self.extension_of(purposes)
        return max(ceiling, longer.keep_for) if longer else ceiling


def mistakes_of_retention(
    retention: Sequence[RetentionTerms], purposes: Mapping[str, PurposeTerms]
) -> Iterator[tuple[Place, str]]:
    """Find what no policy with these purposes can say of retention; each with its place in the file."""
    for number, terms in enumerate(retention):
        if terms.floor:
            yield from _of_floor(("retention", number, "floor", "purpose"), terms.floor, purposes)
        for place, one in enumerate(terms.extensions):
            where = ("retention", number, "extensions", place, "purpose")
            if one.purpose not in purposes:
                words = (
                    f'this policy has no purpose "{one.purpose}"{nearest(one.purpose, purposes)}'
                )
                yield where, words
            elif purposes[one.purpose].necessity is Necessity.REQUIRED:
                yield where, f'"{one.purpose}" is required: nobody consents to it'


def _of_floor(
    where: Place, floor: LegalFloor, purposes: Mapping[str, PurposeTerms]
) -> Iterator[tuple[Place, str]]:
    """Find floors for a purpose that there is not, or that somebody could withdraw."""
    if floor.purpose not in purposes:
        yield (
            where,
            f'this policy has no purpose "{floor.purpose}"{nearest(floor.purpose, purposes)}',
        )
    elif purposes[floor.purpose].necessity is Necessity.OPTIONAL:
        yield where, f'"{floor.purpose}" is optional: a law asks nobody'


def cited_by_retention(retention: Sequence[RetentionTerms]) -> Iterator[tuple[Place, str]]:
    """List every clause that the parts of a retention rest on, with the place that says so."""
    for number, terms in enumerate(retention):
        for name in ("floor", "ends_with"):
            part = getattr(terms, name)
            if part is not None:
                yield ("retention", number, name, "clause"), part.clause
        for place, one in enumerate(terms.extensions):
            yield ("retention", number, "extensions", place, "clause"), one.clause


def explain_retention(terms: RetentionTerms) -> str:
    """Put what a policy says of the time of an event's rows into words."""
    parts = [f"Each field goes at its own end, and the row with the last of them ({terms.clause})."]
    if terms.floor:
        floor = terms.floor
        rows = f"rows whose {floor.field} is {' or '.join(floor.values)}" if floor.field else "it"
        length = f"{duration_text(floor.keep_for)} from {floor.counted_from}"
        parts.append(f"A law keeps {rows} for {length} at least ({floor.clause}).")
    if end := terms.ends_with:
        shown = f"{end.event or terms.event}.{end.field} is {' or '.join(end.values)}"
        parts.append(f"Its purpose is over {duration_text(end.then)} after {shown} ({end.clause}).")
    for one in terms.extensions:
        length = duration_text(one.keep_for)
        parts.append(f"With consent to {one.purpose} it is kept for {length} ({one.clause}).")
    parts.append(f"Then: {terms.at_end}. {terms.reason}")
    return " ".join(parts)
