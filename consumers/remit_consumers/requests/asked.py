"""What is asked: for what, by whom, of which data."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date

from remit_schemas.requests import Channel, DeletionGround, Requester, Right


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a subject's data a request is about; empty is all.

    Attributes:
        categories: Fideslang data_categories, each with those below it.
        purposes: Fideslang data_uses.
        from_day: The first day of collection.
        to_day: The last one.
    """

    categories: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    from_day: date | None = None
    to_day: date | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Scope()

    def to_json(self) -> str:
        """What stands on record."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}, default=str)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and by whom.

    Attributes:
        right: For what.
        requester: By whom, seen from the subject.
        channel: By which way.
        jurisdiction: Under whose law, as ISO 3166-1 alpha-2; empty where nobody said.
        scope: Of which data.
        ground: Why it is to be deleted; None for other rights.
    """

    right: Right
    requester: Requester = Requester.SELF
    channel: Channel = Channel.SUPPORT
    jurisdiction: str = ""
    scope: Scope = field(default_factory=Scope)
    ground: DeletionGround | None = None
