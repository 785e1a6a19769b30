"""Anonymise: what is left tells how many, of nobody, and it is there once or not at all."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.shop import NOON, Shop
from kit.sweeping import holds, policy_with, sweep
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.retention.anonymise import Anonymiser, cells_of, tried
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


@pytest.mark.clause("S109")
def test_one_visitor_of_many_days_is_one_subject_whatever_its_names() -> None:
    """A visitor has another name each day, and so may a customer whose pseudonym changes."""
    days = [NOON.date().replace(day=day) for day in range(1, 21)]
    one = {"subject": [f"name-{day}" for day in range(20)], "day": pa.array(days)}
    same = {"tenant": [""] * 20, "page": ["/rare"] * 20}
    terms = Cells(columns=("page",), subjects_min=2, period="month")
    assert len(cells_of(pa.table(one | same), terms)) == 0
    several = pa.table(
        {
            "subject": [f"{who}-{day}" for day in range(20) for who in "abc"],
            "day": pa.array([day for day in days for _ in "abc"]),
            "tenant": [""] * 60,
            "page": ["/shared"] * 60,
        }
    )
    cells = cells_of(several, terms)
    assert cells.select("events", "subjects").rows() == [(60, 3)]
    assert all(one["holds"] for one in tried(several, cells, terms).values())
    lone = tried(pa.table(one | same), cells.with_columns(page=pl.lit("/rare")), terms)
    assert not lone["singling_out"]["holds"]
    assert not lone["linkage"]["holds"]


@pytest.mark.clause("S109")
def test_rows_of_each_policy_version_are_left_as_their_own_says(tmp_path: Path) -> None:
    """The older version asks for more subjects than there are; the newer one's own rows stand by themselves."""
    left = Anonymiser(tmp_path, "page_view", NOON)
    more, fewer = (Cells(columns=("page",), subjects_min=k) for k in (5, 2))
    for page, terms in (("/older", more), ("/newer", fewer), ("/newer", fewer)):
        for who in "ab" if terms is fewer else "abcd":
            left.take(
                pa.table(
                    {
                        "subject": [who],
                        "tenant": [""],
                        "page": [page],
                        "day": pa.array([NOON.date()]),
                    }
                ),
                terms,
            )
    assert left.ready()
    (file,) = left.folder.glob("*.parquet")
    assert pq.read_table(file).to_pylist() == [
        {"period": NOON.date(), "page": "/newer", "events": 4, "subjects": 2}
    ]
    (record,) = (left.folder / "_tests").glob("*.json")
    assert json.loads(record.read_text())["subjects_min"] == 2


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
