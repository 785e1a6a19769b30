"""Sweeps of real tables: what is due goes with its proof, and nothing else."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kit.lake import KEEP_UNTIL, LOG, make_flush, make_quarantined
from kit.shop import EVENTS, NOON, REPORTING, Shop
from kit.sweeping import SAID, holds, policy_with, sweep
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.compaction import AT_LEAST, SETTLED_S
from remit_consumers.lake.holds import Hold, Reach, lift, place
from remit_consumers.lake.rewrite import due_files
from remit_consumers.lake.tables import Table, open_table
from remit_consumers.lake.vacuum import ORPHAN_AGE_S, Vacuum
from remit_consumers.plans import Plans
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import verify
from remit_consumers.retention import looking
from remit_consumers.retention.decide import Due
from remit_consumers.retention.planning import overdue, plan
from remit_consumers.retention.sweep import Sweep
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy

DAY = timedelta(days=1)


def hold_of(reach: Reach, days: int | None = None) -> Hold:
    end = NOON + days * DAY if days else None
    return Hold("", "case 17", "S108b", "counsel", reach, NOON, end)


def test_a_row_goes_when_its_time_is_over_and_not_a_day_before(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(subject=None))
    assert sweep(shop, NOON + 29 * DAY).receipts == []
    assert shop.rows().num_rows == 3
    done = sweep(shop, NOON + 30 * DAY)
    assert (done.rows, shop.rows().num_rows) == (3, 0)
    assert list((shop.root / EVENTS).glob("day=*/*.parquet")) == []
    holds(shop)
    assert sweep(shop, NOON + 30 * DAY).receipts == []


def test_the_ledger_forgets_what_was_said_three_years_ago(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(*shop.agree(NOON, "ann"))
    shop.store(shop.view())
    assert sweep(shop, NOON + 1094 * DAY).rows == 1
    assert shop.rows("consents").num_rows == 2
    assert sweep(shop, NOON + 1095 * DAY).rows == 4  # two records, and two events that brought them
    assert shop.rows("consents").num_rows == 0
    shop.restart()
    holds(shop)


@pytest.mark.clause("S117")
def test_a_withdrawal_is_kept_as_long_as_an_agreement_that_it_ended(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    minor = shop.say("stated", purpose=None, age_band="13")
    shop.store(shop.say("withdrawn", subject="bob"), minor)
    heard = NOON + 2 * DAY
    adult = shop.say("stated", NOON - DAY, purpose=None, age_band="adult", collected_at=heard)
    shop.now = heard
    shop.store(shop.say("given", NOON - DAY, subject="bob", collected_at=heard), adult)
    shop.now = NOON + 1096 * DAY
    sweep(shop, shop.now)
    assert shop.rows("consents").num_rows == 4
    shop.restart()
    shop.store(shop.view(), shop.view(subject="bob"))
    assert [kept for _, kept, _ in shop.stands()] == [False], "of bob's row; a minor has none"
    sweep(shop, NOON + 1097 * DAY)
    assert shop.rows("consents").num_rows == 0


def test_a_field_goes_before_its_row_and_a_time_becomes_coarser(tmp_path: Path) -> None:
    policy = policy_with(
        {},
        {"status": "10 days"},
        x_access_time={
            "timestamp": {"precision": "minute", "decay": ["5 days hour", "9 days day"]}
        },
    )
    shop = Shop(tmp_path, policy=policy)
    shop.store(shop.view(NOON + timedelta(minutes=17)))
    for days, hour, minute, status in ((4, 12, 17, 200), (5, 12, 0, 200), (10, 0, 0, None)):
        sweep(shop, NOON + days * DAY)
        (row,) = shop.rows().to_pylist()
        at = row["occurred_at"]
        assert (at.hour, at.minute, row["status"]) == (hour, minute, status)
        holds(shop)
    sweep(shop, NOON + 30 * DAY)
    assert shop.rows().num_rows == 0
    holds(shop)


def test_a_consent_keeps_a_row_longer_and_its_withdrawal_ends_that(tmp_path: Path) -> None:
    longer = {"purpose": REPORTING, "keep_for": "90 days", **SAID}
    shop = Shop(tmp_path, policy=policy_with({"extensions": [longer]}))
    shop.store(*shop.agree(NOON - timedelta(minutes=1), "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(subject="eve"))
    sweep(shop, NOON + 30 * DAY)
    assert shop.rows().num_rows == 2
    assert {row["status"] for row in shop.rows().to_pylist()} == {None}
    assert {row["utc_offset"] for row in shop.rows().to_pylist()} == {"+01:00"}
    shop.now = NOON + 40 * DAY
    shop.store(shop.say("withdrawn"))
    shop.revoke()
    sweep(shop, NOON + 40 * DAY)
    assert shop.rows().num_rows == 1
    sweep(shop, NOON + 90 * DAY)
    assert shop.rows().num_rows == 0
    holds(shop)


def test_a_hold_keeps_rows_as_they_are_until_it_ends(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"))
    name = shop.rows().column("subject").to_pylist()[0]
    held = place(shop.root, hold_of(Reach(subjects=[name])))
    (told, gone) = plan(shop.root, shop.plans.plan, NOON + 31 * DAY)
    assert (told.due, told.held_by, told.clause) == (Due.HELD, held.hold, "S108b")
    assert (gone.due, gone.rows, gone.subjects, gone.clause) == (Due.ROW, 1, "<10", "S105a")
    assert sweep(shop, NOON + 31 * DAY).rows == 1
    assert shop.rows().column("subject").to_pylist() == [name]
    assert overdue(shop.root, shop.plans.plan, NOON + 31 * DAY) == {}
    lift(shop.root, held.hold, NOON + 32 * DAY)
    assert overdue(shop.root, shop.plans.plan, NOON + 32 * DAY) != {}
    assert sweep(shop, NOON + 32 * DAY).rows == 1
    holds(shop)


@pytest.mark.parametrize("step", ["progress", "find"])
def test_a_hold_that_is_placed_while_a_sweep_runs_keeps_rows(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, now = Shop(tmp_path), NOON + 31 * DAY
    shop.store(shop.view())
    placed: list[Hold] = []

    def place_once(*_: object) -> None:
        if not placed:
            placed.append(place(shop.root, replace(hold_of(Reach()), placed_at=now + DAY)))

    due = due_files

    def slowly(table: Table, at: datetime) -> Iterator[str]:
        yield from due(table, at)
        place_once()

    if step == "find":
        monkeypatch.setattr(looking, "due_files", slowly)
    progress = place_once if step == "progress" else lambda _: None
    done = Sweep(shop.root, shop.plans.plan, Vacuum(), progress=progress).apply(now)
    assert done is not None
    assert (len(placed), done.rows, shop.rows().num_rows) == (1, 0, 1)
    holds(shop)


def test_a_hold_on_other_rows_holds_nothing_here(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view())
    tomorrow = (NOON + DAY).date()
    for reach in (
        Reach(contracts=["payment"]),
        Reach(categories=["user.contact"]),
        Reach(tenants=["anna"]),
        Reach(from_day=tomorrow),
    ):
        place(shop.root, hold_of(reach))
    place(shop.root, hold_of(Reach(), days=30))
    assert sweep(shop, NOON + 30 * DAY).rows == 1


def test_an_end_is_remembered_by_what_a_hold_kept(tmp_path: Path) -> None:
    end = {"field": "method", "values": ["POST"], "then": "2 days", **SAID}
    shop = Shop(tmp_path, policy=policy_with({"ends_with": end}))
    shop.store(shop.view(method="GET"))
    shop.store(shop.view(NOON + 3 * DAY, method="POST"))
    first = place(shop.root, hold_of(Reach(to_day=NOON.date())))
    assert sweep(shop, NOON + 5 * DAY).rows == 0
    assert sweep(shop, NOON + 6 * DAY).rows == 1  # what showed the end, by its own end
    lift(shop.root, first.hold, NOON + 7 * DAY)
    assert sweep(shop, NOON + 7 * DAY).rows == 1
    holds(shop)


def test_old_orphans_go_and_young_ones_stay(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view())
    folder = next((shop.root / EVENTS).glob("day=*"))
    table = open_table(shop.root, EVENTS).delta.to_pyarrow_table()
    for name, age_s in (("part-old.parquet", ORPHAN_AGE_S + 1), ("part-new.parquet", 1)):
        pq.write_table(table, folder / name)
        then = time.time() - age_s
        os.utime(folder / name, (then, then))
    assert sweep(shop, NOON).files == 1
    assert not (folder / "part-old.parquet").exists()
    assert (folder / "part-new.parquet").exists()
    assert shop.rows().num_rows == 1


def test_what_could_not_be_read_goes_from_the_quarantine_by_its_own_end(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "data" / "lake")
    lake.claim(LOG, 0)
    lake.commit(make_flush(0, make_quarantined(0, events=2)))
    lake.materialise()
    plans = Plans(builtin(), find_policy())
    sweeps = Sweep(lake.root, plans.plan, Vacuum())
    for late, events in ((-1, 0), (0, 2), (1, 0)):
        done = sweeps.apply(KEEP_UNTIL + late * timedelta(seconds=1))
        assert done is not None
        assert (done.rows, done.expired) == (0, events)
    assert lake.quarantined() == []
    assert list((lake.root / "quarantine").glob("*.parquet")) == []
    lake.materialise()
    told = report(lake).contracts["page_view"]
    assert (told["expired"], told["quarantined"], told["swept"], told["in_flight"]) == (2, 0, 0, 0)
    checks = verify(lake.root.parent, lag=0).checks
    assert checks["rows"].holds, checks["rows"].detail
    assert checks["conservation"].holds, checks["conservation"].detail


def test_a_sweep_merges_small_files_and_the_next_one_takes_them_away(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for _ in range(AT_LEAST):
        shop.store(shop.view())
    assert sweep(shop, NOON).compacted == {}  # too young
    then = int((time.time() - SETTLED_S) * 1_000)
    for file in (shop.root / EVENTS / "_delta_log").glob("*.json"):
        aged = re.sub(r'"modificationTime":\d+', f'"modificationTime":{then}', file.read_text())
        file.write_text(aged)
    before = shop.rows()
    done = sweep(shop, NOON)
    assert {name: one.replaced for name, one in done.compacted.items()} == {EVENTS: AT_LEAST}
    assert shop.rows().equals(before)
    assert len(list((shop.root / EVENTS).glob("day=*/*.parquet"))) == AT_LEAST + 1
    assert sweep(shop, NOON).files == AT_LEAST
    (left,) = (shop.root / EVENTS).glob("day=*/*.parquet")
    assert pq.read_metadata(left).num_rows == AT_LEAST
    holds(shop)
