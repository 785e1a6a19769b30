"""Anonymise: what is left tells how many, of nobody, and it is there once or not at all."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sweeping import holds, policy_with, sweep
from kit.withdrawing import NOON, Shop
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.retention.anonymise import cells_of, tried
from remit_consumers.rows import OWN_COLUMNS
from remit_schemas.retention import Cells

TABLE = "aggregates/page_view"
ANONYMISED = {"at_end": "anonymise", "cells": {"columns": ["status"], "subjects_min": 3}}
LATER = NOON.replace(month=6)


def left(shop: Shop) -> list[dict[str, object]]:
    """What is left, cell by cell."""
    if not is_table(shop.root, TABLE):
        return []
    rows: list[dict[str, object]] = (
        open_table(shop.root, TABLE).delta.to_pyarrow_table().to_pylist()
    )
    return rows


def test_what_enough_subjects_share_is_left_and_the_rest_is_deleted(tmp_path: Path) -> None:
    shop = Shop(tmp_path, policy=policy_with(ANONYMISED))
    shop.store(*(shop.view(subject=name) for name in ("ann", "bob", "eve", "ann")))
    shop.store(shop.view(NOON.replace(day=6), subject="ann"))
    done = sweep(shop, LATER)
    assert [one.reason for receipt in done.receipts for one in receipt.removed] == ["anonymised"]
    assert left(shop) == [{"period": NOON.date(), "status": 200, "events": 4, "subjects": 3}]
    assert not {"pack", "index", "subject", "tenant", "tagset"} & left(shop)[0].keys()
    (record,) = (shop.root / TABLE / "_tests").glob("*.json")
    told = json.loads(record.read_text())
    assert [told[name]["holds"] for name in ("singling_out", "linkage", "inference")] == [True] * 3
    assert (told["rows_in"], told["rows_left"], told["subjects_min"]) == (5, 4, 3)
    assert list((shop.root / TABLE / "_pending").iterdir()) == []
    holds(shop)
    sweep(shop, LATER)
    assert len(left(shop)) == 1


def test_what_too_few_share_leaves_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path, policy=policy_with(ANONYMISED))
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(subject=None))
    assert sweep(shop, LATER).rows == 3
    assert left(shop) == []
    holds(shop)


CELL = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["x", "y"]), st.integers(1, 28))


@given(st.lists(CELL, min_size=1, max_size=60), st.integers(2, 5))
def test_every_cell_has_enough_subjects_and_none_is_one_subjects_own(
    told: list[tuple[str, str, int]], k: int
) -> None:
    rows = pa.table(
        {
            "subject": [who for who, _, _ in told],
            "tenant": [""] * len(told),
            "page": [page for _, page, _ in told],
            "day": pa.array([NOON.date().replace(day=day % 3 + 1) for *_, day in told]),
        }
    )
    terms = Cells(columns=("page",), subjects_min=k, period="day")
    cells = cells_of(rows, terms)
    for cell in cells.to_dicts():
        mine = [
            who
            for (who, page, day) in told
            if page == cell["page"] and day % 3 + 1 == cell["period"].day
        ]
        assert cell["events"] == len(mine)
        assert cell["subjects"] == len(set(mine)) >= k
        assert max(mine.count(who) for who in mine) * 2 <= len(mine)
    assert not set(cells.columns) & set(OWN_COLUMNS)
    if len(cells):
        assert all(one["holds"] for one in tried(rows, cells, terms).values())


def test_a_table_that_names_what_rows_bear_does_not_stand_the_attacks() -> None:
    rows = pa.table(
        {"subject": ["a", "b"], "tenant": ["x", "x"], "page": ["p", "p"], "day": [NOON.date()] * 2}
    )
    for column, stands in (("page", True), ("tenant", False)):
        terms = Cells(columns=(column,), subjects_min=2)
        assert tried(rows, cells_of(rows, terms), terms)["linkage"]["holds"] is stands


@pytest.mark.parametrize("k", [2, 3])
def test_rows_of_nobody_are_nobodys_number(k: int) -> None:
    rows = pa.table(
        {
            "subject": pa.array([None, "a", "b"]),
            "tenant": ["", "", ""],
            "page": ["x"] * 3,
            "day": [NOON.date()] * 3,
        }
    )
    assert len(cells_of(rows, Cells(columns=("page",), subjects_min=k))) == (k == 2)
