"""Sources that may have sent something of a subject are told what became of it, under a name that they alone can match."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from kit.desk import LOGIN
from kit.erasing import ErasingShop
from kit.listening import matched
from kit.shop import NOON
from remit_consumers.erasure.applied import APPLIED
from remit_consumers.erasure.erase import apply
from remit_consumers.erasure.informed import FILE, inform, informed, leave_out
from remit_consumers.erasure.notice import LAPSES_AFTER, Notice
from remit_consumers.erasure.notices import acknowledge, lapse, notices
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.erasure.sending import send
from remit_consumers.erasure.telling import tell_lifted
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.correction import Correction
from remit_consumers.requests.fulfil import Given, fulfil
from remit_consumers.requests.opened import open_register
from remit_schemas.errors import KeysOutOfReach, SettingsError
from remit_schemas.requests import Right

PEOPLE = ("ann", "bob", "eve")
APP = "app"


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop with two people in it."""
    shop = ErasingShop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"))
    return shop


def told(shop: ErasingShop, to: str = APP) -> list[Notice]:
    """The notices to a source."""
    return [one for one in notices(shop.root) if one.to == f"source/{to}"]


def whom(shop: ErasingShop, to: str = APP, tenant: str = "") -> list[list[str]]:
    """Whom a source finds in each of its notices, of everybody that there is."""
    (source,) = [one for one in informed(shop.settings.keys) if one.name == to]
    return [matched(source.key, one.to_json(), tenant, *PEOPLE) for one in told(shop, to)]


@pytest.mark.clause("S086a")
def test_a_source_is_told_of_an_erasure_under_a_name_that_it_alone_matches(
    shop: ErasingShop,
) -> None:
    inform(shop.settings.keys, APP)
    inform(shop.settings.keys, "till")
    certificate = shop.erase("ann")
    assert certificate.facts["notices"] == 2
    assert (whom(shop), whom(shop, "till")) == ([["ann"]], [["ann"]])
    (app,), (till,) = told(shop), told(shop, "till")
    assert app.subjects != till.subjects, "two sources cannot find out together whom they share"
    key = informed(shop.settings.keys)[1].key
    assert matched(key, app.to_json(), "", *PEOPLE) == []


