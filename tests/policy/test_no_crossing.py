"""No read, key or pseudonym of one tenant tells of another's: every door by name, tried with one subject of both."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.installation import Installation
from kit.shop import NOON, REPORTING, Shop
from remit_consumers.reducers.ip_encrypted import reduce as encrypted
from remit_consumers.reducers.ip_encrypted import scope_key
from remit_consumers.reducers.scope import Rows, Scope
from remit_consumers.withdrawal.erase import Found, erase

MINUTE = timedelta(minutes=1)
OF = {"anna": "/spring-of-anna", "benedict": "/autumn-of-benedict"}
"""The one page that each tenant's customers see."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Two tenants with one customer in common, who agreed at anna's to everything and at benedict's to nothing."""
    made = Installation(tmp_path_factory.mktemp("two"))
    for tenant in OF:
        made.remit("tenants", "set", tenant, "--edition", "business")
    agreed = ("--purpose", REPORTING, "--tenant", "anna")
    made.remit("consent", "give", "-", *agreed, "--wait", stdin="x")
    events = [{"page": page, "subject": "x", "tenant": tenant} for tenant, page in OF.items()]
    lines = "\n".join(json.dumps(event) for event in events)
    made.remit("emit", "page_view", "--wait", stdin=lines + "\n")
    made.remit("views", "build")
    return made


def _view(shop: Installation, tenant: str) -> str:
    files = sorted(shop.data.glob(f"views/*/page_view/tenant={tenant}/*.parquet"))
    assert files
    return str([pq.read_table(file, partitioning=None).to_pylist() for file in files])


def _query(shop: Installation, tenant: str) -> str:
    purpose = ("--purpose", "essential.service.operations", "--tenant", tenant)
    return shop.remit("query", "SELECT * FROM page_view", *purpose, "--json").stdout


def _report(shop: Installation, tenant: str) -> str:
    return "".join(
        shop.remit("report", "--tenant", tenant, *as_).stdout for as_ in ((), ("--json",))
    )


DOORS: dict[str, Callable[[Installation, str], str]] = {
    "files of views": _view,
    "remit query": _query,
    "remit report": _report,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("tenant", "other"), [("anna", "benedict"), ("benedict", "anna")])
def test_what_a_door_shows_of_one_tenant_names_nothing_of_the_other(
    shop: Installation, door: str, tenant: str, other: str
) -> None:
    shown = DOORS[door](shop, tenant)
    assert shown
    assert OF[other] not in shown
    assert other not in shown


@pytest.mark.clause("S016")
def test_consent_show_of_one_tenant_knows_nothing_of_what_was_said_to_the_other(
    shop: Installation,
) -> None:
    counts = {}
    for tenant in OF:
        said = json.loads(
            shop.remit("consent", "show", "-", "--tenant", tenant, "--json", stdin="x").stdout
        )
        counts[tenant] = len(said["records"]), said["purposes"][REPORTING]["granted"]
    assert counts == {"anna": (1, True), "benedict": (0, False)}


def test_names_of_one_subject_have_nothing_in_common_in_any_table_or_view(
    shop: Installation,
) -> None:
    rows = shop.rows("page_view")
    assert rows.num_rows == len(set(rows["subject"].to_pylist())) == len(OF)
    for purpose in shop.data.glob("views/*"):
        names = [
            pq.read_table(file, partitioning=None)["subject"].to_pylist()
            for file in purpose.glob("page_view/tenant=*/*.parquet")
        ]
        flat = [name for each in names for name in each]
        assert len(flat) == len(set(flat))


def test_everything_holds_for_each_of_them(shop: Installation) -> None:
    assert not shop.breaches()


@pytest.fixture
def lake(tmp_path: Path) -> Shop:
    """A lake without a log, with rows of one subject under two tenants."""
    made = Shop(tmp_path)
    for tenant in OF:
        made.store(made.say("given", NOON - MINUTE, tenant=tenant), made.view(tenant=tenant))
    return made


def _withdrawn(lake: Shop) -> None:
    lake.store(lake.say("withdrawn", tenant="anna"))
    lake.revoke()


def _erased(lake: Shop) -> None:
    found = Found("anna", "ann", lake.now)
    later = NOON + MINUTE
    assert erase(lake.lake, lake.walk.withdrawals, lake.plans.plan, found, lambda: later)


@pytest.mark.parametrize("takes", [_withdrawn, _erased])
def test_what_takes_from_one_tenants_rows_leaves_the_others_as_they_were(
    lake: Shop, takes: Callable[[Shop], None]
) -> None:
    before = [row for row in lake.rows().to_pylist() if row["tenant"] == "benedict"]
    assert len(before) == 1
    takes(lake)
    after = lake.rows().to_pylist()
    assert [row for row in after if row["tenant"] == "benedict"] == before
    assert [row for row in after if row["tenant"] == "anna" and row["utc_offset"]] == []


@pytest.mark.clause("S016")
def test_a_consent_at_one_tenant_is_none_at_the_other_for_what_comes_after(lake: Shop) -> None:
    lake.store(lake.say("withdrawn", tenant="anna"))
    lake.store(*(lake.view(NOON + MINUTE, tenant=tenant, page="/later") for tenant in OF))
    later = [row for row in lake.rows().to_pylist() if row["page"] == "/later"]
    assert {row["tenant"]: bool(row["utc_offset"]) for row in later} == {
        "anna": False,
        "benedict": True,
    }


def test_one_address_under_two_tenants_is_encrypted_by_two_keys() -> None:
    addresses = pa.array(["203.0.113.7"] * 2 + ["203.0.113.9"] * 2)
    rows = Rows(pa.array([*OF, *OF]), pa.array([NOON] * 4, pa.timestamp("ms", "UTC")))
    (column,) = encrypted(addresses, {"v4_bits": 32, "v6_bits": 48}, rows, key=b"k" * 32)
    told = column.storage.to_pylist()
    assert len(set(told)) == len(told)
    keys = {scope_key(b"k" * 32, Scope(tenant, "")) for tenant in OF}
    assert len(keys) == len(OF)
