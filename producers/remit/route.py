"""The way of each contract's events, and the terms they go under: what `emit` needs to know of a bundle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from remit.entitled import Entitled
from remit.meter import Meter
from remit.open_pack import OpenPack
from remit.result import Refused
from remit_schemas.category import Necessity
from remit_schemas.event import is_there
from remit_schemas.pack import NAME_BYTES_MAX, NO_CONTRACT

Packs = list[OpenPack | None]
"""The open pack of each lane."""

Encode: TypeAlias = Callable[[object], bytes]
"""Event to datum; checks types and ranges."""


@dataclass(frozen=True, slots=True)
class ConsentTerms:
    """What a policy leaves to its subjects.

    Attributes:
        policy_version: What an answer is an answer to.
        optional: The purposes that can be given, refused and withdrawn.
        signals: Which of them each signal of a browser withholds.
        sample_key: Keys the choice of subjects where a contract is sampled.
        is_stale: No fresh bundle came: nothing optional is collected until one does.
    """

    policy_version: str
    optional: frozenset[str]
    signals: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    sample_key: bytes = b""
    is_stale: bool = False


NO_CONSENT_TERMS: Final = ConsentTerms("", frozenset())


@dataclass(slots=True)
class Route:
    """The way of one contract's events.

    Attributes:
        contract: Its name.
        fingerprint: Of the contract.
        necessity: Of the contract, under the policy.
        encode: Event to datum; checks types and ranges.
        refusal: Why no event of it may go; None when they may.
        guards: Fields that must be empty, and the answer when one is not.
        one_of: Fields of which one must be there, and the answer when none is; None where none has to.
        packs: The open packs of those without a tenant.
        tenants: The open packs of each tenant.
        consent: What the policy leaves to subjects.
        optional: The optional purposes that fields of this contract are for.
        without: Gives the encoder that leaves out what only these purposes need.
        meter: How many of its events are taken; None is all.
        entitled: Whose events may go; None is everybody's.
        is_held: Whether the app has asked that its events wait for an answer.
        is_answer: Its events are what subjects say to purposes: they begin a pack of their lane anew.
        turn: The lane of events without a subject, until its pack closes.
        is_optional: Without a consent there is nothing to store: every purpose that it has is optional.
        is_plain: Nothing has to be asked of its events one by one.
        plain_tenants: Where that is so of some tenants only, whose; None stands for events without a tenant.
    """

    contract: str
    fingerprint: bytes
    necessity: Necessity
    encode: Encode
    refusal: str | None
    guards: tuple[tuple[str, Refused], ...]
    packs: Packs
    tenants: dict[str, Packs]
    consent: ConsentTerms = NO_CONSENT_TERMS
    optional: frozenset[str] = frozenset()
    without: Callable[[frozenset[str]], Encode] | None = None
    meter: Meter | None = None
    one_of: tuple[tuple[str, ...], Refused] | None = None
    entitled: Entitled | None = None
    is_held: bool = False
    is_answer: bool = False
    turn: int = 0
    is_optional: bool = field(init=False)
    is_plain: bool = field(init=False)
    plain_tenants: frozenset[str | None] = field(init=False)

    def __post_init__(self) -> None:
        """See once what `emit` would otherwise see for every event."""
        self.is_optional = self.necessity is Necessity.OPTIONAL and bool(self.optional)
        is_stale = self.consent.is_stale and bool(self.optional)
        reasons = (self.refusal, self.guards, self.one_of, self.meter, self.waits, is_stale)
        is_plain = not any(reasons)
        self.is_plain = is_plain and self.entitled is None
        self.plain_tenants = self.entitled.tenants if is_plain and self.entitled else frozenset()

    @property
    def waits(self) -> bool:
        """Whether an event waits until its subject has answered."""
        return self.is_held or self.is_optional

    def forbids(self, event: object) -> Refused | None:
        """Say why this event may not go, for a value that it holds; None when it may."""
        for name, refused in self.guards:
            if getattr(event, name) is not None:
                return refused
        if self.one_of is not None:
            names, refused = self.one_of
            if not any(is_there(getattr(event, name)) for name in names):
                return refused
        return None

    def encode_without(self, withheld: frozenset[str]) -> Encode:
        """Give the encoder for a subject who withholds these purposes."""
        if self.without is None or not withheld & self.optional:
            return self.encode
        return self.without(withheld & self.optional)

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
