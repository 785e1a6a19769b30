"""Forms, cookies and headers of every page: nothing is changed from a page that is not of this session, and no answer is open to others."""

import asyncio
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from kit.dashboard import get
from kit.entering import WORD, enter, own_word, post
from kit.sites import Served, make_site, served
from kit.tree import ROOT
from remit_consumers.access.roles import ROUTES, Role
from remit_consumers.dashboard.app import dashboard
from remit_consumers.dashboard.forms import FIELDS_MAX, FORM_BYTES_MAX
from remit_consumers.dashboard.gate import TLS_COOKIE
from remit_consumers.dashboard.paths import ASSETS, ENTRANCE, PAGES
from remit_consumers.lake.queries import history
from remit_consumers.requests.opened import open_register

TEMPLATES = (
    ROOT / "consumers" / "remit_consumers" / "dashboard" / "templates",
    ROOT / "consumers" / "remit_consumers" / "my" / "templates",
)
NEW = b"right=access&requester=self&channel=support&subject=ann&"
POSTS = sorted(key[5:] for key in ROUTES if key.startswith("POST /") and "/v1/" not in key)
ANSWERS = ("/", *(f"/{name}" for name in PAGES), "/policy/S025a", "/policy/none", "/nothing")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(make_site(tmp_path_factory.mktemp("forms"), Role.AUDITOR, is_open=False)) as found:
        yield found


def requests_of(door: Served) -> int:
    """How many requests the register holds."""
    deployment = door.site.deployment
    assert deployment is not None
    return len(open_register(deployment(), "desk").all())


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("whose", ["nobody", "guess", "another", "ended", "not a letter"])
def test_a_form_without_the_word_of_its_session_changes_nothing_and_is_not_on_record_as_done(
    door: Served, path: str, whose: str
) -> None:
    cookie = enter(door, Role.OFFICER, f"forms {path} {whose}")
    gone = enter(door, Role.OFFICER, f"others {path} {whose}")
    theirs = own_word(door.address, gone)
    if whose == "ended":
        door.site.gate.sessions.end(gone.partition("=")[2])
    words = {"nobody": b"", "guess": b"form=guess", "not a letter": b"form=%ff%00&form"}
    before, reads = requests_of(door), history_rows(door)
    url = f"{door.address}{path.replace('{request}', 'none')}"
    door.refused.clear()
    body = NEW + words.get(whose, theirs)
    status, _ = post(url, body, cookie=cookie, origin=door.address)
    assert (status, door.refused) == (403, ["foreign_form"])
    assert requests_of(door) == before
    assert history_rows(door) == reads
    assert get(f"{door.address}/", cookie=cookie)[0] == 200, "nobody was made to leave"


def history_rows(door: Served) -> int:
    """Reads on record."""
    return int(history(door.site.settings.lake, door.site.now()).num_rows)


def test_a_form_with_the_word_of_its_session_changes_what_it_says(door: Served) -> None:
    cookie = enter(door, Role.OFFICER, "own form")
    before = requests_of(door)
    url, body = f"{door.address}/requests/new", NEW + own_word(door.address, cookie)
    assert post(url, body, cookie=cookie, origin=door.address)[0] == 303
    assert requests_of(door) == before + 1


def test_on_this_machine_a_form_bears_the_word_of_the_process(tmp_path: Path) -> None:
    with served(make_site(tmp_path / "one", Role.OFFICER)) as one:
        word = own_word(one.address, "", "/proof")
        with served(make_site(tmp_path / "two", Role.OFFICER)) as two:
            assert post(f"{two.address}/proof/check", word, origin=two.address)[0] == 403
        assert post(f"{one.address}/proof/check", b"", origin=one.address)[0] == 403
        assert post(f"{one.address}/proof/check", word, origin=one.address)[0] == 303


def test_a_form_that_is_larger_or_has_more_fields_than_any_of_ours_is_not_read(
    door: Served,
) -> None:
    cookie = enter(door, Role.OFFICER, "large form")
    for body in (b"subject=" + b"x" * FORM_BYTES_MAX, b"a=b&" * (FIELDS_MAX + 1)):
        status, _ = post(f"{door.address}/requests/new", body, cookie=cookie, origin=door.address)
        assert status == 413


def test_every_form_that_changes_something_bears_a_word_whoever_writes_the_page() -> None:
    forms = [
        (file.name, found)
        for folder in TEMPLATES
        for file in sorted(folder.glob("*.html"))
        for found in re.findall(r"<form[^>]*method=\"post\".*?</form>", file.read_text(), re.DOTALL)
    ]
    assert len(forms) > 9
    bearing = re.compile(r'parts\.own\(\)|hidden\(\)|name="form"')
    assert [name for name, form in forms if not bearing.search(form)] == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_answer_says_what_may_be_loaded_and_no_cookie_goes_elsewhere(
    tmp_path: Path, scheme: str
) -> None:
    site = make_site(tmp_path, Role.OFFICER, is_open=False)
    answers = asyncio.run(
        _all_answers(site.gate.token, httpx.ASGITransport(dashboard(site)), scheme)
    )
    assert {one.status_code for one in answers} >= {200, 303, 403, 404, 405}
    for one in answers:
        policy = one.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'"), one.url
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert one.headers["x-content-type-options"] == "nosniff"
        assert ("strict-transport-security" in one.headers) is (scheme == "https")
        is_asset = one.url.path.startswith(ASSETS) and one.status_code == 200
        assert is_asset or one.headers["cache-control"] == "no-store", one.url
        for line in one.headers.get_list("set-cookie"):
            ((name, said),) = SimpleCookie(line).items()
            assert said["httponly"], line
            assert said["samesite"].lower() == "strict", line
            assert said["path"] == "/", line
            assert not said["domain"], line
            assert bool(said["secure"]) is (scheme == "https"), line
            assert name.startswith("__Host-") is (name == TLS_COOKIE), line
    cookies = {
        line.partition("=")[0] for one in answers for line in one.headers.get_list("set-cookie")
    }
    assert cookies >= {"remit_language", "remit_theme"}
    assert len(cookies) == 3


async def _all_answers(
    token: str, transport: httpx.ASGITransport, scheme: str
) -> list[httpx.Response]:
    """What a browser is answered that is let in, looks at everything, sends a form, and leaves."""
    base, found = f"{scheme}://remit.example", []
    async with httpx.AsyncClient(transport=transport, base_url=base) as browser:
        found += [await browser.get("/"), await browser.get(f"{ENTRANCE}?token=none")]
        found += [await browser.get(f"{ENTRANCE}?token={token}")]
        found += [await browser.get(f"{path}?lang=zh&theme=dark") for path in ANSWERS]
        found += [
            await browser.get(f"{ASSETS}/{name}") for name in ("pages.js", "look/look.css", "no")
        ]
        word = WORD.search((await browser.get("/")).text)
        assert word
        origin = {"origin": base}
        found += [await browser.post("/proof/check", data={"form": word[1]}, headers=origin)]
        found += [await browser.post("/collected", data={"form": word[1]}, headers=origin)]
        found += [await browser.get("/requests/new")]
        found += [await browser.post("/leave", data={"form": word[1]}, headers=origin)]
    return found
