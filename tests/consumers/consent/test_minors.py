"""What is known of somebody's age decides, and stands nowhere but in the ledger."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kit.shop import EVENTS, IMPROVE, NOON, REPORTING, Shop
from remit_consumers.lake.commit import Flush
from remit_consumers.steps.authorize import MINOR_WITHOUT_GROUND
from remit_consumers.steps.open import Opened

EARLIER = NOON - timedelta(hours=1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def aged(shop: Shop, band: str, **fields: object) -> Opened:
    """A statement of how old ann is."""
    said: dict[str, object] = {"purpose": None, "age_band": band, **fields}
    return shop.say("stated", EARLIER, subject="ann", tenant="", **said)


def refused(flush: Flush) -> dict[str, int]:
    """Why page views of a flush were refused."""
    (part,) = [part for part in flush.parts if part.table == EVENTS]
    return dict(part.receipt.events.refused)


@pytest.mark.clause("S117")
def test_nothing_of_a_minor_is_stored_without_a_ground(shop: Shop) -> None:
    done = shop.store(aged(shop, "13"), shop.view(), shop.view(subject="bob"))
    assert shop.kept(done) == [(False, False)]
    assert refused(done) == {MINOR_WITHOUT_GROUND: 1}


@pytest.mark.clause("S115")
@pytest.mark.parametrize(("band", "place"), [("adult", None), ("unknown", None), ("14", "CN")])
def test_who_is_no_minor_is_stored_as_anybody(shop: Shop, band: str, place: str | None) -> None:
    done = shop.store(aged(shop, band, jurisdiction=place), shop.say("given", EARLIER), shop.view())
    assert shop.kept(done) == [(True, False)]


@pytest.mark.clause("S116", "S117")
@pytest.mark.parametrize(
    ("fields", "is_stored"),
    [
        ({"minor_basis": "guardian_consent", "guardian": "parent"}, True),
        ({"minor_basis": "guardian_consent"}, False),
        ({"minor_basis": "legal_permission"}, True),
        ({"minor_basis": "protection"}, True),
        ({"minor_basis": "because"}, False),
    ],
    ids=["a guardian", "no guardian named", "permission", "protection", "no ground"],
)
def test_a_ground_lets_what_is_required_be_stored(
    shop: Shop, fields: dict[str, object], *, is_stored: bool
) -> None:
    done = shop.store(aged(shop, "under_13", **fields), shop.say("given", EARLIER), shop.view())
    assert shop.kept(done) == ([(False, False)] if is_stored else [])


@pytest.mark.clause("S116", "S117")
def test_only_a_guardian_consents_for_a_minor_and_never_to_what_is_always_off(shop: Shop) -> None:
    ground = {"minor_basis": "legal_permission"}
    shop.store(
        aged(shop, "13", **ground),
        *(shop.say("given", EARLIER, purpose=one) for one in (REPORTING, IMPROVE)),
    )
    assert shop.kept(shop.store(shop.view())) == [(False, False)]
    by_guardian = {"actor": "guardian", "guardian": "parent"}
    shop.store(
        *(shop.say("given", EARLIER, purpose=one, **by_guardian) for one in (REPORTING, IMPROVE))
    )
    assert shop.kept(shop.store(shop.view())) == [(False, True)]
    shop.store(shop.say("withdrawn", purpose=IMPROVE))
    assert shop.kept(shop.store(shop.view())) == [(False, False)]


def test_who_comes_of_age_consents_alone(shop: Shop) -> None:
    shop.store(aged(shop, "13"), shop.say("given", EARLIER))
    of_age = shop.say("stated", EARLIER + timedelta(minutes=1), purpose=None, age_band="adult")
    assert shop.kept(shop.store(of_age, shop.view())) == [(True, False)]


def test_a_band_that_is_none_counts_as_a_childs_and_is_not_written_down(shop: Shop) -> None:
    done = shop.store(aged(shop, "canary-age"), shop.view())
    assert refused(done) == {MINOR_WITHOUT_GROUND: 1}
    assert not any(
        b"canary-age" in file.read_bytes() for file in (shop.root).rglob("*") if file.is_file()
    )


@pytest.mark.clause("S115", "S117")
def test_the_band_stands_in_the_ledger_and_in_no_table_receipt_or_tagset(shop: Shop) -> None:
    ground = {"minor_basis": "guardian_consent", "guardian": "canary-parent"}
    shop.store(aged(shop, "under_13", **ground), shop.view())
    shop.lake.materialise()
    ledger = shop.root / "consents"
    for file in (shop.root).rglob("*"):
        if not file.is_file() or ledger in file.parents:
            continue
        data = file.read_bytes()
        if file.suffix == ".parquet":
            data += str(pq.read_table(file).to_pylist()).encode()
        assert b"under_13" not in data, file
        assert b"canary-parent" not in data, file
    (row,) = shop.lake.consents(-1).rows.to_pylist()  # type: ignore[union-attr]
    assert (row["age_band"], row["minor_basis"]) == ("under_13", "guardian_consent")
    assert row["guardian"] not in {None, "canary-parent", row["subject"]}
    assert "stated" not in str(shop.lake.consent_counts())
