"""What `emit` answers: accepted, or refused and why."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, Protocol

from remit_schemas.pack import REASONS


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is sealed in the spool: it survives the death of this process. True where a truth is asked for."""

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Recorded(Accepted):
    """What somebody said is sealed in the spool, and will stand in the consent ledger under these names.

    Attributes:
        records: One for each thing that was said, ``<pack>:<index>``: to be handed to whoever said it, who finds it in
            their receipt (`remit consent receipt`). Source: ISO/IEC TS 27560, record_id.
    """

    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The event was not taken; it is counted, and the app goes on. False where a truth is asked for.

    Attributes:
        reason: One of `remit_schemas.pack.REASONS`.
        field: Which field was to blame, where one was: it is prohibited or stopped.
        clause: The sentence of the policy that says so; None where the vocabulary alone does, or nothing but the reason.
        contract: Whose field that is.
        function: Which function is unavailable, where the tenant does not have it.
    """

    reason: str
    field: str | None = None
    clause: str | None = None
    contract: str | None = None
    function: str | None = None

    def __bool__(self) -> Literal[False]:
        return False

    def __str__(self) -> str:
        by = f" by {self.clause}" if self.clause else ""
        if self.field is None:
            what = f": function {self.function} is unavailable{by}" if self.function else ""
            return f"refused: {self.reason}{what}"
        return f"{self.contract}.{self.field} is {self.reason}{by}"


@dataclass(frozen=True, slots=True)
class Held(Refused):
    """The event waits in this process's memory until its subject has answered; it is not counted yet.

    It is accepted then, or refused and counted (`held`). False where a truth is asked for: it does not survive the
    death of this process.
    """

    reason: str = "held"


ACCEPTED: Final = Accepted()
HELD: Final = Held()
REFUSED: Final = MappingProxyType({reason: Refused(reason) for reason in REASONS})
"""One answer for each reason: `emit` builds nothing."""


class Emits(Protocol):
    """A client, or what stands for one in a test: what takes events."""

    def emit(
        self, event: object, *, subject: str | None = None, tenant: str | None = None
    ) -> Accepted | Refused:
        """See `Client.emit`."""
        ...
