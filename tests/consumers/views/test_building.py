"""Building: views are what they must be now, for each tenant apart, and nobody's who withdrew."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.crowd import store_rows
from kit.opened import PAGE_VIEW
from kit.policies import IMPROVE, OPERATE, REPORT
from remit_consumers.lake.columns import WITHDRAWN
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.tagsets import tagset_of
from remit_consumers.rows import stored_schema
from remit_consumers.settings import Settings
from remit_consumers.views.building import build, forget
from remit_consumers.views.renewing import renew
from remit_schemas.errors import RemitError
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

POLICY = find_policy()
PLAN = compile_plan(PAGE_VIEW, POLICY)
DAY = date(2026, 3, 5)
NOW = datetime(2026, 3, 5, 12, 34, 56, tzinfo=UTC)
SCHEMA = stored_schema(PAGE_VIEW, PLAN)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "data", tmp_path / "keys", tmp_path / "vault")


def store(
    settings: Settings, *rows: Mapping[str, object], granted: tuple[str, ...] = (REPORT, IMPROVE)
) -> None:
    """Store rows of page views whose subjects granted these purposes; a row is valid by default."""
    tagset = tagset_of(PLAN, PLAN.outcome(frozenset(granted)))
    default = {
        "occurred_at": NOW,
        "page": "/a",
        "duration_ms": 17 if IMPROVE in granted else None,
        "referrer_domain": "a.example" if REPORT in granted else None,
        "pack": "p",
        "index": 0,
        "subject": "s1",
        "tenant": "",
        "policy_version": POLICY.version,
        "tagset": tagset.tagset,
        "keep_until": NOW + timedelta(days=30),
        "day": DAY,
    }
    none = dict.fromkeys(SCHEMA.names)
    table = pa.Table.from_pylist([{**none, **default, **row} for row in rows], SCHEMA)
    store_rows(settings.lake, table, tagset)


def withdraw(settings: Settings, **changed: object) -> None:
    """Record that `s1` withdrew the purpose of reports."""
    row = {
        "tenant": "",
        "subject": "s1",
        "purpose": REPORT,
        "effect_at": NOW,
        "recorded_at": NOW,
        "applied_at": None,
        "keep_until": NOW + timedelta(days=30),
    }
    table = open_table(settings.lake, "withdrawn")
    files = write(table.path, pa.Table.from_pylist([row | changed], WITHDRAWN))
    sync(files)
    append(table.path, table.version, Append(files, {}))


def seen(
    settings: Settings, purpose: str = REPORT, tenant: str = "", now: datetime = NOW
) -> list[dict[str, object]]:
    """The rows of a tenant's view of page views."""
    build(settings, POLICY, purpose, now)
    file = settings.views / purpose / "page_view" / f"tenant={tenant}" / "rows.parquet"
    rows: list[dict[str, object]] = (
        pq.read_table(file, partitioning=None).to_pylist() if file.exists() else []
    )
    return rows


def pages(
    settings: Settings, purpose: str = REPORT, tenant: str = "", now: datetime = NOW
) -> list[str]:
    return sorted(str(row["page"]) for row in seen(settings, purpose, tenant, now))


def test_a_view_has_no_pack_no_tag_and_no_name_of_the_lake(settings: Settings) -> None:
    store(settings, {}, {"subject": None})
    rows = seen(settings)
    assert (
        not {"pack", "index", "tagset", "policy_version", "keep_until", "tenant", "day"}
        & rows[0].keys()
    )
    assert "s1" not in str(rows)
    assert [row["subject"] for row in rows].count(None) == 1
    assert {row["day"] for row in seen(settings, OPERATE)} == {DAY}


@pytest.mark.clause("S110c")
def test_a_field_that_was_not_stored_for_a_purpose_is_null_there(settings: Settings) -> None:
    store(settings, {"page": "/both"})
    store(settings, {"page": "/improve", "referrer_domain": None}, granted=(IMPROVE,))
    store(settings, {"page": "/nobody"}, granted=())
    assert pages(settings, OPERATE) == ["/both", "/improve", "/nobody"]
    assert pages(settings, IMPROVE) == ["/both", "/improve"]
    assert pages(settings) == ["/both"]
    assert "duration_ms" not in seen(settings)[0]


@pytest.mark.clause("S110a")
def test_tenants_lie_apart_and_share_no_name(settings: Settings) -> None:
    store(settings, {"page": "/a"}, {"page": "/b", "tenant": "anna", "subject": "s2"})
    assert pages(settings) == ["/a"]
    assert pages(settings, tenant="anna") == ["/b"]
    assert pages(settings, tenant="ben") == []


def test_a_tenant_with_any_name_stays_in_the_folder(settings: Settings) -> None:
    store(settings, {"tenant": "../../out"})
    build(settings, POLICY, REPORT, NOW)
    folders = [
        path.name for path in (settings.views / REPORT / "page_view").iterdir() if path.is_dir()
    ]
    assert folders == ["tenant=..%2F..%2Fout"]


