"""A real Chromium opens somebody's own page by a link that the command made: once, with nothing left of it in the address."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.chromium import Visit
from kit.dashboard import AXE, violations
from kit.installation import Installation
from kit.ports import free_port
from kit.watching import until


@pytest.fixture
def address(embedded: Installation, tmp_path: Path) -> Iterator[str]:
    """Where the page is of an installation that saw ann."""
    event = {"page": "/cart", "language": "fr-FR", "status": 201, "subject": "ann"}
    embedded.remit("emit", "page_view", "--wait", stdin=f"{json.dumps(event)}\n")
    port, log = free_port(), tmp_path / "up.log"
    embedded.start_into(log, "up", "--port", str(port))
    until(lambda: "/healthz" in log.read_text(), "it does not serve")
    yield f"http://127.0.0.1:{port}/my/"
    assert "canary" not in log.read_text()
    embedded.end_all()


@pytest.mark.clause("S077a", "S089")
def test_a_link_opens_the_page_once_and_a_consent_changes_there(
    embedded: Installation, address: str, visit: Visit
) -> None:
    made = embedded.facts("subject", "link", "-", "--at", address, stdin="ann")
    link, code = str(made["link"]), str(made["code"])
    token = link.partition("#")[2]
    visitor = visit()
    page = visitor.open(link)
    page.wait_for_selector("text=What is held about you")
    assert page.url == address
    assert page.locator("h1").count() == 1
    assert "Language used" in page.inner_text("main")
    assert not any(token in one.url for one in visitor.requests)
    assert not any(one.headers.get("referer") for one in visitor.requests)
    assert page.evaluate("document.cookie") == ""

    row = page.locator("tr", has_text="recommend things")
    row.get_by_role("button", name="Agree").click()
    page.wait_for_selector("[role=status]")

    def agrees() -> bool:
        page.goto(address)
        return "since" in row.inner_text()

    until(agrees, "the consent does not show")
    with page.expect_download() as came:
        page.fill("#code", code)
        page.click("text=Get the file")
    assert came.value.suggested_filename.endswith(".zip")
    assert visitor.problems == []

    other = visit()
    again = other.open(link)
    again.wait_for_selector("[role=alert]")
    assert "Ask for another" in again.inner_text("main")


def test_the_page_fits_a_phone_and_every_field_has_a_name(
    embedded: Installation, address: str, visit: Visit
) -> None:
    made = embedded.facts("subject", "link", "-", "--at", address, stdin="ann")
    visitor = visit(viewport={"width": 360, "height": 640}, locale="zh-CN")
    page = visitor.open(str(made["link"]))
    page.wait_for_selector("text=获取与您有关的全部数据")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    unnamed = """[...document.querySelectorAll("input:not([type=hidden]), select, button")]
        .filter((one) => !(one.labels?.length || one.textContent.trim()))
        .map((one) => one.outerHTML)"""
    assert page.evaluate(unnamed) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.skipif(not AXE.is_file(), reason="npm has not installed axe-core: make dashboard")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_page(
    scheme: str, embedded: Installation, address: str, visit: Visit
) -> None:
    made = embedded.facts("subject", "link", "-", "--at", address, stdin="ann")
    page = visit(color_scheme=scheme).open(address)
    assert violations(page) == []
    page.goto("about:blank")  # else the link is but another fragment of the same page
    page.goto(str(made["link"]))
    page.wait_for_selector("#held")
    assert violations(page) == []
