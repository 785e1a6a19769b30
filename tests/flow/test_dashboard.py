"""A privacy officer's browser on the real dashboard: every page after an import, its figures, its keyboard, its promises."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kit.chromium import Chromium, Visit
from kit.crafted import Crafter, datums, lay, settings_of
from kit.dashboard import (
    AXE,
    PAGES,
    OpenDashboard,
    chart,
    figure,
    get,
    is_wider_than_its_window,
    listened_to,
    open_dashboard,
    violations,
)
from kit.installation import Installation
from kit.parts import RealParts
from kit.quarantined import OLD
from kit.shopping import open_shop
from kit.watching import patience
from remit_cli.sample import sample_lines

LINES = 3_000
LOG = "REMIT_TEST_LOG"
"""Names a large real log for the full proof; it stays where it is."""

VIEW = json.dumps({"ip": "203.0.113.9", "page": "/moving", "platform": "web"}) + "\n"
"""An event as an app emits it."""

THREE_PACKS = """
import sys
from remit import Client, PageView
client = Client("shop", data=sys.argv[1])
for page in ("/a", "/b", "/c"):
    client.emit(PageView(page=page), subject="ann")  # of one subject, so in one lane
    assert client.flush(10)
assert client.close(10)
"""
"""An app that has three packs on the log, one after another."""

END_S = 120.0

QUARANTINED = 7
"""Events of a pack that nobody can read yet."""

IN_LIVE_S = 2.0
"""How long a click may take until it shows."""

WIDTHS = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


@pytest.fixture(scope="module")
def axe(real_parts: RealParts) -> None:
    """The tool that looks for what not everybody can use."""
    if not AXE.is_file():
        real_parts.not_ran("axe-core", "npm has not installed it: make dashboard")
        pytest.skip("axe-core: npm has not installed it")
    real_parts.ran("axe-core")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, *, prove: bool) -> Iterator[Installation]:
    """An installation that has imported a log, and holds it."""
    folder = tmp_path_factory.mktemp("dashboard")
    installed = Installation(folder)
    log = Path(os.environ[LOG]) if prove and LOG in os.environ else folder / "access.log"
    if not log.is_file():
        lines = [line for line, _ in zip(sample_lines(), range(LINES), strict=False)]
        log.write_text("\n".join(lines) + "\n")
    installed.remit("import", "access-log", str(log), "--wait")
    settings = settings_of(installed)
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(QUARANTINED), policy_version=OLD)])
    installed.settle()
    installed.remit("holds", "add", "--ground", "case 17", "--clause", "S108b")
    yield installed
    installed.end_all()


@pytest.fixture(scope="module")
def open_(
    filled: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenDashboard]:
    """Its dashboard, open for the privacy officer."""
    output = tmp_path_factory.mktemp("output") / "dashboard.log"
    with open_dashboard(filled, output, "--officer") as found:
        yield found


@pytest.fixture
def page(open_: OpenDashboard, visit: Visit) -> Page:
    """A tab in a window as wide as a desk."""
    return visit(viewport=WIDTHS[0]).open(open_.address)


@pytest.mark.parametrize("name", ["", *PAGES, "policy/S025a"])
def test_a_page_is_whole_at_both_widths_and_its_own_policy_forbids_nothing_in_it(
    name: str, open_: OpenDashboard, visit: Visit
) -> None:
    for viewport in WIDTHS:
        visitor = visit(viewport=viewport)
        page = visitor.context.new_page()
        said = listened_to(page)
        answer = page.goto(f"{open_.address}/{name}")
        assert answer is not None
        assert answer.status == 200
        page.wait_for_load_state("networkidle") if name != "live" else None
        assert page.locator("h1").count() == 1
        assert not is_wider_than_its_window(page)
        assert said == []
        assert all(one.url.startswith(open_.address) for one in visitor.requests)


def test_the_figures_on_the_pages_are_those_of_the_report(open_: OpenDashboard, page: Page) -> None:
    report = open_.report()
    known = {name: row for name, row in report["categories"].items() if row["values_in"]}
    rows = page.locator("tr[data-category]")
    assert {rows.nth(at).get_attribute("data-category") for at in range(rows.count())} == set(known)
    for name, row in known.items():
        cells = page.locator(f'tr[data-category="{name}"] td').all_inner_texts()
        told = [int(cell.replace(",", "")) for cell in cells[:4]]
        assert told == [row[word] for word in ("values_in", "kept", "reduced", "refused")]
    drawn = chart(page, "flow")
    assert sum(link["value"] for link in drawn["links"]) == sum(
        row["values_in"] for row in known.values()
    )
    page.goto(f"{open_.address}/proof")
    for contract, row in report["contracts"].items():
        for outcome in ("offered", "stored", "refused", "quarantined", "in_flight"):
            cell = f'tr[data-contract="{contract}"] td[data-outcome="{outcome}"]'
            assert figure(page, cell) == row[outcome]
    groups: Any = open_.installed.facts("quarantine", "list")["reasons"]
    assert [one["events"] for one in groups] == [QUARANTINED]
    shown = page.locator(f'tr[data-reason="{groups[0]["reason"]}"]')
    cells = shown.locator("td").all_inner_texts()
    assert cells[:3] == [groups[0]["contract"], str(groups[0]["packs"]), str(QUARANTINED)]
    todo = "Put the file of that version into the policy's folder."
    expect(shown.locator(".todo")).to_have_text(todo)


@pytest.mark.parametrize("by", ["decision", "category", "contract", "source", "function"])
def test_the_chart_over_time_adds_up_to_the_report(
    by: str, open_: OpenDashboard, page: Page
) -> None:
    report = open_.report()
    page.goto(f"{open_.address}/collected?by={by}")
    drawn = sum(sum(one["values"]) for one in chart(page, "over-time")["series"])
    values = sum(row["values_in"] for row in report["categories"].values())
    counted = list(report["contracts"].values())
    # a pack in quarantine was not read, so that nobody knows a source of its events
    outcomes = ("stored",) if by == "source" else ("stored", "quarantined")
    read = sum(row[outcome] for row in counted for outcome in outcomes)
    events = sum(row["offered"] - row["in_flight"] for row in counted)
    assert drawn in ({values} if by in {"decision", "category"} else {read, events})


def test_purposes_over_time_add_up_to_the_report(open_: OpenDashboard, page: Page) -> None:
    page.goto(f"{open_.address}/collected?by=purpose")
    drawn = sum(sum(one["values"]) for one in chart(page, "over-time")["series"])
    assert drawn == sum(row["values_out"] for row in open_.report()["purposes"].values())


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    scheme: str, open_: OpenDashboard, visit: Visit, *, prove: bool
) -> None:
    for viewport in WIDTHS if prove else WIDTHS[scheme == "dark" :][:1]:
        page = visit(viewport=viewport, color_scheme=scheme).open(open_.address)
        for name in (*PAGES, "policy/S025a"):
            page.goto(f"{open_.address}/{name}")
            assert violations(page) == [], name


def test_everything_is_reached_and_done_by_keyboard(open_: OpenDashboard, page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.goto(open_.address)
    for _ in range(2 + PAGES.index("consent") + 1):
        page.keyboard.press("Tab")
    expect(page.locator('nav a[href="/consent"]')).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{open_.address}/consent")
    page.goto(open_.address)
    page.locator("#by").focus()
    with page.expect_response(lambda answer: "by=category" in answer.url):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#over-time")).to_have_attribute("data-chart", re.compile("IP address"))
    expect(page.locator("#by")).to_be_focused()


def test_a_page_speaks_chinese_and_is_dark_where_that_is_asked_for(
    open_: OpenDashboard, visit: Visit
) -> None:
    page = visit(locale="zh-CN").open(open_.address)
    expect(page.locator("h1")).to_have_text("收集情况")
    page.click("text=English")
    expect(page.locator("h1")).to_have_text("Collected")
    page.goto(f"{open_.address}/proof")
    expect(page.locator("h1")).to_have_text("Proof")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("text=Dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_an_open_page_moves_when_something_is_collected(open_: OpenDashboard, page: Page) -> None:
    before = figure(page, ".law .stat .figure >> nth=0")
    page.evaluate("window.marked = true")
    open_.installed.remit("emit", "page_view", "--wait", stdin=VIEW)
    expect(page.locator(".law .stat .figure >> nth=0")).to_have_text(f"{before + 1:,}")
    assert page.evaluate("window.marked")
    assert before + 1 == sum(row["offered"] for row in open_.report()["contracts"].values())


def test_a_request_is_taken_and_worked_on_the_page(open_: OpenDashboard, page: Page) -> None:
    page.goto(f"{open_.address}/requests")
    page.fill("#subject", "a person of the test")
    page.select_option("#right", "withdraw")
    page.click(".fields-form button")
    expect(page.locator(".request")).to_have_count(1)
    assert "a person of the test" not in page.content()
    page.select_option("select[name=proof]", "account_login")
    page.click("button:has-text('Verified')")
    page.click("text=Delay or deny it")
    page.click("text=Deny and close")
    expect(page.locator(".request")).to_have_count(0)
    listed: Any = open_.installed.facts("requests", "list", "--all")["requests"]
    assert [row["state"] for row in listed] == ["denied"]


def test_a_look_at_rows_is_on_record_and_shows_no_subject(open_: OpenDashboard, page: Page) -> None:
    page.goto(f"{open_.address}/live")
    expect(page.locator(".event").first).to_contain_text("page_view")
    reads = open_.report()["reads"]["essential.service.operations"]
    page.reload()
    assert open_.report()["reads"]["essential.service.operations"]["done"] == reads["done"] + 1
    packs = set(open_.installed.rows("page_view").column("pack").to_pylist())
    assert not [pack for pack in packs if pack in page.content()]


def test_who_is_no_officer_sees_no_value_and_works_no_request(
    filled: Installation, visit: Visit, tmp_path: Path
) -> None:
    with open_dashboard(filled, tmp_path / "reader.log") as found:
        page = visit().open(f"{found.address}/live")
        expect(page.locator(".event").first).to_contain_text("page_view")
        assert page.locator(".field .value").count() == 0
        page.goto(f"{found.address}/requests")
        assert page.locator("form").count() == 0
        script = "() => fetch('/requests/new', {method: 'POST', body: 'subject=x&right=access'}).then((a) => a.status)"
        assert page.evaluate(script) == 403


def test_a_visitors_click_is_seen_live_within_two_seconds(
    embedded: Installation, visit: Visit, tmp_path: Path
) -> None:
    with open_shop(embedded, tmp_path / "up.log", "--officer") as shop:
        visitor = visit().open(shop.address)
        watching = visit().open(f"{shop.edge}/live")
        shop.wait_for("/")
        expect(watching.locator(".event").first).to_be_visible()
        visitor.click("a[href^='/tea/'] >> nth=0")
        expect(watching.locator(".value", has_text="/tea/").first).to_be_visible(
            timeout=IN_LIVE_S * 1_000 * patience()
        )


@pytest.fixture
def broken(filled: Installation, tmp_path: Path) -> Installation:
    """A copy that a test may break."""
    copied = Installation(tmp_path)
    shutil.copytree(filled.data, copied.data)
    for name in ("keys", "vault"):
        shutil.copytree(filled.data.parent / name, tmp_path / name)
    return copied


def seen_broken(installed: Installation, visit: Visit, tmp_path: Path) -> dict[str, str]:
    """The checks that Proof shows as broken, each with what was seen and what to do; it looks until the check is done."""
    with open_dashboard(installed, tmp_path / "broken.log") as found:
        page = visit().open(f"{found.address}/proof")
        expect(page.locator("p.breach")).to_be_visible()
        rows = page.locator("tr[data-check]", has=page.locator(".badge.open"))
        told = {str(row.get_attribute("data-check")): row.inner_text() for row in rows.all()}
        assert all(row.locator(".todo").count() for row in rows.all())
        return told


@pytest.mark.clause("S110e")
def test_a_pack_that_never_came_shows_on_proof_with_what_to_do(
    embedded: Installation, visit: Visit, tmp_path: Path
) -> None:
    embedded.prepare()
    before = set(_packs(embedded))
    program = embedded.program(THREE_PACKS, embedded.data)
    assert program.wait(END_S) == 0
    _, lost, _ = [pack for pack in _packs(embedded) if pack not in before]
    lost.unlink()
    embedded.settle()
    told = seen_broken(embedded, visit, tmp_path)
    assert set(told) == {"sequences", "conservation"}
    assert "1 packs are missing" in told["sequences"]
    assert "Look for their files in the spool" in told["sequences"]


def _packs(installed: Installation) -> list[Path]:
    """The packs in the spool, in their order."""
    return sorted((installed.data / "spool").glob("slot-*/*.pack"))


@pytest.mark.clause("S110e")
def test_a_tampered_receipt_shows_on_proof_with_what_to_do(
    broken: Installation, visit: Visit, tmp_path: Path
) -> None:
    _tamper(broken.data / "lake" / "events" / "page_view" / "_delta_log")
    told = seen_broken(broken, visit, tmp_path)
    assert "restore from a backup" in told["chain"]


@pytest.mark.clause("S110e")
def test_a_lake_that_ends_before_its_last_anchor_shows_on_proof_with_what_to_do(
    broken: Installation, visit: Visit, tmp_path: Path
) -> None:
    lake, older = broken.data / "lake", tmp_path / "older"
    shutil.copytree(lake, older)
    broken.remit("emit", "page_view", "--wait", stdin=VIEW)
    broken.remit("anchor")
    shutil.rmtree(lake)
    shutil.copytree(older, lake)
    told = seen_broken(broken, visit, tmp_path)
    assert "the file of the witness" in told["anchors"]


@pytest.mark.clause("S110e")
def test_a_planted_address_shows_on_proof_with_its_place_and_what_to_do_and_is_not_repeated(
    broken: Installation, visit: Visit, tmp_path: Path
) -> None:
    (broken.data / "lake" / "left.log").write_text("203.0.113.77 - - GET / HTTP/1.1\n")
    told = seen_broken(broken, visit, tmp_path)
    assert set(told) == {"residue"}
    assert "lake/left.log: 1 ipv4" in told["residue"]
    assert "Remove that file" in told["residue"]
    assert "203.0" not in told["residue"]


def test_the_evidence_that_is_downloaded_on_proof_holds_on_its_own(
    open_: OpenDashboard, page: Page, tmp_path: Path
) -> None:
    open_.installed.remit("anchor")
    page.goto(f"{open_.address}/proof")
    page.click("text=Check everything now")
    expect(page.locator('tr[data-check="anchors"]')).to_contain_text("holds")
    with page.expect_download() as came:
        page.click("text=Download the evidence bundle")
    assert came.value.suggested_filename == "remit-evidence.zip"
    bundle = tmp_path / "evidence.zip"
    came.value.save_as(bundle)
    found: Any = open_.installed.facts("verify", str(bundle))
    assert found["holds"]
    bundle.write_bytes(bundle.read_bytes()[:-64])
    open_.installed.remit("verify", str(bundle), expect=2)


def _tamper(log: Path) -> None:
    """Change one count in a receipt."""
    for file in sorted(log.glob("*.json")):
        lines: list[Any] = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            if receipt := line.get("commitInfo", {}).get("remit"):
                told = json.loads(receipt)
                told["events"]["stored"] += 1
                line["commitInfo"]["remit"] = json.dumps(
                    told, sort_keys=True, separators=(",", ":")
                )
                file.write_text("\n".join(map(json.dumps, lines)) + "\n")
                return
    raise AssertionError("no commit has a receipt")


def test_beyond_this_machine_the_printed_address_opens_the_door_once(
    filled: Installation, visit: Visit, tmp_path: Path
) -> None:
    with open_dashboard(filled, tmp_path / "all.log", "--host", "0.0.0.0") as found:  # noqa: S104 - what is tested
        entrance = found.address.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - as above
        root = entrance.partition("/enter")[0]
        assert get(f"{root}/collected")[0] == 403
        visitor = visit()
        page = visitor.open(entrance)
        expect(page.locator("h1")).to_have_text("Collected")
        [cookie] = [one for one in visitor.context.cookies() if one["name"] == "remit_session"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        assert get(entrance)[0] == 403
        assert get(f"{root}/collected")[0] == 403


def test_a_page_elsewhere_can_neither_ask_under_its_own_name_nor_send_a_form(
    open_: OpenDashboard,
) -> None:
    assert get(f"{open_.address}/", Host="rebound.example")[0] == 403
    assert get(f"{open_.address}/", Host="localhost:1")[0] == 200


def test_every_answer_allows_no_script_or_style_of_its_own(open_: OpenDashboard) -> None:
    for name in ("", *PAGES):
        _, headers, text = get(f"{open_.address}/{name}")
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)
        assert "http://" not in text.replace(open_.address, "") or name == "policy"


def test_a_dashboard_of_an_empty_folder_says_what_to_do_next(
    embedded: Installation, chromium: Chromium, tmp_path: Path
) -> None:
    embedded.prepare()
    with (
        open_dashboard(embedded, tmp_path / "empty.log") as found,
        chromium.visitor(tmp_path / "p") as visitor,
    ):
        page = visitor.open(found.address)
        for name in PAGES:
            page.goto(f"{found.address}/{name}")
            assert page.locator("h1").count() == 1
        page.goto(found.address)
        expect(page.locator(".empty")).to_contain_text("remit import")
