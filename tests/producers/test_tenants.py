"""Editions, modules and campaigns at `emit`: what a tenant does not have is refused, counted and answered with its clause."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.contracts import make_field_json, make_record
from kit.owned import Own, make_schema, owned_policy, refusals, rules_for
from kit.spooled import Home, MakeClient
from remit.result import Accepted, Refused
from remit_schemas.contract import contract_of
from remit_schemas.errors import Tampered
from remit_schemas.events import ConsentChange, PageView
from remit_schemas.header import Header
from remit_schemas.policy import Policy
from remit_schemas.tenancy import Campaign, Tenancy, Tenant

TIMEOUT_S = 120.0
DAY = timedelta(days=1)


class Search(Own):
    """An event of a module."""

    __schema__ = make_schema()


class Entry(Own):
    """An entry to a campaign."""

    campaign: str | None = None
    __schema__ = json.dumps(
        make_record(make_field_json("campaign"), make_field_json("place"), name="entry")
    )


def policy() -> Policy:
    editions = [
        {"name": name, "clause": "S021", "reason": "named"} for name in ("basic", "business")
    ]
    function = {"necessity": "optional", "clause": "S022", "reason": "a test"}
    functions = {
        "searching": function | {"events": ["search"], "editions": ["business"], "module": True},
        "campaigns": function
        | {
            "events": ["entry"],
            "editions": ["basic", "business"],
            "campaign": True,
            "clause": "S034",
        },
    }
    kept = [one for one in rules_for("entry") if one["field"] != "click"]
    campaign = kept[0] | {"field": "campaign"}
    return owned_policy(
        *rules_for("search"), *kept, campaign, editions=editions, functions=functions
    )


@pytest.fixture
def shop(home: Home) -> Home:
    home.own = [contract_of(one.__schema__, "test") for one in (Search, Entry)]
    home.publish(policy=policy())
    return home


def registered(**campaigns: Campaign) -> Tenancy:
    tenants = {
        "anna": Tenant(edition="business", modules=frozenset({"searching"})),
        "ben": Tenant(edition="basic", modules=frozenset({"searching"})),
        "carl": Tenant(edition="business"),
    }
    return Tenancy(tenants=tenants, campaigns=campaigns)


@pytest.mark.clause("S015", "S021", "S022", "S024")
def test_what_a_tenant_does_not_have_is_refused_with_function_and_clause(
    shop: Home, make_client: MakeClient
) -> None:
    shop.publish(tenancy=registered())
    client = make_client()
    assert client.emit(Search(place="x"), tenant="anna") == Accepted()
    for tenant in ("ben", "carl"):
        said = client.emit(Search(place="x"), tenant=tenant)
        assert said == Refused(
            "not_subscribed", clause="S022", contract="search", function="searching"
        )
        assert client.emit(PageView(page="/a"), tenant=tenant) == Accepted()
    assert client.flush(TIMEOUT_S)
    assert refusals(shop) == {"not_subscribed": 2}
    assert {p.header.tenant for p in shop.packs() if p.events} == {"anna", "ben", "carl"}


def test_an_unknown_tenant_is_refused_and_no_name_of_it_is_kept(
    shop: Home, make_client: MakeClient
) -> None:
    shop.publish(tenancy=registered())
    client = make_client()
    for tenant in ("dora", "", None):
        assert client.emit(PageView(page="/a"), tenant=tenant) == Refused(
            "unknown_tenant", contract="page_view"
        )
    assert client.flush(TIMEOUT_S)
    assert refusals(shop) == {"unknown_tenant": 3}
    assert {pack.header.tenant for pack in shop.packs()} <= {""}


def test_a_single_shop_never_notices(shop: Home, make_client: MakeClient) -> None:
    client = make_client()
    assert client.emit(Search(place="x")) == Accepted()
    assert client.emit(PageView(page="/a"), tenant="whoever") == Accepted()


@pytest.mark.clause("S033a", "S034a")
@pytest.mark.parametrize(
    ("campaign", "in_days", "tenant", "is_taken"),
    [
        ("spring", (0, 0), None, True),
        ("spring", (0, 0), "anna", True),
        ("spring", (0, 0), "ben", False),
        ("spring", (-1, -1), None, False),
        ("spring", (1, 1), None, False),
        ("autumn", (0, 0), None, False),
        (None, (0, 0), None, False),
    ],
)
def test_an_entry_is_taken_inside_its_live_campaign_only(  # noqa: PLR0913, PLR0917 - the columns of its table
    shop: Home,
    make_client: MakeClient,
    campaign: str | None,
    in_days: tuple[int, int],
    tenant: str | None,
    is_taken: bool,  # noqa: FBT001
) -> None:
    today = datetime.now(UTC).date()  # asked for here: a run may go on past midnight
    starts_on, ends_on = (today + days * DAY for days in in_days)
    spring = Campaign(starts_on=starts_on, ends_on=ends_on, tenant=tenant)
    shop.publish(tenancy=registered(spring=spring))
    said = make_client().emit(Entry(campaign=campaign), tenant="anna")
    outside = Refused("no_campaign", clause="S034", contract="entry", function="campaigns")
    assert said == (Accepted() if is_taken else outside)


@pytest.mark.clause("S034b")
def test_without_any_campaign_no_entry_is_taken(shop: Home, make_client: MakeClient) -> None:
    assert not make_client().emit(Entry(campaign="spring"))


def test_a_pack_that_is_labelled_anew_opens_for_no_other_tenant(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    client.emit(PageView(page="/a"), tenant="anna")
    assert client.flush(TIMEOUT_S)
    raw = next(p for p in map(Path.read_bytes, home.files()) if Header.parse(p).tenant == "anna")
    assert home.opened(raw).events
    for name in (b"bert", b"anne"):
        with pytest.raises(Tampered):
            home.opened(raw.replace(b"anna", name, 1))


@pytest.mark.clause("S016")
def test_what_was_said_to_a_tenant_that_left_can_still_be_taken_back_and_nothing_else(
    shop: Home, make_client: MakeClient
) -> None:
    shop.publish(tenancy=registered().model_copy(update={"closed": frozenset({"dora"})}))
    client = make_client()
    said = {"agreed_version": "1", "method": "api", "purpose": "analytics.reporting"}
    both = ("withdrawn", "given")
    withdrawn, given = (ConsentChange.of(said | {"status": status}) for status in both)
    unknown = Refused("unknown_tenant", contract="consent_change")
    assert client.emit(withdrawn, subject="ann", tenant="dora") == Accepted()
    assert client.emit(given, subject="ann", tenant="dora") == unknown
    assert client.emit(withdrawn, subject="ann", tenant="never-known") == unknown
    assert not client.emit(PageView(page="/a"), tenant="dora")
