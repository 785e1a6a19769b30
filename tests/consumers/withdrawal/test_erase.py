"""A minor without a basis: everything stored of it goes at once, also from files that no commit speaks of."""

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest

from kit.shop import EVENTS, NOON, Shop
from remit_consumers.lake import withdrawn
from remit_consumers.lake.columns import WITHDRAWN_TABLE
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import ORPHAN_AGE_S
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import verify
from remit_consumers.withdrawal.erase import Found, erase, ordered

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with rows of two subjects, of which one turns out to be a minor."""
    shop = Shop(tmp_path)
    shop.store(*shop.agree(NOON - MINUTE, "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(NOON - timedelta(days=3)))
    return shop


def files(shop: Shop) -> list[Path]:
    return sorted((shop.root / EVENTS).glob("day=*/*.parquet"))


def bears(shop: Shop, name: str) -> bool:
    """Whether any byte under the data folder names a pseudonym, but for the evidence of the erasure."""
    evidence = shop.root / WITHDRAWN_TABLE
    return any(
        name.encode() in file.read_bytes()
        for file in shop.root.parent.rglob("*")
        if file.is_file() and not file.is_relative_to(evidence)
    )


def holds(shop: Shop) -> bool:
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    return all(checks[name].holds for name in ("chain", "rows", "values", "erased", "residue"))


def found(shop: Shop, subject: str = "ann") -> Found:
    return Found("", subject, shop.now)


@pytest.mark.clause("S118")
def test_everything_of_a_minor_goes_at_once_from_every_table_with_a_receipt(shop: Shop) -> None:
    names = shop.names.ever("", "ann", shop.plans.epochs(shop.now))
    others = [row for row in shop.rows().to_pylist() if row["subject"] not in names]
    assert any(bears(shop, name) for name in names)
    later = NOON + timedelta(seconds=2)
    done = erase(shop.lake, shop.walk.withdrawals, shop.plans.plan, found(shop), lambda: later)
    assert done is not None
    assert {receipt.contract for receipt in done.receipts} == {"page_view", "consent_change"}
    assert shop.rows().to_pylist() == others
    assert not any(bears(shop, name) for name in names)
    told = report(shop.lake)
    figures = told.contracts["page_view"]
    assert (figures["stored"], figures["present"], figures["erased"]) == (3, 1, 2)
    assert told.removals["erased.minor"]["rows"] == 4
    assert told.waits["minor_erasure_seconds"]["max"] == 2.0
    assert holds(shop)


@pytest.mark.clause("S118")
def test_an_erasure_that_was_ordered_with_a_flush_outlives_a_crash(shop: Shop) -> None:
    withdrawn.record(shop.root, ordered([found(shop)], shop.walk.withdrawals), {}, 0)
    shop.restart()
    shop.revoke()
    assert shop.rows().num_rows == 1
    assert withdrawn.pending(shop.root).num_rows == 0
    assert holds(shop)


def test_an_orphan_that_holds_the_subject_goes_once_no_writer_can_own_it(shop: Shop) -> None:
    """A file that a crash left, of which no commit speaks."""
    ours = next(file for file in files(shop) if "2026-03-02" in str(file))
    orphan = ours.with_name("part-of-a-crash.parquet")
    shutil.copy(ours, orphan)
    erase(shop.lake, shop.walk.withdrawals, shop.plans.plan, found(shop), lambda: NOON)
    assert orphan.exists(), "a live writer may own it"
    assert withdrawn.pending(shop.root).num_rows, "so the erasure is not done"
    old = time.time() - ORPHAN_AGE_S - 1
    os.utime(orphan, (old, old))
    shop.revoke()
    assert not orphan.exists()
    assert withdrawn.pending(shop.root).num_rows == 0


def test_verify_sees_a_file_that_brings_back_who_was_erased(shop: Shop) -> None:
    ours = next(file for file in files(shop) if "2026-03-02" in str(file))
    kept = ours.read_bytes()
    erase(shop.lake, shop.walk.withdrawals, shop.plans.plan, found(shop), lambda: NOON)
    assert holds(shop)
    ours.parent.mkdir(exist_ok=True)
    ours.write_bytes(kept)
    before = NOON.timestamp() - 1
    os.utime(ours, (before, before))
    check = verify(shop.root.parent, lag=0).checks["erased"]
    assert not check.holds
    assert "ann" not in check.detail


def test_files_that_a_revocation_left_for_its_readers_hold_nothing_back(shop: Shop) -> None:
    shop.store(shop.say("withdrawn"))
    shop.revoke()
    erase(shop.lake, shop.walk.withdrawals, shop.plans.plan, found(shop), lambda: NOON)
    live = {shop.root / EVENTS / path for path in open_table(shop.root, EVENTS).delta.file_uris()}
    assert set(files(shop)) == {Path(path) for path in live}


def test_who_is_not_known_has_nothing_to_erase_and_does_not_enter_the_vault(shop: Shop) -> None:
    before = len(shop.vault)
    gone = found(shop, "nobody")
    done = erase(shop.lake, shop.walk.withdrawals, shop.plans.plan, gone, lambda: NOON)
    assert done is not None
    assert (done.receipts, len(shop.vault)) == ((), before)


def test_the_subjects_secret_stays_so_that_the_ledger_knows_whom_to_refuse(shop: Shop) -> None:
    name = shop.ledger.of("", "ann")["subject"][0].as_py()
    erase(shop.lake, shop.walk.withdrawals, shop.plans.plan, found(shop), lambda: NOON)
    assert shop.ledger.of("", "ann")["subject"][0].as_py() == name
