"""A snapshot of the ledger: what is learned from it and what came since is what the table says, and a bad one is none."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from kit.shop import IMPROVE, NOON, REPORTING, Shop
from remit import visitor
from remit_consumers.consent import ledger as ledgers

EARLIER = NOON - timedelta(hours=1)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that saves its ledger at every commit."""
    monkeypatch.setattr(ledgers, "COMMITS_BETWEEN", 0)
    return Shop(tmp_path)


def speak(shop: Shop) -> None:
    """Have people say all kinds of things, and save them."""
    guardian = {"actor": "guardian", "guardian": "parent"}
    shop.store(
        *(shop.say("given", EARLIER + timedelta(minutes=n)) for n in (0, 5, 10)),
        shop.say("withdrawn", EARLIER + timedelta(minutes=2), subject="bob"),
        shop.say("concluded", EARLIER, subject="bob", purpose=None),
        shop.say(
            "stated", EARLIER, subject="kid", purpose=None, age_band="13", minor_basis="protection"
        ),
        shop.say("given", EARLIER, subject="kid", purpose=IMPROVE, **guardian),
        shop.say("given", EARLIER, subject=visitor("x" * 22)),
        shop.say("given", EARLIER, subject="ann", tenant="other"),
    )
    shop.ledger.load()
    shop.ledger.save()


def decided(shop: Shop) -> list[tuple[bool, bool]]:
    """What is kept of everybody's page views."""
    who = ("ann", "bob", "kid", "eve", visitor("x" * 22))
    views = [shop.view(subject=one) for one in who] + [shop.view(tenant="other")]
    return shop.kept(shop.decide(*views))


def test_what_is_read_back_decides_as_what_was_saved(shop: Shop) -> None:
    speak(shop)
    before = decided(shop)
    assert before == [
        (True, False),
        (False, False),
        (False, True),
        (False, False),
        (True, False),
        (True, False),
    ]
    for file in (shop.root / "consents").glob("*.parquet"):
        file.rename(file.with_suffix(".away"))  # so that nothing can come from the table
    shop.restart()
    assert decided(shop) == before


def test_what_was_said_since_is_read_from_the_table(shop: Shop) -> None:
    speak(shop)
    shop.store(shop.say("withdrawn"), shop.say("given", subject="eve"))
    shop.restart()
    later = NOON + timedelta(seconds=1)
    done = shop.decide(shop.view(later), shop.view(later, subject="eve"))
    assert shop.kept(done) == [(False, False), (True, False)]


def test_a_late_denial_takes_away_what_a_saved_agreement_allowed(shop: Shop) -> None:
    speak(shop)
    shop.restart()
    late = shop.say("withdrawn", EARLIER + timedelta(minutes=7))
    done = shop.decide(late, shop.view(EARLIER + timedelta(minutes=8)), shop.view())
    assert shop.kept(done) == [(False, False), (True, False)], "the third agreement holds still"


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_snapshot_is_none(shop: Shop, damage: str) -> None:
    speak(shop)
    before = decided(shop)
    file = shop.folder / "data" / "ledger" / "snapshot.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(
        {"cut": bytes(data[: len(data) // 2]), "flipped": bytes(data), "empty": b"", "text": b"{}"}[
            damage
        ]
    )
    shop.restart()
    assert decided(shop) == before


def test_the_snapshot_of_another_lake_is_none(shop: Shop, tmp_path: Path) -> None:
    speak(shop)
    other = Shop(tmp_path / "other")
    other.store(other.say("refused", purpose=REPORTING))
    (tmp_path / "other" / "data" / "ledger").mkdir()
    shutil.copy(
        shop.folder / "data" / "ledger" / "snapshot.npz", tmp_path / "other" / "data" / "ledger"
    )
    other.restart()
    assert other.kept(other.decide(other.view())) == [(False, False)]


def test_a_snapshot_newer_than_the_table_is_none(shop: Shop) -> None:
    shop.store(shop.say("given", EARLIER))
    kept = shop.folder / "before"
    shutil.copytree(shop.root, kept)
    shop.store(shop.say("given", EARLIER, purpose=IMPROVE))
    shop.ledger.load()
    shop.ledger.save()
    shutil.rmtree(shop.root)
    kept.rename(shop.root)  # a backup came back
    shop.restart()
    assert decided(shop)[0] == (True, False)
