"""A real Chromium clicks through the demonstration shop; what of it reaches the lake, and what never leaves the browser."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from kit.chromium import GPC, Visit, Visitor, storage
from kit.installation import Installation, each_once
from kit.shopping import OpenShop, open_shop
from kit.watching import until
from remit_schemas.contract import builtin

ANALYTICS, IMPROVE = "analytics.reporting", "functional.service.improve"
OPTIONAL = ("viewport", "utc_offset", "hardware_cpu", "hardware_memory", "referrer_domain")
"""Columns of a page view that need an agreement and that the tracker can fill."""

ENVELOPE = {"session", "batch", "sent_at", "events"}
CONSENT = {
    "session",
    "batch",
    "sent_at",
    "given",
    "refused",
    "withdrawn",
    "method",
    "policy_version",
}
FILLED_BY_THE_EDGE = {"ip", "user_agent", "language", "platform", "collected_at"}


@pytest.fixture
def shop(embedded: Installation, tmp_path: Path) -> Iterator[OpenShop]:
    """The shop, open."""
    with open_shop(embedded, tmp_path / "up.log") as opened:
        yield opened


def go(page: Page, text: str) -> None:
    """Click what has this text, and have the page view of where that leads answered."""
    page.click(f"text={text}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until everything this page had to say was answered."""
    page.wait_for_load_state()
    page.evaluate("new Promise((done) => setTimeout(done))")
    assert page.evaluate("remit.flush()")


def optional_of(shop: OpenShop, page: str) -> dict[str, object]:
    """What the lake holds in the optional columns of the one view of a page."""
    row = shop.view_of(page)
    return {name: row[name] for name in OPTIONAL if row.get(name) is not None}


def only_named_fields_left(visitor: Visitor, shop: OpenShop) -> None:
    """See that requests hold what the contract names, and nothing that browsers add by themselves; and go nowhere else."""
    names = {field.name for field in builtin().by_name("page_view").fields}
    allowed = names - FILLED_BY_THE_EDGE | {"contract"}
    assert all(one.url.startswith((shop.address, shop.edge)) for one in visitor.requests)
    asked = [one for one in visitor.requests if one.url.startswith(shop.edge)]
    assert not {"cookie", "authorization"} & {name for one in asked for name in one.all_headers()}
    posts = [one for one in asked if one.method == "POST"]
    assert posts
    for request in posts:
        assert not request.all_headers().get("referer")
        assert re.fullmatch(rf"{shop.edge}/v1/(events|consent)\?key=[\w-]+", request.url)
        body: dict[str, Any] = json.loads(request.post_data or "")
        if "/v1/events" in request.url:
            assert set(body) == ENVELOPE
            assert {name for event in body["events"] for name in event} <= allowed
        else:
            assert set(body) == CONSENT
    others = {one.url for one in asked if one not in posts}
    assert others == {f"{shop.edge}/remit.js", f"{shop.edge}/v1/policy/summary"}


@pytest.fixture
def chinese(visit: Visit) -> Visitor:
    """A visitor from Shanghai, on a laptop."""
    window = {"width": 1280, "height": 800}
    return visit(locale="zh-CN", timezone_id="Asia/Shanghai", viewport=window)


def take_back(page: Page, purpose: str, then: str) -> None:
    """Withdraw a purpose on the page of settings, and open a page after it."""
    go(page, "Privacy")
    page.click(f"input[name='{purpose}']")
    page.goto(then)
    settle(page)


def test_what_a_visitor_agrees_to_arrives_minimized_and_what_is_withdrawn_no_longer(
    chinese: Visitor, shop: OpenShop
) -> None:
    page = chinese.open(shop.address)
    settle(page)
    assert storage(page) == {"local": {}, "session": {}, "cookie": {}}
    go(page, "Agree to all")
    go(page, "First Rain")
    shop.wait_for("/tea/first-rain")  # from a withdrawal on nothing more is stored, not even this
    take_back(page, IMPROVE, f"{shop.address}/tea/old-ledger")
    shop.wait_for("/tea/old-ledger")
    take_back(page, ANALYTICS, f"{shop.address}/tea/blue-hour")
    assert storage(page)["session"] == {}
    shop.wait_for("/", "/tea/first-rain", "/tea/old-ledger", "/tea/blue-hour")

    classes = {"viewport": "medium", "utc_offset": "+08:00"}
    machine = optional_of(shop, "/tea/first-rain")
    assert machine.pop("hardware_cpu") in ("1-2", "3-4", "5-8", "9+")
    assert machine.pop("hardware_memory") in ("2", "4", "8", "16", "32+")
    assert machine == optional_of(shop, "/tea/old-ledger") == classes
    assert optional_of(shop, "/") == optional_of(shop, "/tea/blue-hour") == {}
    only_named_fields_left(chinese, shop)


@pytest.mark.clause("S089")
def test_a_visitor_gets_a_receipt_by_the_name_that_the_page_was_told(
    visit: Visit, shop: OpenShop, embedded: Installation
) -> None:
    page = visit().open(shop.address)
    settle(page)
    page.evaluate("remit.consent({given: ['analytics.reporting'], method: 'banner'})")
    settle(page)
    (name,) = page.evaluate("remit.records")

    def receipts(record: str) -> list[dict[str, Any]]:
        words = ("consent", "receipt", "-", "--by-record", "--json")
        told = json.loads(embedded.remit(*words, stdin=record).stdout)
        return [one["receipt"] for one in told["receipts"]]

    until(lambda: bool(receipts(name)), "the choice is not in the ledger")
    (receipt,) = receipts(name)
    assert (receipt["record_id"], receipt["event_type"]) == (name, "dpv:ConsentGiven")
    assert receipts(f"{name}9") == receipts("canary") == []


