"""A browser of each role at the real dashboard: logs in at a provider on another site, sees what it may, is refused the rest, leaves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kit.chromium import Visit
from kit.dashboard import (
    AXE,
    PAGES,
    OpenDashboard,
    is_wider_than_its_window,
    listened_to,
    open_dashboard,
    violations,
)
from kit.identity_provider import AUDIENCE, CLIENT, IdentityProvider, identity_provider
from kit.installation import Installation
from kit.parts import RealParts
from kit.ports import free_port
from remit_cli.sample import sample_lines
from remit_consumers.access.provider import BACK
from remit_consumers.access.roles import Act, Role, act_of, may
from remit_consumers.dashboard.gate import COOKIE

LINES = 200
PATIENCE_MS = 30_000
CONFIGURED = """
issuer: {issuer}
audience: {audience}
roles: {{analyst: analyst, privacy_officer: privacy_officer, operator: operator, auditor: auditor}}
login: {{client: {client}, back: "{back}"}}
"""
NAMES = {
    Role.ANALYST: "Analyst",
    Role.OFFICER: "Privacy officer",
    Role.OPERATOR: "Operator",
    Role.AUDITOR: "Auditor",
}
WIDTHS = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})
LOOKS = [(width, scheme) for width in range(len(WIDTHS)) for scheme in ("light", "dark")]


@dataclass(frozen=True, slots=True)
class House:
    """A dashboard that is open to whoever has a role at the provider.

    Attributes:
        dashboard: It.
        address: Where it is, without a token.
        theirs: The provider, under another name: to a browser another site.
    """

    dashboard: OpenDashboard
    address: str
    theirs: IdentityProvider

    def log_in(self, page: Page, role: str) -> None:
        """Log in as a person does, from the door."""
        page.goto(self.address)
        page.click("text=Log in with your organisation")
        expect(page).to_have_title("Provider")
        page.fill("[name=role]", role)
        page.click("button")

    def invited(self, name: str, role: Role, *options: str) -> str:
        """The address that a one-time token opens."""
        invited = self.dashboard.installed.remit("access", "invite", name, "--role", role, *options)
        return f"{self.address}/enter?token={invited.stdout.split()[-1]}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("roles")
    installed, port, log = Installation(folder), free_port(), folder / "access.log"
    log.write_text(
        "\n".join(line for line, _ in zip(sample_lines(), range(LINES), strict=False)) + "\n"
    )
    installed.remit("import", "access-log", str(log), "--wait")
    address = f"http://127.0.0.1:{port}"
    with identity_provider("localhost") as theirs:
        theirs.back = f"{address}{BACK}"
        said = CONFIGURED.format(
            issuer=theirs.issuer, audience=AUDIENCE, client=CLIENT, back=theirs.back
        )
        (folder / "keys" / "identity.yaml").write_text(said)
        everywhere = ("--host", "0.0.0.0", "--port", str(port))  # noqa: S104 - so that the door is shut
        with open_dashboard(installed, folder / "dashboard.log", *everywhere) as found:
            yield House(found, address, theirs)
    installed.end_all()


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Room for a machine with much else to do."""
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)  # Playwright's own


