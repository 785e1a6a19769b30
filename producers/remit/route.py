"""The way of each contract's events, and the terms they go under: what `emit` needs to know of a bundle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from remit.open_pack import OpenPack
from remit_schemas.category import Necessity
from remit_schemas.errors import EncodeError
from remit_schemas.pack import NAME_BYTES_MAX, NO_CONTRACT

Packs = list[OpenPack | None]
"""The open pack of each lane."""


@dataclass(slots=True)
class Route:
    """The way of one contract's events.

    Attributes:
        contract: Its name.
        fingerprint: Of the contract.
        necessity: Of the contract, under the policy.
        encode: Event to datum; checks types and ranges.
        refusal: Why no event of it may go; None when they may.
        guards: Fields that must be empty, and the reason when one is not.
        packs: The open packs of those without a tenant.
        tenants: The open packs of each tenant.
        turn: The lane of events without a subject, until its pack closes.
    """

    contract: str
    fingerprint: bytes
    necessity: Necessity
    encode: Callable[[object], bytes]
    refusal: str | None
    guards: tuple[tuple[str, str], ...]
    packs: Packs
    tenants: dict[str, Packs]
    turn: int = 0

    def forbids(self, event: object) -> str | None:
        """Say why this event may not go, for a value that it holds; None when it may."""
        for name, reason in self.guards:
            if getattr(event, name) is not None:
                return reason
        return None

    @property
    def is_plain(self) -> bool:
        """Whether nothing has to be asked of an event but that it fits."""
        return self.refusal is None and not self.guards

    def datum_of(self, event: object) -> tuple[bytes, str | None]:
        """Encode an event, or say why it may not go."""
        reason = self.refusal
        try:
            if reason is None and self.guards:
                reason = self.forbids(event)
            if reason is None:
                return self.encode(event), None
        except (EncodeError, TypeError, ValueError, AttributeError):
            reason = "does_not_fit"
        return b"", reason

    def packs_of(self, tenant: str) -> Packs:
        """Give the open packs of a tenant.

        Raises:
            ValueError: No header could carry the tenant's name.
        """
        packs = self.tenants.get(tenant)
        if packs is None:
            if not is_tenant(tenant):
                raise ValueError("a tenant is text of up to 255 bytes")
            packs = self.tenants[tenant] = [None] * len(self.packs)
        return packs


def is_tenant(tenant: object) -> bool:
    """Whether a header can carry this name; whatever an app passes is looked at here."""
    if not isinstance(tenant, str):
        return False
    try:
        return len(tenant.encode()) <= NAME_BYTES_MAX
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bundle says, as the packer needs it.

    Attributes:
        key_id: Names the epoch's key.
        public_key: Of the epoch, 32 bytes.
        not_after: Seconds since 1970; nothing is sealed from then on.
        lane_key: Keys the hash of a subject.
        lanes: Number of lanes.
        policy_version: Goes into each header.
        routes: By the class of the event.
    """

    key_id: bytes
    public_key: bytes
    not_after: float
    lane_key: bytes
    lanes: int
    policy_version: str
    routes: "Routes"


Routes = Mapping[type, Route]
"""By the class of the event."""

NOWHERE: Final = Route(
    contract="",
    fingerprint=NO_CONTRACT,
    necessity=Necessity.REQUIRED,
    encode=lambda _: b"",
    refusal="unknown_contract",
    guards=(),
    packs=[],
    tenants={},
)
"""Where an object goes that no contract names."""