def test_no_id_and_no_key_of_a_source_stands_in_the_data_folder(shop: ErasingShop) -> None:
    key = inform(shop.settings.keys, APP).key
    shop.erase("ann")
    send(shop.deployment, NOON)
    whole = b"".join(file.read_bytes() for file in shop.settings.data.rglob("*") if file.is_file())
    assert b'"ann"' not in whole
    assert key not in whole
    assert key.hex().encode() not in whole
    assert (shop.settings.keys / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.clause("S086a")
def test_a_source_of_one_tenant_is_told_of_nobody_elses_customers(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    inform(shop.settings.keys, "anna-app", ["anna"])
    inform(shop.settings.keys, "all-apps")
    shop.erase("ann")
    assert (told(shop, "anna-app"), len(told(shop, "all-apps"))) == ([], 1)


def test_a_visitor_has_no_id_that_a_source_could_keep(shop: ErasingShop) -> None:
    inform(shop.settings.keys, APP)
    shop.erase("visitor:0123456789abcdef")
    assert told(shop) == []


def test_who_is_registered_later_is_not_told_of_what_was_before(shop: ErasingShop) -> None:
    shop.erase("ann")
    inform(shop.settings.keys, APP)
    shop.erase("bob")
    assert whom(shop) == [["bob"]]


@pytest.mark.clause("S086a")
def test_an_erasure_that_is_done_again_on_a_restored_lake_tells_the_same_sources_again(
    shop: ErasingShop,
) -> None:
    inform(shop.settings.keys, APP)
    shop.erase("ann")
    (before,) = told(shop)
    acknowledge(shop.root, before.notice, NOON)
    (shop.root / APPLIED).unlink()
    for file in (shop.root / "notices").rglob("*"):
        if file.is_file():
            file.unlink()
    apply(shop.deployment, NOON)
    (after,) = told(shop)
    assert (after.notice, whom(shop)) == (before.notice, [["ann"]])


def test_an_erasure_of_a_part_says_of_which(shop: ErasingShop) -> None:
    inform(shop.settings.keys, APP)
    shop.erase("ann", scope=Scope(categories=("user.device",)))
    (one,) = told(shop)
    assert one.to_json()["scope"] == Scope(categories=("user.device",)).to_dict()


@pytest.mark.clause("S086a")
@pytest.mark.parametrize("right", [Right.CORRECT, Right.RESTRICT])
def test_a_source_is_told_of_what_was_corrected_or_restricted(
    shop: ErasingShop, right: Right
) -> None:
    inform(shop.settings.keys, APP)
    register = open_register(shop.deployment, "desk")
    asked = register.receive(SubjectRef("", "ann"), Asked(right), NOON).request
    register.verify(asked, LOGIN, NOON)
    given = Given(correction=Correction("page_view", {"page": "/tea"}))
    fulfil(shop.deployment, register, asked, given, NOON)
    (one,) = told(shop)
    kind, scope = {
        Right.CORRECT: ("corrected", {"contract": "page_view", "fields": ["page"]}),
        Right.RESTRICT: ("restricted", {}),
    }[right]
    assert (one.kind, one.to_json()["scope"]) == (kind, scope)
    assert whom(shop) == [["ann"]]
    assert "/tea" not in json.dumps(one.to_json()), "which field, and never its value"


def test_who_was_told_of_a_restriction_is_told_that_it_is_over(shop: ErasingShop) -> None:
    inform(shop.settings.keys, APP)
    register = open_register(shop.deployment, "desk")
    asked = register.receive(SubjectRef("", "ann"), Asked(Right.RESTRICT), NOON).request
    register.verify(asked, LOGIN, NOON)
    fulfil(shop.deployment, register, asked, Given(), NOON)
    assert tell_lifted(shop.root, asked, NOON + timedelta(days=1)) == 1
    assert tell_lifted(shop.root, asked, NOON + timedelta(days=2)) == 0
    restricted, lifted = told(shop)
    assert (lifted.kind, lifted.subjects) == ("lifted", restricted.notice)


def test_what_nobody_answered_is_given_up_and_its_names_go(shop: ErasingShop) -> None:
    inform(shop.settings.keys, APP)
    shop.erase("ann")
    (one,) = told(shop)
    assert lapse(shop.root, NOON + LAPSES_AFTER - timedelta(days=1)) == []
    assert len(lapse(shop.root, NOON + LAPSES_AFTER)) == 1
    (after,) = told(shop)
    assert (after.state(NOON + LAPSES_AFTER), after.subjects) == ("lapsed", "")
    files = (shop.root / "notices").glob("*.parquet")
    assert not any(one.subjects.encode() in file.read_bytes() for file in files)


def test_a_source_keeps_its_key_and_is_left_out_when_asked(shop: ErasingShop) -> None:
    keys = shop.settings.keys
    key = inform(keys, APP).key
    assert inform(keys, APP, ["anna"], "https://app.example/remit").key == key
    (one,) = informed(keys)
    assert (one.tenants, one.address) == (("anna",), "https://app.example/remit")
    leave_out(keys, APP)
    assert informed(keys) == ()
    with pytest.raises(SettingsError):
        leave_out(keys, APP)


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/remit",
        "http://localhost/remit",  # a name, which a name server may change
        "ftp://app.example/",
        "mailto:dpo@app.example",
        "https://user:secret@app.example/",
        "https:///remit",
        "https://app.example/\u00e9",
    ],
)
def test_an_address_to_which_nothing_can_go_safely_is_refused(
    shop: ErasingShop, address: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        inform(shop.settings.keys, APP, [], address)
    assert "secret" not in str(caught.value)


def test_a_register_of_sources_that_cannot_be_read_stops_an_erasure(shop: ErasingShop) -> None:
    inform(shop.settings.keys, APP)
    (shop.settings.keys / FILE).write_text('{"sources": [{"name": "app"}]}')
    with pytest.raises(KeysOutOfReach):
        shop.erase("ann")
