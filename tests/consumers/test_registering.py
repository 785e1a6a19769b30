"""The register: what may be written into it, and who leaves stays known by name."""

from datetime import date

import pytest

from remit_consumers.registering import with_campaign, with_tenant, without_tenant
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy
from remit_schemas.tenancy import NOBODY, Campaign, Tenant, told

SPRING = Campaign(starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))


@pytest.mark.parametrize("name", ["spring_2026", "11-11", "s20260301"])
def test_a_campaign_whose_name_could_not_be_stored_is_not_opened(name: str) -> None:
    with pytest.raises(SettingsError, match="four digits"):
        with_campaign(name, SPRING)


def test_a_campaign_whose_name_is_stored_is_opened() -> None:
    assert [*with_campaign("spring-26", SPRING)(NOBODY).campaigns] == ["spring-26"]


def test_a_tenant_that_leaves_is_closed_until_it_comes_back() -> None:
    comes = with_tenant(find_policy(), "anna", Tenant(edition="basic"))
    gone = without_tenant("anna")(comes(NOBODY))
    assert (dict(gone.tenants), gone.closed) == ({}, frozenset({"anna"}))
    assert told(gone)["closed"] == ["anna"]
    assert "closed" not in told(comes(gone))