@pytest.mark.parametrize("role", Role)
def test_a_role_logs_in_sees_what_it_may_and_is_refused_the_rest(
    role: Role, house: House, visit: Visit
) -> None:
    visitor = visit(viewport=WIDTHS[0])
    page = visitor.context.new_page()
    house.log_in(page, role)
    expect(page).to_have_url(f"{house.address}/")
    expect(page.locator(".who")).to_have_text(NAMES[role])
    offered = {link.get_attribute("href") for link in page.locator("nav a").all()}
    may_see = {name for name in PAGES if (act := act_of("GET", f"/{name}")) and may(role, act)}
    assert offered == {f"/{name}" for name in may_see}
    for name in PAGES:
        answer = page.goto(f"{house.address}/{name}")
        assert answer is not None
        assert answer.status == (200 if name in may_see else 403), name
    [cookie] = [one for one in visitor.context.cookies() if one["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.goto(f"{house.address}/requests")
    script = """() => fetch('/requests/new', {method: 'POST', body: new URLSearchParams({
        form: document.querySelector('[name=form]')?.value ?? '', subject: 'ann', right: 'access',
        requester: 'self', channel: 'support'})}).then((answer) => answer.status)"""
    page.goto(f"{house.address}/policy")
    taken = page.evaluate(script)
    assert (taken == 200) is may(role, Act.WORK_REQUESTS)
    page.click(".choices button")
    expect(page.locator("main")).to_contain_text("You have left")
    answer = page.goto(f"{house.address}/collected")
    assert answer is not None
    assert answer.status == 403


def test_who_has_no_role_at_the_provider_is_told_so_and_is_not_in(
    house: House, visit: Visit
) -> None:
    visitor = visit()
    page = visitor.context.new_page()
    house.log_in(page, "sales")
    expect(page.locator("[role=alert]")).to_contain_text("no role here")
    assert not [one for one in visitor.context.cookies() if one["name"] == COOKIE]


def test_a_form_of_another_site_does_nothing_for_who_is_logged_in(
    house: House, visit: Visit
) -> None:
    visitor = visit()
    page = visitor.context.new_page()
    house.log_in(page, Role.OFFICER)
    expect(page).to_have_url(f"{house.address}/")
    page.goto(f"{house.theirs.issuer}/authorize?elsewhere")
    with page.expect_response(f"{house.address}/leave") as came:
        page.evaluate(
            """(to) => { const form = document.createElement('form'); form.method = 'post'; form.action = to;
            document.body.append(form); form.submit() }""",
            f"{house.address}/leave",
        )
    assert came.value.status == 403
    page.wait_for_url(f"{house.address}/leave")
    page.goto(house.address)
    expect(page.locator(".who")).to_have_text("Privacy officer")


def test_who_is_bound_to_a_tenant_starts_where_they_may_and_takes_requests_of_it_alone(
    house: House, visit: Visit
) -> None:
    page = visit().open(house.invited("of a", Role.OFFICER, "--tenant", "shop-a"))
    expect(page).to_have_url(f"{house.address}/policy")
    links = [link.get_attribute("href") for link in page.locator("nav a").all()]
    assert links == ["/live", "/policy", "/requests"]
    page.goto(f"{house.address}/requests")
    expect(page.locator("#tenant")).to_have_count(0)
    expect(page.locator(".request")).to_have_count(0)
    page.fill("#subject", "ann")
    page.click(".fields-form button")
    expect(page.locator(".request")).to_have_count(1)
    other = visit().open(house.invited("of b", Role.OFFICER, "--tenant", "shop-b"))
    other.goto(f"{house.address}/requests")
    expect(other.locator(".request")).to_have_count(0)
    answer = other.goto(f"{house.address}/collected")
    assert answer is not None
    assert answer.status == 403
    found: Any = house.dashboard.installed.facts("requests", "list", "--all")["requests"]
    assert "shop-a" in [one["tenant"] for one in found]
    assert "shop-b" not in [one["tenant"] for one in found]


def test_the_audit_shows_who_was_let_in_to_what_and_refused_what(
    house: House, visit: Visit
) -> None:
    page = visit().open(house.invited("an auditor", Role.AUDITOR))
    assert page.goto(f"{house.address}/live") is not None
    script = "() => fetch('/requests/new', {method: 'POST', body: new URLSearchParams({form: document.querySelector('[name=form]').value})}).then((a) => a.status)"
    assert page.evaluate(script) == 403
    page.goto(f"{house.address}/audit")
    rows = page.locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("See this audit")
    expect(rows.nth(1)).to_contain_text("Take or work a request")
    expect(rows.nth(1)).to_contain_text("the role may not")
    assert "an auditor" not in page.content()
    page.select_option("#outcome", "refused")
    page.click("form.inline button")
    expect(page).to_have_url(f"{house.address}/audit?outcome=refused")
    assert {row.get_attribute("data-outcome") for row in rows.all()} == {"refused"}
    read: Any = house.dashboard.installed.facts("access", "audit")["reads"]
    assert read[-1]["tables"] == "dashboard:see_audit"


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_door_and_the_audit_are_whole_and_can_be_used_by_everybody(
    width: int, scheme: str, house: House, visit: Visit, real_parts: RealParts
) -> None:
    if not AXE.is_file():
        real_parts.not_ran("axe-core", "npm has not installed it: make dashboard")
        pytest.skip("axe-core: npm has not installed it")
    real_parts.ran("axe-core")
    page = visit(viewport=WIDTHS[width], color_scheme=scheme).context.new_page()
    entrance = house.invited(f"looking {width} {scheme}", Role.OFFICER)
    for address in (house.address, f"{house.address}/enter?token=none"):
        page.goto(address)
        assert violations(page) == []
        assert not is_wider_than_its_window(page)
    said = listened_to(page)
    page.goto(entrance)
    page.goto(f"{house.address}/audit")
    assert violations(page) == []
    assert not is_wider_than_its_window(page)
    assert said == []
