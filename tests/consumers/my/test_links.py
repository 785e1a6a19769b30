"""A link opens somebody's own page, once, for a few minutes, and names nobody."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.desk import ANN, NOON, make_deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.my.links import FOLDER, LIVES_MAX, Link, Links
from remit_schemas.errors import KeysOutOfReach, RequestRefused

MINUTE = timedelta(minutes=1)


@pytest.fixture
def links(tmp_path: Path) -> Links:
    return Links.of(make_deployment(tmp_path))


def is_refused(links: Links, token: str, minutes: int = 0) -> bool:
    with pytest.raises(RequestRefused) as caught:
        links.use(token, NOON + minutes * MINUTE)
    return "ask for another" in str(caught.value)


def test_a_link_tells_who_comes_and_works_once(links: Links) -> None:
    made = links.make(ANN, NOON)
    visit = links.use(made.token, NOON + 9 * MINUTE)
    assert (visit.about, visit.code) == (ANN, made.code)
    assert is_refused(links, made.token)


def test_a_link_is_over_after_its_minutes(links: Links) -> None:
    made = links.make(ANN, NOON, LIVES_MAX)
    assert is_refused(links, made.token, minutes=15)
    for wrong in (timedelta(), LIVES_MAX + MINUTE, -MINUTE):
        with pytest.raises(RequestRefused, match="15 minutes"):
            links.make(ANN, NOON, wrong)


def test_of_many_that_come_with_one_link_at_once_one_is_let_in(tmp_path: Path) -> None:
    deployment = make_deployment(tmp_path)
    made = Links.of(deployment).make(ANN, NOON)

    def comes(_: int) -> bool:
        try:
            Links.of(deployment).use(made.token, NOON)
        except RequestRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(comes, range(8))) == 1


def test_what_a_crash_left_of_a_used_link_opens_nothing_and_goes(
    links: Links, tmp_path: Path
) -> None:
    made = links.make(ANN, NOON)
    (file,) = (tmp_path / "keys" / FOLDER).iterdir()
    file.rename(file.with_suffix(".taken"))
    assert is_refused(links, made.token)
    links.make(ANN, NOON)
    assert len(list((tmp_path / "keys" / FOLDER).iterdir())) == 1


def test_neither_the_link_nor_a_file_names_the_person(links: Links, tmp_path: Path) -> None:
    made = links.make(SubjectRef("shop-canary", "ann-canary"), NOON)
    assert b"canary" not in base64.urlsafe_b64decode(made.token)
    for file in tmp_path.rglob("*"):
        assert "canary" not in file.name
        assert not file.is_file() or b"canary" not in file.read_bytes()
    links.use(made.token, NOON)
    assert not list((tmp_path / "keys" / FOLDER).iterdir())


def test_links_that_nobody_used_go_when_they_are_over(links: Links, tmp_path: Path) -> None:
    links.make(ANN, NOON)
    links.make(ANN, NOON + LIVES_MAX)
    assert len(list((tmp_path / "keys" / FOLDER).iterdir())) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_changed_link_is_refused_and_the_true_one_still_works(
    links: Links, data: st.DataObject
) -> None:
    made = links.make(ANN, NOON)
    whole = bytearray(base64.urlsafe_b64decode(made.token))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    assert is_refused(links, base64.urlsafe_b64encode(whole).decode())
    assert links.use(made.token, NOON).about == ANN


@given(token=st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_no_link_is_refused(links: Links, token: str) -> None:
    assert is_refused(links, token)


def test_a_link_of_another_installation_is_refused(links: Links, tmp_path: Path) -> None:
    other = Links.of(make_deployment(tmp_path / "other"))
    assert is_refused(links, other.make(ANN, NOON).token)


def test_a_link_of_one_tenant_is_none_of_anothers(links: Links) -> None:
    one, other = (links.make(SubjectRef(name, "ann"), NOON) for name in ("a", "b"))
    assert links.use(one.token, NOON).about.tenant == "a"
    assert links.use(other.token, NOON).about.tenant == "b"


def test_the_code_is_digits_by_another_way(links: Links) -> None:
    made: Link = links.make(ANN, NOON)
    assert made.code.isdecimal()
    assert len(made.code) == 8
    assert made.code not in made.token


def test_without_the_folder_of_keys_nobody_is_let_in(links: Links, tmp_path: Path) -> None:
    made = links.make(ANN, NOON)
    folder = tmp_path / "keys" / FOLDER
    folder.rename(tmp_path / "away")
    folder.write_text("no folder")
    with pytest.raises(KeysOutOfReach):
        links.use(made.token, NOON)
