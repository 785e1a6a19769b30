"""Functions and editions of a policy: read, checked, compared and explained; and the one rule of who has what."""

from datetime import date

import pytest
from pydantic import ValidationError

from kit.policies import make_contract, make_contracts, make_field, make_policy, make_rule
from remit_schemas.check import check
from remit_schemas.contract import builtin
from remit_schemas.evolve import check_policy
from remit_schemas.explain import explain
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy, policy_from_json
from remit_schemas.profile import profiles_of
from remit_schemas.tenancy import Campaign, Entitlement, Tenancy, Tenant

EDITIONS = [{"name": name, "clause": "S002", "reason": "named"} for name in ("small", "large")]
FUNCTION = {
    "necessity": "optional",
    "events": ["visit"],
    "editions": ["large"],
    "clause": "S003",
    "reason": "named",
}


def functional(name: str = "visits", **changes: object) -> Policy:
    return make_policy(make_rule(), editions=EDITIONS, functions={name: FUNCTION | changes})


def entitlement(policy: Policy, **tenants: Tenant) -> Entitlement:
    plan = compile_plan(make_contract(make_field("ip")), policy)
    return Entitlement(plan.functions, Tenancy(tenants=tenants))


def test_editions_keep_their_order_on_the_way_through_a_bundle() -> None:
    policy = functional()
    assert policy_from_json(policy.canonical) == policy
    assert [edition.name for edition in policy.editions] == ["small", "large"]


def test_a_policy_without_them_has_the_hash_that_it_had() -> None:
    assert b"editions" not in make_policy(make_rule()).canonical
    assert b"functions" not in make_policy(make_rule()).canonical


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"editions": ["large", "huge"]}, "no edition"),
        ({"editions": ["small"]}, "is the widest"),
        ({"editions": ["large", "large"]}, "names one twice"),
        ({"events": ["consent_change"]}, "belongs to every edition"),
        ({"necessity": "required", "campaign": True}, "never a basic function"),
    ],
)
def test_a_function_that_contradicts_itself_or_the_editions_is_a_mistake(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        functional("visits", **changes)


def test_a_function_names_contracts_that_there_are() -> None:
    contracts = make_contracts(make_contract(make_field("ip")))
    problems = check(functional(events=["visit", "nothing"]), contracts)
    assert "function visits: there is no contract 'nothing'" in problems


def test_a_contract_of_campaigns_says_of_which_one_it_is() -> None:
    contracts = make_contracts(make_contract(make_field("ip")))
    assert any(
        "has no text 'campaign'" in said for said in check(functional(campaign=True), contracts)
    )


@pytest.mark.clause("S021", "S022")
def test_an_edition_or_a_module_that_is_gained_is_looser() -> None:
    contracts = make_contracts(make_contract(make_field("ip")))
    before = functional(module=True)
    after = functional(editions=["small", "large"])
    assert check_policy(before, after, contracts) == [
        "functions.visits: edition small has it, and did not",
        "functions.visits: was a module, and need not be subscribed to",
    ]
    assert check_policy(after, before, contracts) == []


@pytest.mark.clause("S035a", "S035b")
def test_explain_names_function_editions_and_controller() -> None:
    plan = compile_plan(
        make_contract(make_field("ip")), functional(controller="tenant", module=True)
    )
    said = explain(plan).to_json()["functions"]
    assert isinstance(said, dict)
    words = str(said["visits"])
    assert "Additional function of the editions large" in words
    assert "controller" in words
    assert "module" in words


@pytest.mark.clause("S013", "S014", "S019")
def test_a_profile_tells_necessary_from_optional_fields() -> None:
    profile = profiles_of(find_policy(), builtin())["use_of_the_service"]
    assert "page_view.ip" in profile.necessary
    assert "page_view.referrer" in profile.optional
    assert not set(profile.necessary) & set(profile.optional)


def test_while_nobody_is_registered_everybody_has_everything() -> None:
    assert entitlement(functional(module=True)).refusal("anybody") is None


@pytest.mark.clause("S015", "S021", "S022")
@pytest.mark.parametrize(
    ("tenant", "reason"),
    [
        (Tenant(edition="large", modules=frozenset({"visits"})), None),
        (Tenant(edition="large"), "not_subscribed"),
        (Tenant(edition="small", modules=frozenset({"visits"})), "not_subscribed"),
        (Tenant(edition="of an older policy"), "not_subscribed"),
    ],
)
def test_a_function_takes_edition_and_module(tenant: Tenant, reason: str | None) -> None:
    said = entitlement(functional(module=True), anna=tenant).refusal("anna")
    assert (said.reason if said else None) == reason
    if said:
        assert (said.function, said.clause) == ("visits", "S003")


def test_once_somebody_is_registered_the_unknown_are_refused() -> None:
    said = entitlement(make_policy(make_rule()), anna=Tenant(edition="small")).refusal("ben")
    assert said
    assert said.reason == "unknown_tenant"


def test_a_campaign_runs_forward() -> None:
    with pytest.raises(ValidationError, match="or later"):
        Campaign(starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 1))
