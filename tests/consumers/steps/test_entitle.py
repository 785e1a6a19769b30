"""Entitle: what a tenant does not have, and what is outside a live campaign, is not stored but counted."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.opened import PAGE_VIEW, make_datums, make_opened
from kit.policies import IMPROVE, make_contract, make_field, make_policy, make_rule
from kit.walks import make_ledger, make_walk
from remit import PageView
from remit_consumers.batch import Batch
from remit_consumers.consent.ledger import LEDGER_DOMAIN, Ledger
from remit_consumers.lake.columns import CONSENTS
from remit_consumers.lake.receipt import EventCounts
from remit_consumers.pipeline import Walk, refine
from remit_consumers.plans import Plans
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.scope import Scope
from remit_consumers.steps.authorize import authorize
from remit_consumers.steps.entitle import entitle
from remit_consumers.steps.open import Opened
from remit_consumers.vault import Vault
from remit_schemas.contract import builtin
from remit_schemas.events import ConsentChange
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy
from remit_schemas.specs import SPECS
from remit_schemas.tenancy import Campaign, Tenancy, Tenant

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
PLAIN = find_policy().model_dump(mode="json", exclude_none=True)


def with_functions(**changes: object) -> Policy:
    function = {
        "necessity": "optional",
        "events": ["page_view"],
        "editions": ["business"],
        "module": True,
        "clause": "S022",
        "reason": "a test",
    }
    return Policy.model_validate(PLAIN | {"functions": {"pages": function | changes}})


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    vault = Vault.open(tmp_path_factory.mktemp("vault"), b"k" * 32)
    return make_walk(vault, tmp_path_factory.mktemp("data"))


def entitled(walk: Walk, tenancy: Tenancy) -> Walk:
    return replace(walk, entitle=entitle(lambda: tenancy))


def packs_of(*tenants: str) -> list[Opened]:
    event = PageView(page="/a", status=200, occurred_at=NOON, collected_at=NOON)
    return [
        make_opened(n, datums=make_datums([event, event], ["ann", "ben"]), tenant=tenant)
        for n, tenant in enumerate(tenants, 1)
    ]


@pytest.mark.clause("S015", "S019", "S021", "S022")
def test_each_tenant_has_stored_what_it_has(walk: Walk) -> None:
    tenancy = Tenancy(
        tenants={
            "anna": Tenant(edition="business", modules=frozenset({"pages"})),
            "ben": Tenant(edition="business"),
        }
    )
    plan = compile_plan(PAGE_VIEW, with_functions())
    done = refine(packs_of("anna", "ben", "carl", ""), builtin(), plan, entitled(walk, tenancy))
    assert done.rows["tenant"].to_pylist() == ["anna", "anna"]
    assert dict(done.events.refused) == {"not_subscribed": 2, "unknown_tenant": 4}
    assert done.events.stored == 2


def test_where_nothing_is_left_all_is_counted(walk: Walk) -> None:
    tenancy = Tenancy(tenants={"anna": Tenant(edition="basic")})
    plan = compile_plan(PAGE_VIEW, with_functions())
    done = refine(packs_of("anna"), builtin(), plan, entitled(walk, tenancy))
    assert (done.rows.num_rows, dict(done.events.refused)) == (0, {"not_subscribed": 2})


def test_one_subject_of_two_tenants_has_two_pseudonyms(walk: Walk) -> None:
    plan = compile_plan(PAGE_VIEW, find_policy())
    rows = refine(packs_of("anna", "ben"), builtin(), plan, walk).rows
    assert len(set(rows["subject"].to_pylist())) == 4


@pytest.mark.clause("S033a", "S034a")
def test_an_entry_is_stored_of_the_days_of_its_campaign_and_its_tenant() -> None:
    contract = make_contract(make_field("campaign"), make_field("collected_at"), name="entry")
    entries = [
        ("spring", datetime(2026, 3, 1, tzinfo=UTC), "anna"),
        ("spring", datetime(2026, 3, 31, 23, 59, tzinfo=UTC), "ben"),
        ("spring", datetime(2026, 4, 1, tzinfo=UTC), "anna"),
        ("spring", datetime(2026, 2, 28, 23, 59, tzinfo=UTC), "anna"),
        ("own", datetime(2026, 3, 1, tzinfo=UTC), "anna"),
        ("own", datetime(2026, 3, 1, tzinfo=UTC), "ben"),
        (None, datetime(2026, 3, 1, tzinfo=UTC), "anna"),
        ("other", datetime(2026, 3, 1, tzinfo=UTC), "anna"),
    ]
    names, days, tenants = zip(*entries, strict=True)
    places = pa.array(range(len(entries)), pa.int32())
    batch = Batch(
        contract=contract,
        table=pa.table(
            {"campaign": names, "collected_at": pa.array(days, pa.timestamp("ms", "UTC"))}
        ),
        subject=pa.nulls(len(entries), pa.string()),
        tenant=pa.array(tenants),
        pack=pa.array(["p"] * len(entries)).dictionary_encode(),
        index=places,
    )
    march = date(2026, 3, 1), date(2026, 3, 31)
    spring = Campaign(starts_on=march[0], ends_on=march[1])
    tenancy = Tenancy(
        campaigns={"spring": spring, "own": spring.model_copy(update={"tenant": "anna"})}
    )
    plan = campaign_plan()
    kept, reasons = entitle(lambda: tenancy)(batch, plan)
    assert kept.index.to_pylist() == [0, 1, 4]
    assert reasons == {("anna", "no_campaign"): 4, ("ben", "no_campaign"): 1}


def campaign_plan() -> Plan:
    policy = make_policy(
        make_rule(event="entry", field="campaign"),
        editions=[{"name": "all", "clause": "S002", "reason": "named"}],
        functions={
            "campaigns": {
                "necessity": "optional",
                "events": ["entry"],
                "editions": ["all"],
                "campaign": True,
                "clause": "S003",
                "reason": "named",
            }
        },
    )
    return compile_plan(make_contract(make_field("campaign"), name="entry"), policy)


OPTIONAL = sorted(
    key for key, terms in find_policy().purposes.items() if terms.necessity == "optional"
)
REQUIRED = sorted(set(find_policy().purposes) - set(OPTIONAL))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """The reference policy with other purposes for every stored field of page views."""
    rules = []
    for rule in PLAIN["rules"]:
        if rule["event"] == "page_view" and rule.get("purposes") and "by_purpose" not in str(rule):
            some = st.lists(st.sampled_from(OPTIONAL + REQUIRED[:2]), min_size=1, unique=True)
            rule = rule | {"purposes": draw(some)}  # noqa: PLW2901
        rules.append(rule)
    return Policy.model_validate(PLAIN | {"rules": rules, "floors": [], "recipients": {}})


def granting(folder: Path, vault: Vault, granted: Iterable[str], version: str) -> Ledger:
    """A ledger in which everybody agreed to the same purposes before anything happened."""
    ledger = make_ledger(vault, folder)
    names = Pseudonyms(vault, LEDGER_DOMAIN).names(Scope("anna"), ["ann", "ben"])
    said = [
        {
            "tenant": "anna",
            "subject": name,
            "purpose": purpose,
            "status": "given",
            "agreed_version": version,
            "effect_at": NOON - timedelta(days=1),
        }
        for name in names
        for purpose in granted
    ]
    ledger.take(pa.Table.from_pylist(said, schema=CONSENTS))
    return ledger


@pytest.mark.clause("S017", "S031")
@settings(max_examples=40, deadline=None)
@given(policy=policies(), given_=st.sets(st.sampled_from(OPTIONAL)))
def test_refusing_what_is_optional_changes_nothing_of_what_is_required(
    walk: Walk, tmp_path_factory: pytest.TempPathFactory, policy: Policy, given_: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("shop")
    vault = Vault.open(folder / "vault", b"k" * 32)
    plans = Plans(builtin(), policy)
    plan = compile_plan(PAGE_VIEW, policy)
    needed = [
        one
        for one in plan.fields.values()
        if any(purpose.necessity == "required" for purpose in one.purposes)
    ]
    stored = []
    for granted in (frozenset(OPTIONAL), frozenset(given_), frozenset[str]()):
        ledger = granting(folder, vault, granted, policy.version)
        asked = replace(walk, ledger=ledger, authorize=authorize(ledger, plans))
        done = refine(packs_of("anna"), builtin(), plan, asked)
        outcome = plan.outcome(granted)
        assert not [one for one in needed if outcome.fields[one.field].decision == "refuse"]
        columns = [
            output.column(one.field)
            for one in needed
            if one.reducer and "by_purpose" not in one.parameters
            for output in SPECS[one.reducer].outputs
        ]
        rows = done.rows.select([name for name in columns if name in done.rows.column_names])
        stored.append(rows.to_pydict() if needed else None)
    assert stored[0] == stored[1] == stored[2]


@pytest.mark.clause("S016")
def test_of_a_tenant_that_left_what_is_taken_back_is_stored_and_nothing_else(walk: Walk) -> None:
    said = {"purpose": IMPROVE, "method": "api", "agreed_version": "2021-11-01"}
    changes = [ConsentChange.of(said | {"status": status}) for status in ("withdrawn", "given")]
    contract = builtin().by_name("consent_change")
    packs = [
        make_opened(
            n,
            datums=make_datums(changes, ["ann", "ann"]),
            fingerprint=contract.fingerprint,
            tenant=tenant,
        )
        for n, tenant in enumerate(("dora", "never-known"), 1)
    ]
    tenancy = Tenancy(tenants={"anna": Tenant(edition="basic")}, closed=frozenset({"dora"}))
    plan = compile_plan(contract, find_policy())
    done = refine(packs, builtin(), plan, entitled(walk, tenancy))
    assert done.rows["status"].to_pylist() == ["withdrawn"]
    assert done.tenants == {
        "dora": EventCounts(stored=1, refused={"unknown_tenant": 1}),
        "never-known": EventCounts(refused={"unknown_tenant": 2}),
    }
