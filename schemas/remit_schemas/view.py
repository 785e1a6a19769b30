"""What a policy asks of the view of a purpose, so that its rows cannot be found again in another's.

Views of two purposes hold the same events. Pseudonyms of its own keep a view from being joined by name; what is equal
in both, a time to the minute above all, still tells which rows are the same, unless enough others are equal, too.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from remit_schemas.floor import SUBJECTS_MIN
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, PurposeTerms, Text

Names = Literal["stable", "daily", "none"]
"""How long a subject has one name in a view: as long as in the lake, for a UTC day of collection, or no name at all."""


class ViewTerms(Written):
    """What the view of a purpose does to keep its rows apart from those of other purposes.

    Attributes:
        subjects_min: How many subjects must be possible for every row, by all that another purpose may see, too: times are
            shown as coarsely as that takes, then other values not at all. None: as the policy's rules say.
        subject: How long a subject has one name.
        clause: The sentence it rests on.
        reason: Why.
    """

    part: ClassVar[str] = "a view"

    subjects_min: (
        Annotated[int, Field(ge=SUBJECTS_MIN[0], le=SUBJECTS_MIN[1], strict=True)] | None
    ) = None
    subject: Names = "stable"
    clause: Clause
    reason: Text


def mistakes_of_views(
    views: Mapping[str, ViewTerms], purposes: Mapping[str, PurposeTerms]
) -> Iterator[tuple[Place, str]]:
    """Find what no policy with these purposes can say of views; each with its place in the file."""
    for key in views:
        if key not in purposes:
            yield ("views", key), f'this policy has no purpose "{key}"{nearest(key, purposes)}'
