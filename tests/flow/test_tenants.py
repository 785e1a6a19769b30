"""Two tenants through one producer: every event is accounted for, and no pseudonym crosses."""

import json
from pathlib import Path

import pytest

from kit.installation import Installation, each_once

EVENTS = 300
"""Enough for several lanes to hold open packs of both tenants at once."""


def test_events_of_two_tenants_are_all_accounted_for_and_share_no_pseudonym(tmp_path: Path) -> None:
    shop = Installation(tmp_path)
    lines = [
        json.dumps(
            {"page": "/a", "subject": f"user{n // 2 % 10}", "tenant": ("anna", "ben")[n % 2]}
        )
        for n in range(EVENTS)
    ]
    shop.remit("emit", "page_view", "--wait", stdin="\n".join(lines) + "\n")
    told = shop.contract("page_view")
    assert (told["offered"], told["stored"], told["in_flight"]) == (EVENTS, EVENTS, 0)
    rows = shop.rows("page_view")
    assert each_once(rows)
    assert len(rows.column("subject").unique()) == 20
    assert not shop.breaches()


def test_tenants_and_campaigns_are_registered_refused_and_reported(tmp_path: Path) -> None:
    shop = Installation(tmp_path)
    shop.remit("tenants", "set", "anna", "--edition", "basic")
    shop.remit("campaigns", "open", "spring", "--from", "2026-03-01", "--until", "2026-03-31")
    listed = json.loads(shop.remit("tenants", "list", "--json").stdout)
    assert listed == {"tenants": {"anna": {"edition": "basic", "modules": []}}}
    lines = [json.dumps({"page": "/a", "subject": "ann", "tenant": t}) for t in ("anna", "ben")]
    shop.remit("emit", "page_view", "--wait", stdin="\n".join(lines) + "\n", expect=1)
    told = shop.contract("page_view")
    assert (told["offered"], told["stored"], told["in_flight"]) == (2, 1, 0)
    assert shop.rows("page_view").column("tenant").to_pylist() == ["anna"]
    assert not shop.breaches()
    shop.remit("campaigns", "close", "spring")
    shop.remit("tenants", "remove", "anna")
    assert json.loads(shop.remit("campaigns", "list", "--json").stdout) == {"campaigns": {}}


def test_a_tenants_report_has_its_own_figures_and_nothing_of_anybody_else(tmp_path: Path) -> None:
    shop = Installation(tmp_path)
    lines = [
        json.dumps({"page": "/a", "subject": f"user{n}", "tenant": ("anna", "benedict")[n % 3 > 1]})
        for n in range(30)
    ]
    shop.remit("emit", "page_view", "--wait", stdin="\n".join(lines) + "\n")
    figures = {}
    for tenant in ("anna", "benedict"):
        told = json.loads(shop.remit("report", "--tenant", tenant, "--json").stdout)
        figures[tenant] = told["contracts"]["page_view"]
        other = {"anna": "benedict", "benedict": "anna"}[tenant]
        printed = shop.remit("report", "--tenant", tenant).stdout
        assert not told["untold"]
        assert other not in json.dumps(told)
        assert other not in printed
    assert figures["anna"]["stored"] == 20
    assert figures["benedict"]["stored"] == 10
    whole = shop.contract("page_view")
    assert {name: sum(one[name] for one in figures.values()) for name in whole} == whole
    missing = shop.remit("report", "--tenant", "carol", expect=2)
    assert "there is no such tenant" in missing.stderr
    assert not shop.breaches()


def test_an_import_says_whose_log_it_is_once_tenants_are_registered(tmp_path: Path) -> None:
    shop = Installation(tmp_path)
    shop.remit("tenants", "set", "anna", "--edition", "business")
    log = tmp_path / "app.log"
    log.write_text("started\nstopped\n")
    refused = shop.remit("import", "log", str(log), expect=2)
    assert "--tenant NAME" in refused.stderr
    unknown = shop.remit("import", "log", str(log), "--tenant", "carol", expect=2)
    assert "there is no such tenant" in unknown.stderr
    shop.remit("import", "log", str(log), "--tenant", "anna", "--wait")
    assert set(shop.rows("service_log")["tenant"].to_pylist()) == {"anna"}
    assert not shop.breaches()


@pytest.mark.clause("S016")
def test_a_consent_to_a_tenant_that_left_can_be_taken_back_and_its_views_follow(
    tmp_path: Path,
) -> None:
    shop = Installation(tmp_path)
    for tenant in ("anna", "benedict"):
        shop.remit("tenants", "set", tenant, "--edition", "business")
    to = ("--purpose", "analytics.reporting", "--tenant", "anna", "--wait")
    shop.remit("consent", "give", "-", *to, stdin="x")
    event = {"page": "/a", "subject": "x", "tenant": "anna", "referrer": "https://a.example/"}
    shop.remit("emit", "page_view", "--wait", stdin=json.dumps(event) + "\n")
    shop.remit("views", "build", "--purpose", "analytics.reporting")
    view = "views/analytics.reporting/page_view/tenant=anna/*.parquet"
    assert len(list(shop.data.glob(view))) == 1
    shop.remit("tenants", "remove", "anna")
    shop.remit("consent", "give", "-", *to, stdin="x", expect=1)
    shop.remit("consent", "withdraw", "-", *to, stdin="x")
    assert not list(shop.data.glob(view))
    shown = shop.facts("consent", "show", "-", "--tenant", "anna", stdin="x")["purposes"]
    assert isinstance(shown, dict)
    assert not shown["analytics.reporting"]["granted"]
    assert not shop.breaches()
