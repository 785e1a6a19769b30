"""Stored rows under a newer version of the policy: they lose what it does not allow, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.later import (
    LATER,
    by_the_hour,
    by_the_second,
    for_a_week,
    later_policy,
    not_to_improve,
    refuse,
)
from kit.own_versions import put
from kit.shop import NOON, Shop
from kit.sweeping import holds
from remit_consumers.lake.holds import Hold, Reach, place
from remit_consumers.lake.removed import NEWER
from remit_consumers.plans import Plans
from remit_consumers.proof.report import report
from remit_consumers.reminimize.run import Newer
from remit_schemas.contract import builtin
from remit_schemas.errors import LakeError
from remit_schemas.policy import Policy, find_policy


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A lake with page views of two subjects; one agreed to everything, one to nothing."""
    shop = Shop(tmp_path)
    shop.store(*shop.agree(NOON - timedelta(days=2), "ann"))
    shop.store(shop.view(NOON - timedelta(days=1)), shop.view(NOON), shop.view(subject="bob"))
    return shop


def newer(shop: Shop, policy: Policy) -> Newer:
    """A lake, and a version that lies beside the one its rows were stored under."""
    folder = shop.folder / "policies"
    put(folder, find_policy())
    put(folder, policy)
    return Newer(shop.root, Plans(builtin(), find_policy(), folder).plan, LATER, NOON)


def others(rows: pa.Table, *names: str) -> pa.Table:
    """The rows without some columns and without what names their tags."""
    return rows.drop_columns([*names, "tagset"])


def test_what_a_newer_version_refuses_goes_from_every_row_and_nothing_else_does(shop: Shop) -> None:
    before = shop.rows()
    asked = newer(shop, later_policy(status=refuse))
    planned = asked.plan()
    assert planned["page_view"] == {"rows": 0, "narrowed": 3, "values": {"status": 3}}
    assert shop.rows().equals(before)
    assert asked.apply() == planned
    after = shop.rows()
    assert after.column("status").null_count == 3
    assert others(after, "status").equals(others(before, "status"))
    holds(shop)


def test_what_was_taken_stands_in_the_report_with_its_reason(shop: Shop) -> None:
    newer(shop, later_policy(status=refuse)).apply()
    shop.lake.materialise()
    assert NEWER in str(report(shop.lake).to_dict())


def test_times_become_as_coarse_as_the_newer_version_says_and_never_finer(shop: Shop) -> None:
    before = shop.rows()
    finer = newer(shop, later_policy(x_access_time=by_the_second))
    finer.apply()
    assert others(shop.rows()).equals(others(before))
    newer(shop, later_policy(x_access_time=by_the_hour)).apply()
    assert {one.minute for one in shop.rows().column("occurred_at").to_pylist()} == {0}
    holds(shop)


def test_a_shorter_time_is_dated_anew_and_a_longer_one_is_not(shop: Shop) -> None:
    before = shop.rows().column("keep_until").to_pylist()
    newer(shop, later_policy(status=for_a_week)).apply()
    after = shop.rows().column("keep_until").to_pylist()
    assert [was - now for was, now in zip(before, after, strict=True)] == [timedelta(days=23)] * 3
    holds(shop)


def test_a_purpose_that_a_field_has_lost_is_lost_by_its_rows(shop: Shop) -> None:
    """Duration served improvement alone, so it goes; the status had other purposes, so it stays."""
    found = newer(shop, later_policy(duration_ms=refuse, status=not_to_improve)).apply()
    assert found["page_view"]["values"] == {"duration_ms": 2}
    assert shop.rows().column("status").null_count == 0


def test_doing_it_again_changes_nothing(shop: Shop) -> None:
    asked = newer(shop, later_policy(status=refuse))
    asked.apply()
    once = shop.rows()
    assert asked.apply()["page_view"] == {"rows": 0, "narrowed": 0, "values": {}}
    assert shop.rows().equals(once)


def test_a_version_that_allows_the_same_changes_nothing(shop: Shop) -> None:
    assert newer(shop, later_policy()).apply()["page_view"]["narrowed"] == 0


def test_what_a_hold_lies_on_stays_whole(shop: Shop) -> None:
    name = shop.names.known("", "ann")[0]
    hold = Hold("", "case 12", "S068", "counsel", Reach(subjects=[name]), NOON)
    place(shop.root, hold)
    found = newer(shop, later_policy(status=refuse)).apply()
    assert found["page_view"]["values"] == {"status": 1}
    holds(shop)


def test_a_version_that_is_not_on_record_stops_it_with_a_word_of_which(shop: Shop) -> None:
    asked = Newer(shop.root, Plans(builtin(), find_policy()).plan, LATER, NOON)
    with pytest.raises(LakeError, match=LATER):
        asked.apply()