def test_what_a_request_carries_and_what_a_visitor_says_arrive_minimized(
    chinese: Visitor, shop: OpenShop
) -> None:
    page = chinese.open(shop.address)
    go(page, "Agree to all")
    take_back(page, IMPROVE, f"{shop.address}/basket?token=secret")
    shop.wait_for("/", "/privacy", "/basket")
    until(lambda: len(shop.rows("consent_change")) == 3, "not every consent change arrived")
    views = shop.rows("page_view")
    assert {(row["language"], row["ip"], row["platform"]) for row in views} == {
        ("zh", "127.0.0.0", "web")
    }
    assert all(isinstance(t := row["occurred_at"], datetime) and t.second == 0 for row in views)
    assert not {body["session"] for body in chinese.bodies()} & {row["subject"] for row in views}
    columns = ("purpose", "status", "method", "agreed_version")
    said = {tuple(row[name] for name in columns) for row in shop.rows("consent_change")}
    assert said == {
        (ANALYTICS, "given", "banner", "2021-11-01"),
        (IMPROVE, "given", "banner", "2021-11-01"),
        (IMPROVE, "withdrawn", "settings", "2021-11-01"),
    }


def test_the_steps_of_a_single_page_part_are_page_views_and_the_way_back_is_one(
    visit: Visit, shop: OpenShop
) -> None:
    visitor = visit()
    page = visitor.open(f"{shop.address}/tea/red-thread")
    go(page, "Refuse all")
    page.click("#add")
    page.click("nav >> text=Basket")
    settle(page)
    go(page, "To the checkout")
    for _ in range(3):
        page.click("#next")
        settle(page)
    page.go_back()
    page.wait_for_selector("#next")
    settle(page)
    until(lambda: len(shop.pages()) == 7, "not every page view arrived")
    assert sorted(map(str, shop.pages())) == [
        "/basket",
        "/checkout/address",
        "/checkout/delivery",
        "/checkout/done",
        "/checkout/pay",
        "/checkout/pay",
        "/tea/red-thread",
    ]
    assert not [row for row in shop.rows("page_view") if any(row.get(name) for name in OPTIONAL)]
    until(lambda: len(shop.rows("consent_change")) == 2, "the refusals did not arrive")
    assert {row["status"] for row in shop.rows("consent_change")} == {"refused"}
    only_named_fields_left(visitor, shop)


@pytest.mark.parametrize("how", [{"arguments": [GPC]}, {"do_not_track": True}], ids=["gpc", "dnt"])
def test_with_the_browsers_own_no_nothing_optional_leaves_it(
    visit: Visit, shop: OpenShop, how: dict[str, Any]
) -> None:
    visitor = visit(**how)
    page = visitor.open(shop.address)
    settle(page)
    assert page.query_selector(".banner") is None
    assert (
        page.evaluate("(p) => remit.consent({given: p}) && remit.given", [ANALYTICS, IMPROVE]) == []
    )
    go(page, "White Noise")
    go(page, "Privacy")
    assert page.is_disabled(f"input[name='{IMPROVE}']")
    shop.wait_for("/", "/tea/white-noise", "/privacy")
    assert not [row for row in shop.rows("page_view") if any(row.get(name) for name in OPTIONAL)]
    sent = {
        name for body in visitor.bodies("/v1/events") for event in body["events"] for name in event
    }
    assert sent == {"contract", "occurred_at", "page"}
    assert shop.rows("consent_change") == []  # a session that never agreed has nothing to take back
    only_named_fields_left(visitor, shop)


def test_what_was_seen_without_network_arrives_once_also_when_an_answer_is_lost(
    visit: Visit, shop: OpenShop
) -> None:
    visitor = visit()
    page = visitor.open(f"{shop.address}/checkout/address")
    go(page, "Agree to all")
    visitor.context.set_offline(True)
    for _ in range(3):
        page.click("#next")
        page.evaluate("new Promise((done) => setTimeout(done))")
    lost: list[int] = []

    def lose_once(route: Route) -> None:
        """Let the edge take it, and lose what it answers, once."""
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/v1/events*", lose_once)
    visitor.context.set_offline(False)
    until(lambda: bool(page.evaluate("remit.flush()")), "never answered")
    assert lost == [202]
    go(page, "Back to the teas")
    shop.wait_for("/", "/checkout/address", "/checkout/delivery", "/checkout/pay", "/checkout/done")
    assert len(shop.pages()) == len(set(shop.pages())) == 5
    names = [(body["session"], body["batch"]) for body in visitor.bodies("/v1/events")]
    assert len(names) > len(set(names))  # it was sent again, under the same name
    assert optional_of(shop, "/checkout/done")["viewport"]
    assert each_once(shop.installed.rows("page_view"))


def test_what_happens_while_a_page_goes_arrives(visit: Visit, shop: OpenShop) -> None:
    page = visit().open(shop.address)
    settle(page)
    page.evaluate("addEventListener('pagehide', () => remit.page('/left'))")
    page.close(run_before_unload=True)
    shop.wait_for("/left")
    assert len(shop.pages()) == 2
