"""A person on their own page: sees what is held, changes a consent, asks, gets a copy; nobody else does any of it."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from kit.desk import ANN, DAY
from kit.erasing import ErasingShop
from kit.shop import NOON
from remit import PageView
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.metrics import Metrics
from remit_consumers.my.app import COOKIE, My
from remit_consumers.my.handing_out import handing_out
from remit_consumers.my.links import Link, Links
from remit_consumers.my.sessions import TRIES_MAX
from remit_consumers.my.words import FOLDER, LANGUAGES, words_of
from remit_consumers.requests import tokens
from remit_consumers.requests.callers import Callers
from remit_consumers.requests.opened import open_register
from remit_schemas.category import CATEGORIES, PURPOSES
from remit_schemas.requests import DeletionGround, Right

REPORTING = "analytics.reporting"


class Browser:
    """What keeps cookies and goes where it is sent, as browsers do."""

    def __init__(self, app: Starlette) -> None:
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=transport, base_url="https://shop.example")
        self.cookies = self._client.cookies

    def get(self, path: str, **more: object) -> httpx.Response:
        """Open a page."""
        return asyncio.run(self._client.get(path, **{"follow_redirects": True, **more}))  # type: ignore[arg-type]

    def post(self, path: str, **more: object) -> httpx.Response:
        """Send a form."""
        return asyncio.run(self._client.post(path, **{"follow_redirects": True, **more}))  # type: ignore[arg-type]


@dataclass
class Visitor:
    """A browser without scripts, at the page of an installation where ann and bob were seen.

    Attributes:
        shop: The installation.
        now: What time it is there.
        said: What was said to purposes.
    """

    shop: ErasingShop
    now: datetime = NOON
    said: list[tuple[SubjectRef, str, Sequence[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        my = My(self.shop.deployment, self._say, self.metrics, lambda: self.now)
        door = handing_out(
            self.shop.deployment,
            Callers.of(self.shop.deployment, self.metrics),
            lambda: self.now,
        )
        app = Starlette(routes=[Mount("/my", my.app()), door])
        self.browser = Browser(app)

    def _say(self, about: SubjectRef, status: str, purposes: Sequence[str]) -> None:
        self.said.append((about, status, purposes))

    def link(self, about: SubjectRef = ANN) -> Link:
        """A link of somebody."""
        return Links.of(self.shop.deployment).make(about, self.now)

    def enter(self, about: SubjectRef = ANN) -> Link:
        """Come with a link."""
        made = self.link(about)
        self.come(made.token)
        return made

    def come(self, token: str) -> str:
        """Send the form of the door as a browser does that was shown it; gives the page that comes back."""
        return self.post("enter", token=token, form=self.word())

    def post(self, path: str, **form: str) -> str:
        """Send a form of the page; gives the page that comes back."""
        answer = self.browser.post(f"/my/{path}", data=form)
        self.status = answer.status_code
        return answer.text

    def page(self) -> str:
        """The page, or the door."""
        return self.browser.get("/my/").text

    def word(self) -> str:
        """The word that forms of this session bear."""
        found = re.search('name="form" value="([^"]+)"', self.page())
        assert found
        return found[1]

    def refused(self) -> float:
        """How many calls were refused."""
        value = self.metrics.registry.get_sample_value(
            "remit_request_calls_refused_total", {"reason": "unauthorised"}
        )
        return value or 0.0


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    shop = ErasingShop(tmp_path)
    for subject, page in (("ann", "/cart"), ("bob", "/secret")):
        event = PageView(
            page=page, language="fr-FR", status=200, occurred_at=NOON, collected_at=NOON
        )
        shop.store(shop.pack(event, subject=subject, tenant=""))
    shop.store(shop.say("given", NOON - DAY))
    return Visitor(shop)


@pytest.mark.clause("S077a")
def test_somebody_sees_what_is_held_for_what_until_when_and_who_got_it(visitor: Visitor) -> None:
    assert "opens it once" in visitor.page()
    visitor.enter()
    page = visitor.page()
    assert "language used" in page
    assert "keep the service running" in page
    assert "2026-0" in page
    assert "page_view 1" in page
    assert "Nobody." in page
    assert "since 2026-03-04" in page


def test_no_answer_is_kept_told_to_others_or_open_to_other_sites(visitor: Visitor) -> None:
    link = visitor.link()
    answers = [
        visitor.browser.get("/my/"),
        visitor.browser.post(
            "/my/enter",
            data={"token": link.token, "form": visitor.word()},
            follow_redirects=False,
        ),
        visitor.browser.get("/my/"),
        visitor.browser.get("/my/static/link.js"),
        visitor.browser.get("/my/nothing"),
    ]
    assert [one.status_code for one in answers] == [200, 303, 200, 200, 404]
    for one in answers:
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["referrer-policy"] == "no-referrer"
        assert one.headers["content-security-policy"].startswith("default-src 'self'")
    cookie = answers[1].headers["set-cookie"].lower()
    for word in ("secure", "httponly", "samesite=strict", "path=/my", "max-age=900"):
        assert word in cookie
    for one in answers:
        assert not re.search(r"<script(?![^>]* src=)|<style| style=|javascript:| on\w+=", one.text)
        assert "ann" not in one.text.replace("channel", "")


def test_a_link_that_was_used_lets_nobody_in(visitor: Visitor) -> None:
    made = visitor.enter()
    visitor.browser.cookies.clear()
    assert "Ask for another" in visitor.come(made.token)
    assert visitor.status == 403
    assert visitor.refused() == 1
    assert COOKIE not in visitor.browser.cookies


def test_a_whole_link_may_be_pasted_where_no_script_runs(visitor: Visitor) -> None:
    made = visitor.link()
    page = visitor.come(f" https://shop.example/my/#{made.token} ")
    assert "What is held about you" in page


def test_a_session_ends_by_itself_and_when_it_is_left(visitor: Visitor) -> None:
    visitor.enter()
    visitor.now += timedelta(minutes=15)
    assert "opens it once" in visitor.page()
    visitor.enter()
    assert "You have left" in visitor.post("leave", form=visitor.word())
    assert "opens it once" in visitor.page()


@pytest.mark.clause("S089")
def test_a_consent_is_given_and_withdrawn_from_the_page(visitor: Visitor) -> None:
    visitor.enter()
    word = visitor.word()
    told = visitor.post("consent", form=word, purpose=REPORTING, status="withdrawn")
    assert "on its way" in told
    visitor.post("consent", form=word, purpose="personalize", status="given")
    assert visitor.said == [(ANN, "withdrawn", [REPORTING]), (ANN, "given", ["personalize"])]
    for purpose, status in (("essential.service", "withdrawn"), (REPORTING, "expired")):
        visitor.post("consent", form=word, purpose=purpose, status=status)
        assert visitor.status == 400
    assert len(visitor.said) == 2


@pytest.mark.parametrize("path", ["consent", "ask", "export", "leave"])
def test_a_form_that_is_not_of_the_session_does_nothing(visitor: Visitor, path: str) -> None:
    form = {"purpose": REPORTING, "status": "given", "right": "restrict", "code": "0"}
    visitor.post(path, **form, form="guess")
    assert visitor.status == 403
    visitor.enter()
    visitor.post(path, **form, form="guess")
    assert visitor.status == 403
    site = {"sec-fetch-site": "cross-site"}
    right = form | {"form": visitor.word()}
    assert visitor.browser.post(f"/my/{path}", data=right, headers=site).status_code == 400
    assert visitor.said == []
    assert "What is held about you" in visitor.page()


@pytest.mark.parametrize("whose", ["nobody", "guess", "another"])
def test_a_door_that_was_shown_to_another_browser_lets_nobody_in(
    visitor: Visitor, whose: str
) -> None:
    theirs = visitor.word()
    visitor.browser.cookies.clear()
    words = {"guess": "guess", "another": theirs}
    made = visitor.link()
    if whose != "another":
        visitor.page()
    told = visitor.post("enter", token=made.token, form=words.get(whose, ""))
    assert visitor.status == 403
    assert "has not been used" in told
    assert COOKIE not in visitor.browser.cookies
    assert "What is held about you" in visitor.come(made.token), "nor was the link used up"


def test_a_form_that_says_that_it_comes_from_elsewhere_does_nothing(visitor: Visitor) -> None:
    visitor.enter()
    form = {"form": visitor.word(), "purpose": REPORTING, "status": "withdrawn"}
    for origin in ("https://evil.example", "http://[", "https://shop.example:1"):
        said = {"origin": origin}
        assert visitor.browser.post("/my/consent", data=form, headers=said).status_code == 400
    assert visitor.said == []
    for origin in ("https://shop.example", "null"):
        said = {"origin": origin}
        assert visitor.browser.post("/my/consent", data=form, headers=said).status_code == 200
    assert len(visitor.said) == 2


@pytest.mark.clause("S079a", "S102")
def test_a_request_begins_from_the_page_checked_and_once(visitor: Visitor) -> None:
    visitor.enter()
    word = visitor.word()
    ground = DeletionGround.NO_CONSENT.value
    assert "on record" in visitor.post("ask", form=word, right="delete", ground=ground)
    assert "being worked on" in visitor.page()
    visitor.post("ask", form=word, right="delete", ground=ground)
    assert visitor.status == 400
    visitor.post("ask", form=word, right="fly")
    assert visitor.status == 400
    (found,) = open_register(visitor.shop.deployment, "desk").all()
    assert (found.right, found.state, found.proof) == (Right.DELETE, "in_work", "account_login")
    assert open_register(visitor.shop.deployment, "desk").about(found) == ANN


@pytest.mark.clause("S077a", "S102")
def test_a_copy_is_handed_over_after_a_second_check_only(visitor: Visitor) -> None:
    made = visitor.enter()
    word = visitor.word()
    wrong = "".join(str(9 - int(digit)) for digit in made.code)
    assert "not the code" in visitor.post("export", form=word, code=wrong)
    assert (visitor.status, visitor.refused()) == (403, 1)
    answer = visitor.browser.post("/my/export", data={"form": word, "code": f" {made.code}"})
    assert answer.headers["content-type"] == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    rows = [json.loads(line) for line in packed.read("data/page_view.jsonl").splitlines()]
    assert [row["page"] for row in rows] == ["/cart"]
    (found,) = open_register(visitor.shop.deployment, "desk").all()
    assert (found.right, found.state, found.actor) == ("access", "done", "my")


def test_too_many_wrong_codes_end_the_session(visitor: Visitor) -> None:
    made = visitor.enter()
    word = visitor.word()
    for _ in range(TRIES_MAX):
        visitor.post("export", form=word, code="wrong")
    assert "opens it once" in visitor.page()
    answer = visitor.browser.post("/my/export", data={"form": word, "code": made.code})
    assert answer.status_code == 403


def test_who_is_not_known_sees_that_nothing_is_held(visitor: Visitor) -> None:
    visitor.enter(SubjectRef("other-shop", "ann"))
    assert "Nothing is held about you" in visitor.page()
    assert "page_view" not in visitor.page()


def test_the_page_speaks_the_language_that_is_asked_for_and_remembers_it(visitor: Visitor) -> None:
    told = visitor.browser.get("/my/", headers={"accept-language": "zh-CN,en;q=0.5"}).text
    assert '<html lang="zh">' in told
    assert '<html lang="zh">' in visitor.browser.get("/my/?lang=zh").text
    visitor.enter()
    page = visitor.page()
    assert "使用的语言" in page
    assert "维持服务运行" in page
    assert '<html lang="en">' in visitor.browser.get("/my/?lang=en").text


def test_whatever_the_page_loads_is_there_the_look_of_the_dashboard_among_it(
    visitor: Visitor,
) -> None:
    visitor.enter()
    loaded = re.findall(r'<(?:link|script)[^>]* (?:href|src)="([^"]+)"', visitor.page())
    assert "/my/static/look/look.css" in loaded
    assert {visitor.browser.get(path).status_code for path in loaded} == {200}


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_words_are_said_as_they_are_written_not_as_yaml_may_take_them(language: str) -> None:
    lines = (FOLDER / f"{language}.yaml").read_text("utf-8").splitlines()
    written = {key: words.strip('"') for key, _, words in (line.partition(": ") for line in lines)}
    assert words_of(language).said == written


def test_every_language_says_everything(visitor: Visitor) -> None:
    english = set(words_of("en").said)
    for language in LANGUAGES:
        words = words_of(language)
        assert english <= set(words.said)
        for right in Right:
            assert words.right(right)
        for ground in DeletionGround:
            assert words(f"ground.{ground}")
    chinese = words_of("zh").said
    assert {f"category.{key}" for key in CATEGORIES} <= set(chinese)
    assert {f"purpose.{key}" for key in PURPOSES} <= set(chinese)
    assert visitor.page()


def test_a_product_gets_links_by_its_token_and_nobody_else_does(visitor: Visitor) -> None:
    token = tokens.add(visitor.shop.settings.keys, "shop")
    bears = {"authorization": f"Bearer {token}"}
    said = {"subject": "ann", "minutes": 5}
    assert visitor.browser.post("/v1/links", json=said).status_code == 401
    answer = visitor.browser.post("/v1/links", json=said, headers=bears)
    assert answer.status_code == 201
    assert "ann" not in answer.text
    assert "What is held about you" in visitor.come(answer.json()["token"])
    long: dict[str, object] = {"subject": "x" * 9_000}
    for wrong in (
        {},
        {"subject": ""},
        {"subject": "ann", "minutes": 99},
        {"subject": "ann", "minutes": 10**15},
        {"subject": "ann", "tennant": "north"},
        {"subject": "ann", "tenant": None},
        long,
    ):
        assert visitor.browser.post("/v1/links", json=wrong, headers=bears).status_code == 400
    wrong_kind = {"subject": "ann", "minutes": "5"}
    assert visitor.browser.post("/v1/links", json=wrong_kind, headers=bears).status_code == 400


def test_a_form_that_is_too_long_is_refused(visitor: Visitor) -> None:
    visitor.post("enter", token="x" * 5_000)
    assert visitor.status == 400


def test_where_the_lake_is_out_of_reach_the_page_says_so_and_shows_nothing(
    visitor: Visitor,
) -> None:
    visitor.enter()
    visitor.shop.root.rename(visitor.shop.root.with_name("away"))
    visitor.shop.root.write_text("no folder")
    answer = visitor.browser.get("/my/")
    assert answer.status_code == 503
    assert "cannot be answered at this moment" in answer.text
