"""The floor of a policy: traits that too few people share are not stored.

One value says little and all together nearly a name: browser, system, language, place and screen of a person are often
had by nobody else. A floor names such columns, and how many subjects must share their values.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from remit_schemas.policy_file import Place, Written
from remit_schemas.rule import Clause, Duration, Text, Word

SUBJECTS_MIN = (2, 1_000)
"""Bounds of k: one subject is no crowd; beyond 1,000 hardly anything would be left (our choice)."""

WINDOW = (timedelta(hours=1), timedelta(hours=47))
"""Bounds of a window: a consumer destroys what it needs to count in it some minutes after its end, within 48 hours.

Source: decision D8, which gives what stands for visitors without an account no longer.
"""

COLUMNS_MAX = 12
"""Columns of a floor: the more there are, the fewer share their values, and nothing would be left (our choice)."""


class Floor(Written):
    """How many subjects must share some traits before they are stored.

    Attributes:
        event: Name of the contract.
        columns: Stored columns whose values together could single somebody out, the most useful first: where a
            combination is too rare, the last of its values become `other` until what is left is not.
        subjects_min: How many subjects of a window must share a combination.
        window: How long is counted; what was seen in the last one decides what is stored in this one.
        clause: The sentence it rests on.
        reason: Why, and where its numbers come from.
    """

    part: ClassVar[str] = "a floor"

    event: Word
    columns: Annotated[tuple[Word, ...], Field(min_length=1, max_length=COLUMNS_MAX)]
    subjects_min: Annotated[int, Field(ge=SUBJECTS_MIN[0], le=SUBJECTS_MIN[1], strict=True)]
    window: Duration
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if len(set(self.columns)) != len(self.columns):
            yield ("columns",), '"columns" names one twice'
        if not WINDOW[0] <= self.window <= WINDOW[1]:
            yield ("window",), "a window lasts from 1 hour to 47 hours"
