"""A sweep that is killed at each of its steps: nothing is half, and the next one carries it on."""

from pathlib import Path

import pytest

from kit.dying import assert_killed
from kit.shop import EVENTS, NOON, Shop
from kit.sweeping import holds, policy_with, sweep
from remit_consumers.lake.tables import is_table, open_table

LATER = NOON.replace(month=6)
ANONYMISED = {"at_end": "anonymise", "cells": {"columns": ["status"], "subjects_min": 2}}

SWEEPING = """
import sys
from datetime import datetime
from pathlib import Path
from kit.dying import after, die
from remit_consumers.lake import publish, rewrite
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.plans import Plans
from remit_consumers.retention import anonymise, sweep
from remit_schemas.contract import builtin
from remit_schemas.policy import policy_from_json

root, where, now, policy = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
if where == "written": rewrite.append = die
if where == "committed": rewrite.append = after(rewrite.append)
if where == "counted": anonymise.append = die
if where == "published": anonymise.append = after(anonymise.append)
if where == "vacuumed": Vacuum.take = after(Vacuum.take)
if where == "intended": anonymise.write = after(anonymise.write)
plans = Plans(builtin(), policy_from_json(Path(policy).read_text()))
sweep.Sweep(root, plans.plan, Vacuum()).apply(datetime.fromisoformat(now))
"""
"""Sweeps, and is killed by the system at the place it is told."""

STEPS = ["intended", "written", "committed", "counted", "published", "vacuumed"]
GONE = ("committed", "counted", "published", "vacuumed")


@pytest.mark.parametrize("where", STEPS)
def test_what_a_killed_sweep_left_is_done_by_the_next(tmp_path: Path, where: str) -> None:
    policy = policy_with(ANONYMISED)
    shop = Shop(tmp_path, policy=policy)
    shop.store(shop.view(), shop.view(subject="bob"))
    (tmp_path / "policy.json").write_bytes(policy.canonical)
    assert_killed(SWEEPING, shop.root, where, LATER.isoformat(), tmp_path / "policy.json")
    assert shop.rows().num_rows == (0 if where in GONE else 2)
    sweep(shop, LATER)
    assert shop.rows().num_rows == 0
    assert is_table(shop.root, "aggregates/page_view")
    left = open_table(shop.root, "aggregates/page_view").delta.to_pyarrow_table().to_pylist()
    assert [(cell["events"], cell["subjects"]) for cell in left] == [(2, 2)]
    assert list((shop.root / EVENTS).glob("day=*/*.parquet")) == [] or where == "written"
    holds(shop)
