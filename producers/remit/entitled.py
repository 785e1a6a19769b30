"""Whose events of a contract may go: what the register of tenants says, turned into answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from remit.result import Refused
from remit_schemas.category import DENYING
from remit_schemas.tenancy import CAMPAIGN_FIELD, Entitlement, Unavailable


@dataclass(frozen=True, slots=True)
class Entitled:
    """The answers for one contract.

    Attributes:
        tenants: Of whom nothing is asked; None stands for events without a tenant.
        refused: The answer to each registered tenant that does not have the function.
        unknown: The answer to all others; None where no tenant is registered.
        known: The registered tenants.
        live: The campaigns that take entries today, each with whose it is; None where the contract needs none.
        outside: The answer to an event outside of them.
        hears_denials_of: Tenants that left: a consent given to them can still be taken back.
    """

    tenants: frozenset[str | None]
    refused: Mapping[str, Refused]
    unknown: Refused | None
    known: frozenset[str]
    live: Mapping[str, str | None] | None
    outside: Refused
    hears_denials_of: frozenset[str] = frozenset()

    def knows_not(self, tenant: str) -> bool:
        """Whether tenants are registered and this one is not."""
        return self.unknown is not None and tenant not in self.known

    def refusal(self, event: object, tenant: str | None) -> Refused | None:
        """Say why this event of a tenant may not go; None when it may."""
        name = tenant or ""
        if self.unknown is not None and name not in self.known:
            takes_back = name in self.hears_denials_of and getattr(event, "status", None) in DENYING
            return None if takes_back else self.unknown
        if name in self.refused:
            return self.refused[name]
        if self.live is None:
            return None
        campaign: object = getattr(event, CAMPAIGN_FIELD, None)
        is_named = isinstance(campaign, str) and campaign in self.live
        is_live = is_named and self.live[str(campaign)] in {None, name}
        return None if is_live else self.outside


def entitled(entitlement: Entitlement, contract: str, today: date) -> Entitled | None:
    """Turn an entitlement into answers; None where nothing is ever asked.

    Args:
        entitlement: Of the contract.
        contract: Its name.
        today: UTC; routes are made anew every day.
    """
    if entitlement.asks_nothing:
        return None
    tenancy, has_campaigns = entitlement.tenancy, entitlement.has_campaigns
    decided = {tenant: entitlement.refusal(tenant) for tenant in tenancy.tenants}
    refused = {one: _answer(why, contract) for one, why in decided.items() if why}
    free = frozenset[str | None]() if has_campaigns else frozenset(decided.keys() - refused.keys())
    live = {
        name: campaign.tenant
        for name, campaign in tenancy.campaigns.items()
        if campaign.starts_on <= today <= campaign.ends_on
    }
    outside = entitlement.outside if has_campaigns else Unavailable("no_campaign")
    return Entitled(
        tenants=free | {None} if "" in free else free,
        refused=refused,
        unknown=Refused("unknown_tenant", contract=contract) if tenancy.tenants else None,
        known=frozenset(tenancy.tenants),
        live=live if has_campaigns else None,
        outside=_answer(outside, contract),
        hears_denials_of=entitlement.hears_denials_of(contract),
    )


def _answer(why: Unavailable, contract: str) -> Refused:
    return Refused(why.reason, clause=why.clause, contract=contract, function=why.function)
