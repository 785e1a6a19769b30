"""Events that are emitted together: of one contract and one subject, into one pack, all or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)  # not frozen: made for every request, in a third of the time
class Bunch:
    """Events that are emitted together.

    Attributes:
        kind: The event class of their contract.
        events: Instances of it, or anything with its attributes.
        subject: Whom they are about; None without one.
        tenant: Whose customer that is; empty without one.
        signals: What the subject's browser says beside them: ``gpc``, ``dnt``.
        encode: Writes all of them at once, or gives None where they have to be looked at one by one.
        fill: Completes the events where they are looked at one by one.
    """

    kind: type
    events: Sequence[object]
    subject: str | None = None
    tenant: str = ""
    signals: tuple[str, ...] = ()
    encode: Callable[[], list[bytes] | None] | None = None
    fill: Callable[[], object] | None = None
