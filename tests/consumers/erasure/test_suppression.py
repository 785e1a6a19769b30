"""The suppression list: late events of the erased are refused, a cancelled account is until it agrees anew."""

from datetime import timedelta
from pathlib import Path

import pytest

from kit.erasing import ErasingShop
from kit.withdrawing import NOON
from remit_consumers.erasure.suppression import FILE, Suppression
from remit_consumers.lake.commit import Flush
from remit_schemas.errors import KeysOutOfReach

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def refused(flush: Flush) -> dict[str, int]:
    return {reason: n for part in flush.parts for reason, n in part.receipt.events.refused.items()}


@pytest.mark.clause("S095b")
def test_what_an_erased_subject_left_on_the_log_is_refused_and_counted(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"))
    shop.erase("ann")
    shop.restart()
    flush = shop.store(shop.view(NOON - MINUTE), shop.view(NOON - MINUTE, subject="bob"))
    assert refused(flush) == {"suppressed": 1}
    assert shop.rows().num_rows == 2
    assert shop.vault.known_secret_of("", "ann") is None, "nobody enters the vault by a late event"


def test_who_erased_and_stays_is_somebody_new_from_then_on(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    shop.store(shop.view())
    (before,) = set(shop.rows()["subject"].to_pylist())
    shop.erase("ann")
    shop.now = NOON + MINUTE
    shop.restart()
    shop.store(shop.view())
    (after,) = set(shop.rows()["subject"].to_pylist())
    assert after != before


@pytest.mark.clause("S095b")
def test_a_cancelled_account_is_refused_until_it_agrees_anew(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    shop.store(shop.view())
    shop.erase("ann", until_agreed=True)
    shop.now = NOON + DAY
    shop.restart()
    assert refused(shop.store(shop.view())) == {"suppressed": 1}
    shop.store(shop.say("concluded", purpose=None))
    assert refused(shop.store(shop.view())) == {}
    assert refused(shop.store(shop.view(NOON - MINUTE))) == {"suppressed": 1}


def test_entries_name_nobody_lapse_and_are_seen_by_other_processes(tmp_path: Path) -> None:
    one, other = Suppression.open(tmp_path), Suppression.open(tmp_path)
    assert other.holds("", ["ann"], NOON) == [False]
    one.add("shop", "ann", NOON + DAY, now=NOON)
    assert b"ann" not in (tmp_path / FILE).read_bytes()
    assert other.refresh()
    assert other.holds("shop", ["ann", "bob"], NOON) == [True, False]
    assert other.holds("", ["ann"], NOON) == [False], "another tenant's"
    assert other.holds("shop", ["ann"], NOON + DAY) == [False]
    assert one.forget_gone(NOON + DAY) == 1
    assert len(Suppression.open(tmp_path)) == 0


def test_a_list_that_was_cut_stops_everything(tmp_path: Path) -> None:
    Suppression.open(tmp_path).add("", "ann", NOON + DAY, now=NOON)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(KeysOutOfReach):
        Suppression.open(tmp_path)
