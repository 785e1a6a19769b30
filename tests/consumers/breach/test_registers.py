"""A breach concerns registers, too: what people said and asked for, what left and who was told, by when it came in."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.desk import LOGIN
from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.breach.affected import Span, affected
from remit_consumers.breach.notice import draft
from remit_consumers.breach.registers import NOT_COVERED, registers
from remit_consumers.erasure.informed import inform
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.fulfil import Given, fulfil
from remit_consumers.requests.opened import open_register
from remit_consumers.sharing.disclosures import Disclosure, record, whose_rows
from remit_consumers.vault import Vault
from remit_schemas.requests import Right

DAY = timedelta(days=1)
TODAY = NOON.date()
CROWD = [f"user-{number}" for number in range(11)]


def disclosed(shop: ErasingShop, name: str, at: datetime, *subjects: str) -> None:
    """Put a disclosure on record."""
    said = dict.fromkeys(
        ("role", "case", "clause", "purpose", "categories", "held_back", "policy_version"), ""
    )
    more = dict.fromkeys(("order_reference", "approver", "sha256", "reason", "tenant"), "")
    part = Disclosure(
        **said,
        **more,
        disclosure=name,
        recipient="partner",
        contract="page_view",
        rows=len(subjects),
        subjects=len(subjects),
        from_day=None,
        to_day=None,
        outcome="made",
        made_at=at,
        keep_until=at + 1_000 * DAY,
    )
    bears = pa.chunked_array([list(subjects)], pa.string())
    record(shop.root, [part], whose_rows((name, "partner", "page_view"), "", bears, at + DAY))


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop in which twelve people agree, one of them a tenant's, and ann asks to be restricted."""
    shop = ErasingShop(tmp_path)
    inform(shop.settings.keys, "app")
    shop.store(*(shop.say("given", subject=one) for one in CROWD))
    shop.store(shop.view(), shop.say("given", subject="tess", tenant="anna"))
    register = open_register(shop.deployment, "desk")
    asked = register.receive(SubjectRef("", "ann"), Asked(Right.RESTRICT), NOON).request
    register.verify(asked, LOGIN, NOON)
    fulfil(shop.deployment, register, asked, Given(), NOON)
    return shop


def test_each_register_is_counted_by_when_its_rows_came(shop: ErasingShop) -> None:
    found = registers(shop.root, TODAY, TODAY)
    consents = found["consents"]
    assert (consents.rows, consents.subjects) == (12, 12)
    assert consents.tenants == {"": 11, "anna": "<10"}
    requests = found["requests"]
    assert (requests.rows, requests.subjects) == (3, "<10")
    assert (found["restrictions"].rows, found["restrictions"].subjects) == (1, "<10")
    assert (found["notices"].rows, found["notices"].subjects) == (1, None)
    assert registers(shop.root, TODAY - 9 * DAY, TODAY - DAY) == {}
    assert registers(shop.root, TODAY + DAY, TODAY + 9 * DAY) == {}


def test_whose_rows_went_out_is_counted_by_when_they_went(shop: ErasingShop) -> None:
    last = datetime.combine(TODAY, time.max, UTC)
    disclosed(shop, "early", last - 2 * DAY, "x")
    disclosed(shop, "now", last, *"abcdefghijkl")
    found = registers(shop.root, TODAY, TODAY)
    assert (found["disclosures"].rows, found["disclosed"].subjects) == (1, 12)
    before = registers(shop.root, TODAY - 2 * DAY, TODAY - DAY)
    assert (before["disclosed"].rows, before["disclosed"].subjects) == (1, "<10")


def test_a_lake_without_registers_has_none(tmp_path: Path) -> None:
    assert registers(tmp_path, date(2026, 3, 1), date(2026, 3, 2)) == {}


def test_what_is_told_names_registers_the_vault_and_what_nobody_counted(shop: ErasingShop) -> None:
    span = Span(TODAY, TODAY, NOON)
    held = Vault.count(shop.settings.vault)
    assert held == 13  # eleven, ann, and the tenant's tess
    found = affected(shop.root, span, [], held)
    told = found.to_dict(span)
    assert "user.privacy_preferences" in found.categories
    assert told["vault"] == {"subjects": 13}
    assert told["not_covered"] == [*NOT_COVERED]
    text = draft(found, span)
    assert "Records of consents that came in these days: 12 of 12 people" in text
    assert all(part in text for part in NOT_COVERED)
    away = draft(replace(found, vault=None), span)
    assert "cannot be reached" in away


def test_no_vault_is_begun_by_asking_how_many_it_holds(tmp_path: Path) -> None:
    assert Vault.count(tmp_path / "vault") == 0
    assert not (tmp_path / "vault").exists()
