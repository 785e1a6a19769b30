"""Suppress: what too few subjects share becomes `other`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.floors import MORNING, make_floors
from kit.opened import PAGE_VIEW
from remit_consumers.batch import Batch
from remit_consumers.floor.floors import Floors
from remit_consumers.steps.suppress import NO_FLOOR_YET, suppress
from remit_schemas.decided import FloorPlan
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

PLAN = compile_plan(PAGE_VIEW, find_policy())
COLUMNS = {"user_agent_os": "user_agent", "language": "language", "screen": "screen"}
FLOORED = replace(PLAN, floor=FloorPlan(COLUMNS, 2, timedelta(hours=24), "S1", "x"))
GRANTED = frozenset({"analytics.reporting"})
NEXT_DAY = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)

Row = tuple[str | None, str | None, str | None]
COMMON: Row = ("Linux", "de", "large")
ODD: Row = ("Linux", "fo", "large")


def make_batch(
    rows: Sequence[Row],
    subjects: Sequence[str | None] = (),
    networks: Sequence[str | None] = (),
    plan: Plan = FLOORED,
) -> Batch:
    """Make a batch as minimize gives it; all subjects differ unless they are given."""
    count = len(rows)
    table = {
        name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(COLUMNS)
    }
    names = subjects or [f"subject-{n}" for n in range(count)]
    return Batch(
        contract=PAGE_VIEW,
        table=pa.table(table | {"ip": pa.array(networks or [None] * count, pa.string())}),
        subject=pa.array(names, pa.string()),
        tenant=pa.array([""] * count),
        pack=pa.array(["p"] * count),
        index=pa.array(range(count), pa.int32()),
        outcome=plan.outcome(GRANTED),
    )


def rows_of(batch: Batch) -> list[Row]:
    return list(zip(*(batch.table.column(name).to_pylist() for name in COLUMNS), strict=True))


@pytest.fixture
def clock() -> list[datetime]:
    return [MORNING]


@pytest.fixture
def floors(tmp_path: Path, clock: list[datetime]) -> Floors:
    return make_floors(tmp_path, lambda: clock[0])


def next_day(floors: Floors, clock: list[datetime]) -> None:
    floors.tend(hurry=True)
    clock[0] = NEXT_DAY
    floors.tend(hurry=True)


def test_a_contract_without_a_floor_passes_as_it_is(floors: Floors) -> None:
    plan = replace(PLAN, floor=None)
    batch = make_batch([COMMON], plan=plan)
    assert suppress(floors)(batch, plan) is batch


def test_without_a_floor_yet_only_what_a_required_purpose_needs_stays(floors: Floors) -> None:
    done = suppress(floors)(make_batch([COMMON, ODD]), FLOORED)
    assert rows_of(done) == [("Linux", "de", "other"), ("Linux", "fo", "other")]
    assert done.floored == {"screen": 2}
    assert done.outcome is not None
    assert done.outcome.floor == NO_FLOOR_YET


def test_a_combination_of_too_few_loses_its_last_values_until_it_is_common(
    floors: Floors, clock: list[datetime]
) -> None:
    step = suppress(floors)
    step(make_batch([COMMON, COMMON, ODD, ("Linux", "is", "large")]), FLOORED)
    next_day(floors, clock)
    done = step(make_batch([COMMON, ODD, ("Plan 9", "de", "large")]), FLOORED)
    assert rows_of(done) == [COMMON, ("Linux", "other", "other"), ("other", "other", "other")]
    assert done.floored == {"user_agent_os": 1, "language": 2, "screen": 2}


def test_parts_of_different_consent_are_counted_together_and_each_keeps_what_is_its_own(
    floors: Floors, clock: list[datetime]
) -> None:
    step = suppress(floors)
    without: Row = ("Linux", "de", None)
    refused = replace(make_batch([without], ["bob"]), outcome=FLOORED.outcome())
    step(make_batch([COMMON], ["ann"]), FLOORED)
    step(refused, FLOORED)
    next_day(floors, clock)
    assert rows_of(step(make_batch([COMMON], ["ann"]), FLOORED)) == [("Linux", "de", "other")]
    assert rows_of(step(refused, FLOORED)) == [without]


def test_the_tagset_names_the_floor_so_that_a_replay_can_use_it(
    floors: Floors, clock: list[datetime]
) -> None:
    step = suppress(floors)
    first = step(make_batch([COMMON, COMMON]), FLOORED).outcome
    next_day(floors, clock)
    second = step(make_batch([COMMON]), FLOORED).outcome
    assert first is not None
    assert second is not None
    assert second.floor.startswith("page_view@2026-03-05T00:00Z/")
    assert len({FLOORED.outcome(GRANTED).tagset, first.tagset, second.tagset}) == 3


def test_one_subject_often_is_still_one(floors: Floors, clock: list[datetime]) -> None:
    step = suppress(floors)
    step(make_batch([COMMON] * 50, ["ann"] * 50), FLOORED)
    next_day(floors, clock)
    assert rows_of(step(make_batch([COMMON]), FLOORED)) == [("other",) * 3]


def test_visitors_without_a_subject_count_by_their_network(
    floors: Floors, clock: list[datetime]
) -> None:
    step = suppress(floors)
    nobody = [None] * 3
    step(make_batch([COMMON] * 3, nobody, ["192.0.2.0", "192.0.2.0", "198.51.100.0"]), FLOORED)
    step(make_batch([ODD] * 3, nobody, ["192.0.2.0"] * 3), FLOORED)
    step(make_batch([("BeOS", "de", None)] * 3, nobody), FLOORED)
    next_day(floors, clock)
    done = step(make_batch([COMMON, ODD, ("BeOS", "de", None)]), FLOORED)
    assert rows_of(done)[0] == COMMON
    assert "fo" not in {row[1] for row in rows_of(done)}
    assert "BeOS" not in {row[0] for row in rows_of(done)}


def test_a_field_that_is_refused_stays_empty(floors: Floors, clock: list[datetime]) -> None:
    step = suppress(floors)
    batch = make_batch([("Linux", "de", None)] * 2)
    batch = replace(batch, outcome=FLOORED.outcome(frozenset()))
    step(batch, FLOORED)
    next_day(floors, clock)
    odd = replace(make_batch([("BeOS", "is", None)]), outcome=FLOORED.outcome(frozenset()))
    assert rows_of(step(odd, FLOORED)) == [("other", "other", None)]


def test_suppressing_again_changes_nothing(floors: Floors, clock: list[datetime]) -> None:
    step = suppress(floors)
    step(make_batch([COMMON, COMMON, ODD]), FLOORED)
    next_day(floors, clock)
    once = step(make_batch([COMMON, ODD]), FLOORED)
    again = step(replace(once, outcome=FLOORED.outcome(GRANTED)), FLOORED)
    assert rows_of(again) == rows_of(once)


def test_how_unique_the_stored_rows_were_is_measured_before_and_after(
    floors: Floors, clock: list[datetime], tmp_path: Path
) -> None:
    step = suppress(floors)
    step(make_batch([COMMON] * 4), FLOORED)
    next_day(floors, clock)
    step(make_batch([COMMON] * 4 + [("Linux", f"x{n}", "large") for n in range(3)]), FLOORED)
    floors.tend(hurry=True)
    clock[0] = NEXT_DAY + timedelta(days=1)
    floors.tend(hurry=True)
    floor = floors.standing(FLOORED, FLOORED.floor).floor if FLOORED.floor else None
    assert floor is not None
    assert (floor.before.combinations, floor.before.unique) == (4, 3)
    assert (floor.after.combinations, floor.after.unique) == (2, 0)


def test_a_field_that_had_no_value_and_has_one_now_is_counted(
    floors: Floors, clock: list[datetime]
) -> None:
    step = suppress(floors)
    step(make_batch([COMMON, COMMON]), FLOORED)
    next_day(floors, clock)
    done = step(make_batch([("BeOS", None, "large"), (None, None, None), COMMON]), FLOORED)
    assert dict(done.filled) == {"language": 2, "user_agent": 1, "screen": 1}


def test_a_crowd_of_another_tenant_is_none(floors: Floors, clock: list[datetime]) -> None:
    step = suppress(floors)
    step(make_batch([COMMON, COMMON]), FLOORED)
    next_day(floors, clock)
    other = replace(make_batch([COMMON]), tenant=pa.array(["other shop"]))
    assert rows_of(step(other, FLOORED)) == [("other",) * 3]


def test_one_subject_under_changing_pseudonyms_is_one(
    floors: Floors, clock: list[datetime]
) -> None:
    step = suppress(floors)
    batch = make_batch([COMMON] * 3, ["today", "tomorrow", "later"])
    step(replace(batch, visitor=pa.array(["ann"] * 3)), FLOORED)
    next_day(floors, clock)
    assert rows_of(step(make_batch([COMMON]), FLOORED)) == [("other",) * 3]


def test_networks_under_a_key_that_changes_count_nobody(
    floors: Floors, clock: list[datetime]
) -> None:
    ip = replace(FLOORED.fields["ip"], parameters={"rotate_days": 1})
    plan = replace(FLOORED, fields={**FLOORED.fields, "ip": ip})
    step = suppress(floors)
    step(make_batch([COMMON] * 2, [None] * 2, ["192.0.2.0", "198.51.100.0"]), plan)
    next_day(floors, clock)
    assert rows_of(step(make_batch([COMMON]), plan)) == [("other",) * 3]
