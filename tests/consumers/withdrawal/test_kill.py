"""A consumer that is killed while it rewrites: nothing is torn, nothing is lost, and the next one carries it out."""

from datetime import timedelta
from pathlib import Path

import pytest

from kit.dying import assert_killed
from kit.shop import EVENTS, NOON, Shop
from remit_consumers.lake import withdrawn
from remit_consumers.proof.verify import verify

REVOKING = """
import sys
from datetime import datetime
from pathlib import Path
from kit.dying import die
from remit_consumers.lake import publish, rewrite
from remit_consumers.lake import withdrawn
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.plans import Plans
from remit_consumers.withdrawal import revoke
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy

root, where, now = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
if where == "written":
    rewrite.append = die
if where == "committed":
    withdrawn.applied = die
revoke.revoke(root, Plans(builtin(), find_policy()).plan, now, Vacuum())
"""
"""Carries out what is pending, and is killed by the system at the place it is told."""


@pytest.mark.parametrize("where", ["written", "committed"])
def test_what_a_killed_consumer_left_is_done_by_the_next(tmp_path: Path, where: str) -> None:
    shop = Shop(tmp_path)
    shop.store(*shop.agree(NOON - timedelta(minutes=1), "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"))
    shop.store(shop.say("withdrawn"))
    assert_killed(REVOKING, shop.root, where, NOON.isoformat())
    assert withdrawn.pending(shop.root).num_rows
    assert [has for _, has, _ in shop.stands()] == [where == "written", True]
    receipts = shop.revoke().receipts
    assert len(receipts) == (1 if where == "written" else 0)
    assert [has for _, has, _ in shop.stands()] == [False, True]
    assert withdrawn.pending(shop.root).num_rows == 0
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    assert all(checks[name].holds for name in ("chain", "rows", "values", "residue"))
    assert len(list((shop.root / EVENTS).glob("day=*/*.parquet"))) >= 1
