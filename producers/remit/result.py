"""What `emit` answers: accepted, or refused and why."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from remit_schemas.pack import REASONS


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is sealed in the spool: it survives the death of this process. True where a truth is asked for."""

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Refused:
    """The event was not taken; it is counted, and the app goes on. False where a truth is asked for.

    Attributes:
        reason: One of `remit_schemas.pack.REASONS`.
    """

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


ACCEPTED: Final = Accepted()
REFUSED: Final = MappingProxyType({reason: Refused(reason) for reason in REASONS})
"""One answer for each reason: `emit` builds nothing."""
