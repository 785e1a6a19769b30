"""Changes of the register of tenants and campaigns, checked against the policy in force."""

from collections.abc import Callable

from pydantic import ValidationError

from remit_consumers.reducers.closed import is_identifier
from remit_schemas.errors import SettingsError
from remit_schemas.policy import Policy
from remit_schemas.policy_file import nearest
from remit_schemas.tenancy import NAME_BYTES_MAX, Campaign, Tenancy, Tenant

Change = Callable[[Tenancy], Tenancy]
"""What `KeyStore.set_tenancy` takes."""


def with_tenant(policy: Policy, name: str, tenant: Tenant) -> Change:
    """Register a tenant, or give it another edition and modules.

    Raises:
        SettingsError: The policy has no such edition or module, or no header could carry the name.
    """
    if len(name.encode("utf-8", "surrogateescape")) > NAME_BYTES_MAX:
        raise SettingsError(f"the name of a tenant has up to {NAME_BYTES_MAX} bytes")
    editions = {edition.name: edition for edition in policy.editions}
    if tenant.edition not in editions:
        message = (
            f'this policy has no edition "{tenant.edition}"{nearest(tenant.edition, editions)}'
        )
        raise SettingsError(message)
    modules = {name: terms for name, terms in policy.functions.items() if terms.module}
    for module in sorted(tenant.modules):
        if module not in modules:
            message = f'this policy has no module "{module}"{nearest(module, modules)}'
            raise SettingsError(message)
    return lambda known: _changed(
        known, tenants={**known.tenants, name: tenant}, closed=known.closed - {name}
    )


def without_tenant(name: str) -> Change:
    """Close a tenant: what was said to it can still be taken back.

    The last one cannot go unnoticed, since nobody would be refused any more.
    """

    def change(known: Tenancy) -> Tenancy:
        if name not in known.tenants:
            raise SettingsError("there is no such tenant: see `remit tenants list`")
        left = {one: terms for one, terms in known.tenants.items() if one != name}
        return _changed(known, tenants=left, closed=known.closed | {name})

    return change


def with_campaign(name: str, campaign: Campaign) -> Change:
    """Open a campaign, or give it other days.

    Raises:
        SettingsError: Its name could not be stored with the entries (reducer `identifier`).
    """
    if not is_identifier(name):
        raise SettingsError(
            "a campaign's name is stored with its entries: it begins with a letter and has neither a number of four "
            "digits nor what looks like a token; such as spring-26"
        )

    def change(known: Tenancy) -> Tenancy:
        if known.tenants and campaign.tenant is not None and campaign.tenant not in known.tenants:
            raise SettingsError("there is no such tenant: see `remit tenants list`")
        return _changed(known, campaigns={**known.campaigns, name: campaign})

    return change


def without_campaign(name: str) -> Change:
    """Close a campaign: no entry is taken any more, not even of its days."""

    def change(known: Tenancy) -> Tenancy:
        if name not in known.campaigns:
            raise SettingsError("there is no such campaign: see `remit campaigns list`")
        left = {one: terms for one, terms in known.campaigns.items() if one != name}
        return _changed(known, campaigns=left)

    return change


def _changed(known: Tenancy, **parts: object) -> Tenancy:
    """Give the register with other parts, checked as a whole."""
    whole = {
        "tenants": known.tenants,
        "campaigns": known.campaigns,
        "closed": known.closed,
        **parts,
    }
    try:
        return Tenancy.model_validate(whole)
    except ValidationError:
        raise SettingsError(
            "a campaign is named with small letters, digits, - and _, 63 at most"
        ) from None
