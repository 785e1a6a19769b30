"""What is asked for and not done yet outlives its time: a withdrawal that waits is not forgotten by a sweep."""

from datetime import timedelta
from pathlib import Path

import pytest

from kit.own_versions import lose
from kit.shop import NOON, Shop
from kit.sweeping import sweep
from remit_consumers.consent.withdrawals import EVIDENCE_KEPT
from remit_consumers.lake import withdrawn

DAY = timedelta(days=1)


@pytest.mark.clause("S118")
def test_an_erasure_that_waits_is_on_record_until_it_is_done(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view())
    shop.store(shop.say("stated", purpose=None, age_band="13"))
    lose(shop.root, "page_view")
    assert shop.revoke().waiting
    before = withdrawn.pending(shop.root).num_rows
    sweep(shop, NOON + EVIDENCE_KEPT + DAY)
    assert withdrawn.pending(shop.root).num_rows == before > 0


def test_one_that_is_done_goes_with_its_evidence(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view())
    shop.store(shop.say("stated", purpose=None, age_band="13"))
    shop.revoke()
    assert withdrawn.erased(shop.root).num_rows
    sweep(shop, NOON + EVIDENCE_KEPT + DAY)
    assert withdrawn.erased(shop.root).num_rows == 0
