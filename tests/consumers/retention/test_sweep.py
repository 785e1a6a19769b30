"""Sweeps of real tables: what is due goes with its proof, and nothing else."""

from datetime import timedelta
from pathlib import Path

from kit.withdrawing import EVENTS, NOON, Shop
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.proof.verify import verify
from remit_consumers.retention.sweep import Sweep, Swept


def sweep(shop: Shop, days: int) -> Swept:
    done = Sweep(shop.root, shop.plans.plan, Vacuum()).apply(NOON + timedelta(days=days))
    assert done is not None
    return done


def holds(shop: Shop) -> None:
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    for name in ("chain", "rows", "values"):
        assert checks[name].holds, checks[name].detail


def test_a_row_goes_when_its_time_is_over_and_not_a_day_before(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(subject=None))
    assert sweep(shop, 29).receipts == []
    assert shop.rows().num_rows == 3
    done = sweep(shop, 30)
    assert (done.rows, shop.rows().num_rows) == (3, 0)
    assert list((shop.root / EVENTS).glob("day=*/*.parquet")) == []
    holds(shop)
    assert sweep(shop, 30).receipts == []


def test_the_ledger_forgets_what_was_said_three_years_ago(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.store(*shop.agree(NOON, "ann"))
    shop.store(shop.view())
    assert sweep(shop, 1094).rows == 1
    assert shop.rows("consents").num_rows == 2
    assert sweep(shop, 1095).rows == 4  # two records, and two events that brought them
    assert shop.rows("consents").num_rows == 0
    shop.restart()
    holds(shop)
