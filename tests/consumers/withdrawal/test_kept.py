"""A minor's erasure leaves what a law keeps, and what was stored lawfully since."""

import os
import shutil
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake

from kit.own_versions import lose
from kit.shop import EVENTS, NOON, Shop
from kit.sweeping import SAID, holds, policy_with, sweep
from remit_consumers.lake import withdrawn
from remit_consumers.lake.durable import Written
from remit_consumers.lake.holds import Hold, Reach, place
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.restrictions import OBLIGED, standing
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import ORPHAN_AGE_S
from remit_consumers.proof.verify import verify
from remit_consumers.views.withdrawals import still_read
from remit_consumers.views.withdrawals import withdrawn as left_out

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LAW: dict[str, Any] = {
    "floor": {
        "keep_for": "1095 days",
        "purpose": "essential.legal_obligation",
        "field": "status",
        "values": ["200"],
        **SAID,
    }
}
GROUND = {"minor_basis": "guardian_consent", "guardian": "parent"}


def shop_with(folder: Path, terms: dict[str, Any] | None) -> Shop:
    """A shop with rows of two subjects, of which one turns out to be a minor."""
    shop = Shop(folder, policy=policy_with(terms))
    shop.store(shop.view())
    shop.store(shop.view(subject="bob"))
    return shop


def is_minor(shop: Shop, **ground: str) -> None:
    """Have it stated that ann is a minor, and on what ground she may be collected of."""
    at = shop.now - MINUTE if not ground else shop.now
    shop.store(shop.say("stated", at, purpose=None, age_band="13", **ground))


def of(shop: Shop, subject: str) -> pa.Table:
    names = shop.names.ever("", subject, shop.plans.epochs(shop.now))
    return shop.rows().filter(pc.is_in(shop.rows()["subject"], pa.array(names)))


def is_erased(shop: Shop) -> bool:
    """Whether `verify` finds nothing left that was to go."""
    shop.lake.materialise()
    return verify(shop.root.parent, lag=0).checks["erased"].holds


@pytest.mark.clause("S091b", "S118")
def test_what_a_law_keeps_of_a_minor_stays_and_is_used_for_nothing(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, LAW)
    is_minor(shop)
    assert shop.revoke().withdrawals
    assert of(shop, "ann").num_rows == 1
    assert set(standing(shop.root)["code"].to_pylist()) == {OBLIGED}
    read = still_read(shop.rows(), left_out(shop.root, "essential.service"))
    assert read["subject"].to_pylist() == of(shop, "bob")["subject"].to_pylist()
    assert is_erased(shop)
    sweep(shop, NOON + timedelta(days=1100))
    assert of(shop, "ann").num_rows == 0
    holds(shop)


def test_what_is_stored_on_a_later_day_is_used_although_a_law_keeps_what_was_before(
    tmp_path: Path,
) -> None:
    shop = shop_with(tmp_path, LAW)
    is_minor(shop)
    shop.revoke()
    shop.now = NOON + DAY
    is_minor(shop, **GROUND)
    shop.store(shop.view())
    assert of(shop, "ann").num_rows == 2
    read = still_read(shop.rows(), left_out(shop.root, "essential.service"))
    days = [row["day"] for row in read.sort_by("day").to_pylist()]
    assert days == [NOON.date(), shop.now.date()], "bob's of the first, hers of the second"


def test_what_no_law_keeps_of_a_minor_goes(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, LAW | {"floor": LAW["floor"] | {"values": ["404"]}})
    is_minor(shop)
    shop.revoke()
    assert of(shop, "ann").num_rows == 0
    assert standing(shop.root).num_rows == 0
    assert is_erased(shop)


@pytest.mark.clause("S091b", "S118")
def test_a_hold_keeps_a_minors_rows(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, None)
    names = tuple(shop.names.ever("", "ann", shop.plans.epochs(shop.now)))
    place(shop.root, Hold("h", "a case", "S108b", "legal", Reach(subjects=names), NOON - MINUTE))
    is_minor(shop)
    shop.revoke()
    assert of(shop, "ann").num_rows == 1
    assert set(standing(shop.root)["code"].to_pylist()) == {OBLIGED}
    assert is_erased(shop)


def test_where_a_policy_version_is_not_on_record_a_minors_rows_wait_and_denials_of_others_too(
    tmp_path: Path,
) -> None:
    shop = shop_with(tmp_path, LAW)
    is_minor(shop)
    tagsets = open_table(shop.root, "tagsets").delta.to_pyarrow_table()
    lose(shop.root, "page_view")
    done = shop.revoke()
    assert len(done.waiting) == 1
    assert "put its file back" in done.waiting[0]
    assert of(shop, "ann").num_rows == 1
    assert withdrawn.pending(shop.root).num_rows
    _put_back(shop, tagsets)
    done = shop.revoke()
    assert (done.waiting, withdrawn.pending(shop.root).num_rows) == ((), 0)
    assert of(shop, "ann").num_rows == 1
    assert set(standing(shop.root)["code"].to_pylist()) == {OBLIGED}


@pytest.mark.clause("S117", "S118")
def test_what_is_lawful_stays_while_an_erasure_waits_for_a_young_orphan(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, None)
    shop.now = NOON.replace(year=2100)  # files are older than what is found about them
    orphan = _orphan(shop)
    is_minor(shop)
    shop.revoke()
    assert of(shop, "ann").num_rows == 0
    assert withdrawn.pending(shop.root).num_rows, "a live writer may own the orphan"
    is_minor(shop, **GROUND)
    shop.store(shop.view())
    _touch(shop, shop.now.timestamp() + 60)
    shop.revoke()
    assert of(shop, "ann").num_rows == 1, "her guardian agreed to it"
    old = time.time() - ORPHAN_AGE_S - 1
    os.utime(orphan, (old, old))
    shop.revoke()
    assert withdrawn.pending(shop.root).num_rows == 0
    assert not orphan.exists()
    assert of(shop, "ann").num_rows == 1


def test_an_orphan_that_its_writer_commits_after_all_is_taken(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, None)
    shop.now = NOON.replace(year=2100)
    orphan = _orphan(shop)
    is_minor(shop)
    shop.revoke()
    _commit(shop, orphan)
    assert of(shop, "ann").num_rows == 1
    shop.revoke()
    assert of(shop, "ann").num_rows == 0
    assert withdrawn.pending(shop.root).num_rows == 0


def _orphan(shop: Shop) -> Path:
    """A file that a writer may be about to commit: ann's."""
    names = shop.names.ever("", "ann", shop.plans.epochs(shop.now))
    file = next(
        file
        for file in (shop.root / EVENTS).glob("day=*/*.parquet")
        if any(name.encode() in file.read_bytes() for name in names)
    )
    return Path(shutil.copy(file, file.with_name("part-0-late.parquet")))


def _commit(shop: Shop, file: Path) -> None:
    """Commit a file that lies there."""
    table = open_table(shop.root, EVENTS)
    path = str(file.relative_to(table.path))
    written = Written(
        table.path, path, file.stat().st_size, 1, date.fromisoformat(file.parent.name[4:])
    )
    append(table.path, table.version, Append([written], {}))


def _touch(shop: Shop, at: float) -> None:
    """Have the newest file of page views be written at a time."""
    files = (shop.root / EVENTS).glob("day=2100*/*.parquet")
    newest = max(files, key=lambda file: file.stat().st_mtime)
    os.utime(newest, (at, at))


def _put_back(shop: Shop, tagsets: pa.Table) -> None:
    write_deltalake(open_table(shop.root, "tagsets").path, tagsets, mode="overwrite")
