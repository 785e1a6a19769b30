"""What is asked: for what, by whom, of which data."""

from dataclasses import dataclass, field

from remit_consumers.erasure.scope import Scope
from remit_schemas.requests import Channel, DeletionGround, Requester, Right


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
