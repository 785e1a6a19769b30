"""Tenants and campaigns: who has which functions now, and when a campaign is live. Data of a deployment, no policy.

The consumers keep them beside the kill switch, and the signed bundle tells every producer: both doors decide by the one
rule that is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.functions import Functions

CAMPAIGN_FIELD: Final = "campaign"
"""The field of an event that names its campaign."""

NAME_BYTES_MAX: Final = 255  # what the header of a pack can carry
_Campaign = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
_Tenant = Annotated[str, StringConstraints(max_length=NAME_BYTES_MAX)]


_MODEL: Final = ConfigDict(
    extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
)  # built when one is read, not when an app imports the SDK


class Tenant(BaseModel):
    """What one tenant has.

    Attributes:
        edition: Name of an edition of the policy.
        modules: Names of the functions that it subscribed to besides.
    """

    model_config = _MODEL

    edition: str
    modules: frozenset[str] = frozenset()


class Campaign(BaseModel):
    """When a campaign takes entries.

    Attributes:
        starts_on: First day, UTC.
        ends_on: Last day, UTC.
        tenant: Whose it is; None is everybody's.
    """

    model_config = _MODEL

    starts_on: date
    ends_on: date
    tenant: _Tenant | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("a campaign ends on the day it starts, or later")
        return self

    def is_of(self, tenant: str) -> bool:
        """Whether entries of this tenant's customers belong to it."""
        return self.tenant is None or self.tenant == tenant


class Tenancy(BaseModel):
    """The tenants and campaigns of a deployment.

    Attributes:
        tenants: By name; "" is the operator itself. While there are none, everybody has everything.
        campaigns: By name.
        closed: Tenants that were registered once and are not any more: nothing is collected for them, but what somebody
            said to them can still be taken back.
    """

    model_config = _MODEL

    tenants: Mapping[_Tenant, Tenant] = Field(default_factory=dict)
    campaigns: Mapping[_Campaign, Campaign] = Field(default_factory=dict)
    closed: frozenset[_Tenant] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is registered."""
        return not self.tenants and not self.campaigns and not self.closed


NOBODY: Final = Tenancy.model_construct()  # nothing to validate, so nothing is built for it


def told(tenancy: Tenancy) -> dict[str, JsonValue]:
    """Give it as JSON: the same register always gives the same bytes, so modules are sorted."""
    tenants: dict[str, JsonValue] = {
        name: {"edition": one.edition, "modules": [*sorted(one.modules)]}
        for name, one in tenancy.tenants.items()
    }
    campaigns: dict[str, JsonValue] = {
        name: one.model_dump(mode="json") for name, one in tenancy.campaigns.items()
    }
    closed: dict[str, JsonValue] = {"closed": [*sorted(tenancy.closed)]} if tenancy.closed else {}
    return {"tenants": tenants, "campaigns": campaigns, **closed}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why an event may not be taken from a tenant.

    Attributes:
        reason: `unknown_tenant`, `not_subscribed` or `no_campaign`.
        function: Which function is unavailable; None where the tenant is unknown.
        clause: The sentence that the function rests on.
    """

    reason: str
    function: str | None = None
    clause: str | None = None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Whose events of one contract may be taken.

    Attributes:
        functions: That the contract belongs to.
        tenancy: As it stands.
    """

    functions: Functions
    tenancy: Tenancy = field(default=NOBODY)

    @property
    def asks_nothing(self) -> bool:
        """Whether every event of every tenant may be taken."""
        return not self.tenancy.tenants and not self.has_campaigns

    @property
    def has_campaigns(self) -> bool:
        """Whether an event is taken inside a live campaign only."""
        return any(terms.campaign for terms in self.functions.values())

    def refusal(self, tenant: str) -> Unavailable | None:
        """Say why nothing of this contract may be taken from a tenant; None when it may. Unknown is refused."""
        if not self.tenancy.tenants:
            return None
        own = self.tenancy.tenants.get(tenant)
        if own is None:
            return Unavailable("unknown_tenant")
        has = [
            terms.is_for(own.edition, own.modules, name) for name, terms in self.functions.items()
        ]
        if not has or any(has):
            return None
        name, terms = next(iter(self.functions.items()))
        return Unavailable("not_subscribed", name, terms.clause)

    def hears_denials_of(self, contract: str) -> frozenset[str]:
        """Give the tenants of whom nothing of a contract is taken but what takes a consent back: those that left.

        Source: policy 2021-11-01, clause S016.
        """
        is_asked = contract == CONSENT_CHANGE and bool(self.tenancy.tenants)
        return self.tenancy.closed if is_asked else frozenset()

    def campaigns_of(self, tenant: str) -> Mapping[str, Campaign]:
        """Give the campaigns that entries of a tenant's customers can belong to."""
        return {name: one for name, one in self.tenancy.campaigns.items() if one.is_of(tenant)}

    @property
    def outside(self) -> Unavailable:
        """The answer to an event outside every live campaign."""
        campaigns = ((name, terms) for name, terms in self.functions.items() if terms.campaign)
        name, terms = next(campaigns)
        return Unavailable("no_campaign", name, terms.clause)
