"""The words of the pages: every language says the same things, and nothing is said that no page says."""

import re
from pathlib import Path

import pytest

from kit.tree import ROOT
from remit_consumers.dashboard.words import LANGUAGES, preferred, words_of
from remit_consumers.erasure.scope import REQUESTED
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.removed import ANONYMISED, DECAYED, EXPIRED, NEWER
from remit_consumers.proof.verify import verify
from remit_consumers.sharing.terms import WHY
from remit_consumers.withdrawal.orders import DENIED, MINOR
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy
from remit_schemas.specs import SPECS

HERE = ROOT / "consumers" / "remit_consumers" / "dashboard"
SAID = re.compile(r"""\bt\(\s*f?["']([a-z_]+(?:\.[a-z0-9_]+)*)(\.)?["'{]""")
"""`t("nav.live")`, and the beginning of `t("nav." ~ page)` and of `t(f"decision.{key}")`."""

ROOMS = re.compile(r"""(?:named\(\s*|options\()["']([a-z_]+)["']""")
"""`t.named("category", name)` and `parts.options("right", kinds.right)`."""

CHOSEN = {"decision", "category", "purpose"}
"""Rooms that a page names by what was chosen."""


def sources() -> str:
    files = [*HERE.rglob("*.py"), *HERE.rglob("*.html")]
    return "\n".join(file.read_text("utf-8") for file in files)


def said() -> tuple[set[str], set[str]]:
    """Keys that are said whole, and rooms of which any key may be said."""
    found = sources()
    whole = {key for key, dot in SAID.findall(found) if not dot}
    rooms = {key for key, dot in SAID.findall(found) if dot} | set(ROOMS.findall(found)) | CHOSEN
    return whole, rooms | {key for key in whole if key in {"decision", "fault"}}


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_language_says_exactly_the_same_things(language: str) -> None:
    assert set(words_of(language).said) == set(words_of("en").said)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_sentence_has_the_same_places_to_fill(language: str) -> None:
    places = re.compile(r"{(\w+)}")
    for key, words in words_of(language).said.items():
        assert set(places.findall(words)) == set(places.findall(words_of("en").said[key])), key
        assert words.strip() == words, key


def test_whatever_a_page_says_whole_stands_in_the_words() -> None:
    whole, rooms = said()
    assert whole - rooms <= set(words_of("en").said)


def test_no_words_stand_there_that_no_page_says() -> None:
    whole, rooms = said()
    unused = {
        key for key in words_of("en").said if key not in whole and key.split(".")[0] not in rooms
    }
    assert unused == set()


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_category_and_purpose_that_ships_has_a_name_for_people(language: str) -> None:
    words, contracts = words_of(language), builtin()
    categories = {
        field.category for name in contracts.names for field in contracts.by_name(name).fields
    }
    for room, names in (("category", categories), ("purpose", set(find_policy(None).purposes))):
        assert {name for name in names if words.named(room, name) == name} == set()


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_reducer_and_every_removal_has_a_name_for_people(language: str) -> None:
    words = words_of(language)
    removals = {f"swept.{one}" for one in (EXPIRED, DECAYED, ANONYMISED, NEWER)}
    removals |= {f"revoked.{one}" for one in (DENIED, MINOR)} | {f"erased.{REQUESTED}"}
    for room, names in (("reducer", set(SPECS)), ("removal", removals), ("why_refused", set(WHY))):
        assert {name for name in names if words.named(room, name) == name} == set()


def test_every_check_that_can_fail_has_a_name_and_says_what_to_do(tmp_path: Path) -> None:
    checks = {*verify(tmp_path).checks, "anchors"}
    for language in LANGUAGES:
        said = words_of(language).said
        assert {name for name in checks if f"check.{name}" not in said} == set()
        assert {name for name in checks if f"todo.{name}" not in said} == {"plain door"}


def test_every_reason_of_the_quarantine_has_a_name_and_says_what_to_do() -> None:
    wanted = {f"{room}.{reason}" for room in ("reason", "mend") for reason in Reason}
    for language in LANGUAGES:
        assert wanted - set(words_of(language).said) == set()


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de, en;q=0.5", "en"), ("", "en"), ("*", "en")],
)
def test_the_first_language_that_a_browser_asks_for_and_we_have_is_spoken(
    header: str, language: str
) -> None:
    assert preferred(header) == language
