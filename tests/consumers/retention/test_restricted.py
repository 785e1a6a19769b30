"""A restriction ends where it can be seen: one that stands never goes, however old; one that ended goes with a receipt."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.shop import NOON, Shop
from kit.sweeping import holds, sweep
from remit_consumers.lake.columns import RESTRICTIONS
from remit_consumers.lake.durable import write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.restrictions import (
    KEPT_FOR,
    OBLIGED,
    keep_back,
    lift,
    records,
    restrict,
    standing,
)
from remit_consumers.lake.tables import open_table
from remit_consumers.retention.planning import plan

DAY = timedelta(days=1)
AFTER = NOON + KEPT_FOR + DAY


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"))
    return shop


def names(shop: Shop, subject: str = "ann") -> list[str]:
    return shop.names.ever("", subject, shop.plans.epochs(shop.now))


@pytest.mark.clause("S105a")
def test_one_that_stands_never_goes(shop: Shop) -> None:
    restrict(shop.root, "r1", "", names(shop), NOON)
    sweep(shop, NOON + 10 * KEPT_FOR)
    assert standing(shop.root).num_rows == len(names(shop))


@pytest.mark.clause("S105a")
def test_one_that_was_lifted_goes_whole_once_its_time_is_over_with_a_receipt(shop: Shop) -> None:
    restrict(shop.root, "r1", "", names(shop), NOON)
    restrict(shop.root, "r2", "", names(shop, "bob"), NOON)
    lift(shop.root, "r1", NOON + 100 * DAY)
    sweep(shop, AFTER)
    assert set(records(shop.root)["request"].to_pylist()) == {"r1", "r2"}, "not three years yet"
    assert set(standing(shop.root)["request"].to_pylist()) == {"r2"}
    due = plan(shop.root, shop.plans.plan, AFTER + 100 * DAY)
    assert [(one.table, one.rows) for one in due] == [("restrictions", 2 * len(names(shop)))]
    done = sweep(shop, AFTER + 100 * DAY)
    (gone,) = [one for receipt in done.receipts for one in receipt.removed]
    assert (gone.removal, gone.reason, gone.rows) == ("swept", "expired", 2 * len(names(shop)))
    assert set(records(shop.root)["request"].to_pylist()) == {"r2"}
    assert sweep(shop, AFTER + 100 * DAY).receipts == []


@pytest.mark.clause("S091b")
def test_one_on_what_an_erasure_could_not_take_ends_with_its_rows(shop: Shop) -> None:
    keep_back(shop.root, "e1", {("", name): OBLIGED for name in names(shop)}, NOON, NOON.date())
    sweep(shop, NOON + DAY)
    assert standing(shop.root).num_rows
    sweep(shop, NOON.replace(year=2027))
    assert shop.rows().num_rows == 0
    assert records(shop.root).num_rows == 0
    holds(shop)


def test_one_of_an_older_version_of_remit_stands_and_can_be_lifted(shop: Shop) -> None:
    older = pa.schema([one for one in RESTRICTIONS if one.name not in {"to_day", "code"}])
    row = {"tenant": "", "subject": "x", "request": "r1", "placed_at": NOON, "keep_until": NOON}
    table = open_table(shop.root, "restrictions", older)
    files = write(table.path, pa.Table.from_pylist([row], older))
    append(table.path, table.version, Append(files, {}))
    sweep(shop, AFTER)
    assert standing(shop.root)["subject"].to_pylist() == ["x"]
    assert lift(shop.root, "r1", AFTER) == 1
    sweep(shop, AFTER + KEPT_FOR)
    assert records(shop.root).num_rows == 0
