"""A sweep that is killed while fields and times age, or in a table of remit's own: never half, and the next one ends it."""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.shop import EVENTS, NOON, Shop
from kit.sweeping import holds, policy_with, sweep
from kit.sweeping_killed import killed
from remit_consumers.erasure.notices import NOTICES
from remit_consumers.lake.durable import write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.rewrite import live_files
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import ORPHAN_AGE_S
from remit_consumers.retention.sweep import OWN_TABLES
from remit_schemas.policy import find_policy

DAY = timedelta(days=1)
LATER = NOON + 100 * DAY
AGES = policy_with(
    {},
    {"status": "10 days"},
    x_access_time={"timestamp": {"precision": "minute", "decay": ["5 days hour", "9 days day"]}},
)
STEPS = ["known", "written", "committed", "vacuumed"]


def seen(shop: Shop) -> list[tuple[int, int, int | None, str]]:
    """What is left of each row."""
    rows = shop.rows().sort_by("subject").to_pylist()
    return [
        (r["occurred_at"].hour, r["occurred_at"].minute, r["status"], r["tagset"]) for r in rows
    ]


@pytest.mark.clause("S105a")
@pytest.mark.parametrize("where", STEPS)
@pytest.mark.parametrize(("days", "left"), [(5, (12, 0, 200)), (10, (0, 0, None))])
def test_fields_and_times_that_age_are_as_they_were_or_as_they_must_be(
    tmp_path: Path, where: str, days: int, left: tuple[int, int, int | None]
) -> None:
    shop = Shop(tmp_path, policy=AGES)
    at = NOON + timedelta(minutes=17)
    shop.store(shop.view(at), shop.view(at, subject="bob"))
    shop.store(shop.view(at, subject="eve"))
    before = seen(shop)
    killed(shop.root, AGES, NOON + days * DAY, where)
    stands = [row[:3] for row in seen(shop)]
    is_done = where in {"committed", "vacuumed"}
    assert stands == ([left] * 3 if is_done else [row[:3] for row in before])
    holds(shop)
    sweep(shop, NOON + days * DAY)
    assert [row[:3] for row in seen(shop)] == [left] * 3
    assert {row[3] for row in seen(shop)}.isdisjoint({row[3] for row in before})
    holds(shop)
    assert sweep(shop, NOON + days * DAY).narrowed == 0
    assert only_live_files(shop, EVENTS)


@pytest.mark.clause("S105a")
@pytest.mark.parametrize("name", OWN_TABLES)
def test_a_table_of_remits_own_is_as_it_was_or_as_it_must_be(tmp_path: Path, name: str) -> None:
    shop = Shop(tmp_path)
    for key, until in (("due", NOON), ("stays", NOON + 9_999 * DAY)):
        put(shop.root, name, key, until)
    both = rows_of(shop, name)
    for where, there in (("written", both), ("committed", both[1:])):
        killed(shop.root, find_policy(), LATER, where, name)
        assert rows_of(shop, name) == there
    assert sweep(shop, LATER).rows == 0, "the killed one had done it"
    assert rows_of(shop, name) == both[1:]
    assert only_live_files(shop, name)


def put(root: Path, name: str, key: str, until: datetime) -> None:
    """Commit a row that is kept until some time, as a file of its own."""
    table = open_table(root, name, NOTICES if name == "notices" else None)
    schema = pa.schema(table.delta.schema().to_arrow())
    row = {one.name: value_of(one, key) for one in schema} | {"keep_until": until}
    if name == "quarantine":  # of a closed list, which receipts are told of
        row["reason"] = Reason.NOT_A_PACK.value
    files = write(table.path, pa.Table.from_pylist([row], schema))
    append(table.path, table.version, Append(files, {}))


def value_of(column: pa.Field, key: str) -> object:
    """Some value of a column."""
    if pa.types.is_timestamp(column.type):
        return NOON
    if pa.types.is_string(column.type) or pa.types.is_string_view(column.type):
        return key
    return 1 if pa.types.is_integer(column.type) else None


def rows_of(shop: Shop, name: str) -> list[dict[str, object]]:
    rows = open_table(shop.root, name).delta.to_pyarrow_table().sort_by("keep_until").to_pylist()
    return [dict(row) for row in rows]


def only_live_files(shop: Shop, name: str) -> bool:
    """Whether a later sweep leaves no file of which no commit speaks."""
    table = open_table(shop.root, name)
    old = time.time() - ORPHAN_AGE_S - 1
    for file in table.path.glob("**/*.parquet"):
        if "_delta_log" not in file.parts:
            os.utime(file, (old, old))
    sweep(shop, LATER - 90 * DAY)
    there = {
        str(file.relative_to(table.path))
        for file in table.path.glob("**/*.parquet")
        if "_delta_log" not in file.parts
    }
    return there == set(live_files(open_table(shop.root, name)))