@pytest.mark.clause("S092", "S110c")
def test_rows_of_whoever_withdrew_leave_the_purpose_at_once_and_no_other(
    settings: Settings,
) -> None:
    store(
        settings,
        {"page": "/gone"},
        {"page": "/stays", "subject": "s2"},
        {"page": "/nobody", "subject": None},
    )
    assert pages(settings) == ["/gone", "/nobody", "/stays"]
    withdraw(settings)
    assert pages(settings) == ["/nobody", "/stays"]
    assert "/gone" in pages(settings, IMPROVE)


def test_a_withdrawal_holds_for_rows_until_its_day_and_not_for_another_tenant(
    settings: Settings,
) -> None:
    withdraw(settings)
    store(settings, {"page": "/same day"}, {"page": "/later", "day": DAY + timedelta(days=1)})
    store(settings, {"page": "/other", "tenant": "anna"})
    assert pages(settings) == ["/later"]
    assert pages(settings, tenant="anna") == ["/other"]


def test_a_withdrawal_that_was_applied_hides_nothing_that_is_left(settings: Settings) -> None:
    store(settings, {})
    withdraw(settings)
    assert pages(settings) == []
    withdraw(settings, applied_at=NOW)
    assert pages(settings) == ["/a"]


def test_a_withdrawal_that_names_no_purpose_holds_for_every_one(settings: Settings) -> None:
    store(settings, {})
    withdraw(settings, purpose="")
    assert pages(settings) == pages(settings, OPERATE) == []


@pytest.mark.clause("S105a")
def test_rows_whose_time_is_up_leave_the_view(settings: Settings) -> None:
    store(settings, {"page": "/long"}, {"page": "/short", "keep_until": NOW + timedelta(days=1)})
    assert pages(settings) == ["/long", "/short"]
    assert pages(settings, now=NOW + timedelta(days=1)) == ["/long"]


def test_a_view_is_made_anew_only_where_something_changed(settings: Settings) -> None:
    store(settings, {})
    assert [one.is_new for one in build(settings, POLICY, REPORT, NOW)] == [True]
    assert [one.is_new for one in build(settings, POLICY, REPORT, NOW)] == [False]
    store(settings, {"page": "/b"})
    assert [(one.is_new, one.rows) for one in build(settings, POLICY, REPORT, NOW)] == [(True, 2)]


def test_under_another_key_every_name_changes(settings: Settings) -> None:
    store(settings, {})
    before = seen(settings)[0]["subject"]
    assert seen(settings)[0]["subject"] == before
    (settings.keys / "views.key").unlink()
    assert seen(settings)[0]["subject"] not in (before, None)


def test_rows_are_in_no_order_and_never_twice_in_the_same(settings: Settings) -> None:
    store(settings, *({"page": f"/{n:03}"} for n in range(200)))
    orders = []
    for _ in range(2):
        orders.append([row["page"] for row in seen(settings)])
        store(settings, {"page": "/z"})
    assert orders[0] != sorted(map(str, orders[0]))
    assert orders[0] != [page for page in orders[1] if page != "/z"]


def test_views_of_a_purpose_that_the_policy_has_no_longer_are_taken_away(
    settings: Settings,
) -> None:
    store(settings, {})
    build(settings, POLICY, REPORT, NOW)
    assert forget(settings, [OPERATE]) == [REPORT]
    assert not [path for path in settings.views.rglob("*") if path.is_file()]


def test_what_a_crash_left_half_made_is_no_view(settings: Settings) -> None:
    store(settings, {})
    torn = settings.views / REPORT / ".building-page_view"
    torn.mkdir(parents=True)
    (torn / "torn.parquet").write_bytes(b"torn")
    assert pages(settings) == ["/a"]
    assert not torn.exists()


def view_files(settings: Settings) -> list[Path]:
    return sorted(settings.views.glob("*/page_view/tenant=*/rows.parquet"))


def test_views_that_were_made_follow_a_revocation_and_no_other_is_made(settings: Settings) -> None:
    store(settings, {}, {"subject": "s2", "page": "/b"})
    assert pages(settings) == ["/a", "/b"]
    withdraw(settings)
    renew(settings, POLICY, lambda: NOW)
    [file] = view_files(settings)
    assert pq.read_table(file, partitioning=None)["page"].to_pylist() == ["/b"]


def test_a_view_that_cannot_follow_goes(settings: Settings) -> None:
    store(settings, {}, {"subject": "s2", "page": "/b"})
    assert pages(settings) == ["/a", "/b"]
    withdraw(settings)
    lost = settings.lake / "events" / "page_view"
    for file in lost.glob("day=*/*.parquet"):
        file.write_bytes(b"damaged")
    with pytest.raises(RemitError):
        renew(settings, POLICY, lambda: NOW)
    assert view_files(settings) == []


def test_views_of_a_purpose_that_is_gone_go_with_a_revocation(settings: Settings) -> None:
    store(settings, {})
    assert pages(settings) == ["/a"]
    left = {name: terms for name, terms in POLICY.purposes.items() if name != REPORT}
    renew(settings, POLICY.model_copy(update={"purposes": left}), lambda: NOW)
    assert view_files(settings) == []
