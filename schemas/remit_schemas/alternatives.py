"""Fields of which one suffices: a phone number or an e-mail address.

Whoever asks for one of several things takes the first that is given. What else is given is more than is needed, so it
is stored only for what its subject has agreed to.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from remit_schemas.policy_file import Place, Written
from remit_schemas.rule import Clause, Text, Word

FIELDS = (1, 8)
"""Bounds: a single field must be there, without a choice; more than eight ways to be reached nobody asks for (our choice)."""


class Alternatives(Written):
    """Fields of one contract of which at least one must be there.

    Attributes:
        event: Name of the contract.
        fields: In the order in which they are taken: the first that is there is the one that is required.
        clause: The sentence it rests on.
        reason: Why.
    """

    part: ClassVar[str] = "the alternatives"

    event: Word
    fields: Annotated[tuple[Word, ...], Field(min_length=FIELDS[0], max_length=FIELDS[1])]
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if len(set(self.fields)) != len(self.fields):
            yield ("fields",), '"fields" names one twice'


def looser_alternatives(before: Alternatives | None, after: Alternatives | None) -> Iterator[str]:
    """Where a version asks for more than one of the alternatives, or takes events that it would have refused."""
    if before is None:
        return
    if after is None:
        names = ", ".join(before.fields)
        is_one = len(before.fields) == 1
        yield (
            f"{names} had to be there" if is_one else f"one of {names} sufficed, and all are stored"
        )
        return
    for number, name in enumerate(before.fields):
        place = after.fields.index(name) if name in after.fields else 0
        for other in before.fields[:number]:
            if other not in after.fields[:place]:
                yield f"{name} was more than is needed beside {other}, and is not"
    for name in after.fields:
        if name not in before.fields:
            yield f"{name} alone suffices, and did not"


def explain_alternatives(alternatives: Alternatives) -> str:
    """Put alternatives into words."""
    names = alternatives.fields
    if len(names) == 1:
        return (
            f"{names[0]} must be there, or the event is refused (incomplete; {alternatives.clause})."
            f" {alternatives.reason}"
        )
    return (
        f"One of {', '.join(names)} must be there, or the event is refused (incomplete). The first that is there is"
        f" required; the others are stored only for optional purposes that are consented to ({alternatives.clause})."
        f" {alternatives.reason}"
    )
