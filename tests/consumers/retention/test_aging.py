"""Aging: what is left of rows of one tagset, whatever has been added to their contract since."""

import json
from datetime import date, timedelta

from kit.shop import NOON
from kit.sweeping import policy_with
from remit_consumers.lake.tagsets import tagset_of
from remit_consumers.retention.aging import Law, aging
from remit_schemas.contract import builtin
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan

DAY = date(2026, 3, 5)


def before(plan: Plan, *without: str) -> dict[str, str]:
    """What rows bear that were stored before some fields were added to their contract."""
    tagset = tagset_of(plan, plan.outcome())
    told = {name: one for name, one in json.loads(tagset.fields).items() if name not in without}
    row = {name: getattr(tagset, name) for name in tagset.__dataclass_fields__}
    return row | {"fields": json.dumps(told)}


def plan_of() -> Plan:
    policy = policy_with({}, {"status": "10 days"})
    return compile_plan(builtin().by_name("page_view"), policy)


def test_a_field_that_was_added_since_is_refused_in_rows_of_before() -> None:
    plan = plan_of()
    told = before(plan, "method", "platform")
    assert aging(told, plan, DAY, NOON + timedelta(days=9)) is None
    to = aging(told, plan, DAY, NOON + timedelta(days=10))
    assert to is not None
    assert to.gone == {"status"}
    assert json.loads(to.tagset.fields)["method"]["decision"] == "refuse"


def test_aging_twice_changes_nothing() -> None:
    plan = plan_of()
    first = aging(before(plan), plan, DAY, NOON + timedelta(days=12))
    assert first is not None
    row = {name: getattr(first.tagset, name) for name in first.tagset.__dataclass_fields__}
    assert aging(row, plan, DAY, NOON + timedelta(days=12), Law.NONE) is None
