"""Windows open, are saved sealed, close, and decide for what comes after them."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kit.floors import MORNING, make_floors
from kit.opened import PAGE_VIEW
from remit_consumers.floor.floors import GRACE, Floors
from remit_consumers.floor.seen import Combination
from remit_consumers.lake.commit import Lake
from remit_schemas.decided import FloorPlan
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

PLAN = compile_plan(PAGE_VIEW, find_policy())
FLOOR = FloorPlan({"language": "language", "screen": "screen"}, 3, timedelta(hours=24), "S1", "x")
NEXT_DAY = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
POPULAR, RARE = ("", "de", "large"), ("", "fo", "huge")


def see(floors: Floors, combination: Combination, visitors: range, plan: Plan = PLAN) -> None:
    window = floors.standing(plan, FLOOR).window
    rows = np.zeros(len(visitors), np.int64)
    window.add([combination], [combination], rows, np.array([*visitors], np.uint64))
    floors.tend(hurry=True)  # saved


def test_before_any_window_closed_there_is_no_floor(tmp_path: Path) -> None:
    assert make_floors(tmp_path).standing(PLAN, FLOOR).floor is None


@pytest.mark.clause("S105a")
def test_what_was_common_in_the_last_window_decides_the_next(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    see(floors, RARE, range(1, 3))
    now[0] = NEXT_DAY
    floors.tend(hurry=True)
    floor = floors.standing(PLAN, FLOOR).floor
    assert floor is not None
    assert floor.name.startswith("page_view@2026-03-05T00:00Z/")
    assert floor.common == {POPULAR}
    assert (floor.subjects, floor.before.combinations, floor.before.rare) == (5, 2, 1)
    assert Lake(tmp_path / "lake").floor(floor.name) == floor


def test_a_window_is_not_closed_before_every_consumer_could_save(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    end = datetime(2026, 3, 6, tzinfo=UTC)
    now[0] = end + GRACE - timedelta(seconds=1)
    floors.tend(hurry=True)
    assert floors.standing(PLAN, FLOOR).floor is None
    now[0] = end + GRACE
    floors.tend(hurry=True)
    assert floors.standing(PLAN, FLOOR).floor is not None


def test_what_was_seen_before_a_restart_counts(tmp_path: Path) -> None:
    before = make_floors(tmp_path)
    see(before, POPULAR, range(1, 3))
    before.tend(hurry=True)
    now = [MORNING]
    after = make_floors(tmp_path, lambda: now[0])
    see(after, POPULAR, range(2, 4))
    now[0] = NEXT_DAY
    after.tend(hurry=True)
    floor = after.standing(PLAN, FLOOR).floor
    assert floor is not None
    assert floor.common == {POPULAR}


def test_what_several_consumers_saw_counts_together(tmp_path: Path) -> None:
    now = [MORNING]
    both = [make_floors(tmp_path, lambda: now[0], consumer) for consumer in (0, 1)]
    see(both[0], POPULAR, range(1, 3))
    see(both[1], POPULAR, range(3, 5))
    for later in (datetime(2026, 3, 6, 0, 1, tzinfo=UTC), NEXT_DAY):
        now[0] = later
        for floors in both:
            floors.tend(hurry=True)
    found = [floors.standing(PLAN, FLOOR).floor for floors in both]
    assert found[0] is not None
    assert found[0].common == {POPULAR}
    assert found[0] == found[1]


def test_a_consumer_that_saves_too_late_changes_nothing(tmp_path: Path) -> None:
    now = [MORNING]
    prompt, late = [make_floors(tmp_path, lambda: now[0], consumer) for consumer in (0, 1)]
    see(prompt, POPULAR, range(1, 6))
    see(late, RARE, range(1, 6))
    now[0] = NEXT_DAY
    prompt.tend(hurry=True)
    decided = prompt.standing(PLAN, FLOOR).floor
    late.tend(hurry=True)
    assert late.standing(PLAN, FLOOR).floor == decided
    assert not list((tmp_path / "floors").glob("*.sealed"))


def test_neither_key_nor_file_of_a_closed_window_is_left(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, RARE, range(1, 3))
    floors.tend(hurry=True)
    assert list((tmp_path / "floors").glob("*.sealed"))
    assert list((tmp_path / "keys").glob("floor*"))
    now[0] = NEXT_DAY
    floors.tend(hurry=True)
    assert not list((tmp_path / "floors").glob("*.sealed"))
    assert not list((tmp_path / "keys").glob("floor*"))


def test_no_combination_of_an_open_window_can_be_read_on_the_disk(tmp_path: Path) -> None:
    floors = make_floors(tmp_path)
    see(floors, ("", "canary-zq8", "huge"), range(1, 3))
    floors.tend(hurry=True)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sealed" for path in files)
    assert not [path for path in files if b"canary" in path.read_bytes()]


@pytest.mark.parametrize("damage", ["key", "file"])
def test_what_cannot_be_opened_any_more_counts_nobody(tmp_path: Path, damage: str) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    floors.tend(hurry=True)
    if damage == "key":
        next((tmp_path / "keys").glob("floor*")).unlink()
    else:
        file = next((tmp_path / "floors").glob("*.sealed"))
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    now[0] = NEXT_DAY
    again = make_floors(tmp_path, lambda: now[0])
    again.tend(hurry=True)
    assert again.standing(PLAN, FLOOR).floor is None
    assert not list((tmp_path / "floors").glob("*.sealed"))


def test_a_floor_of_other_columns_holds_no_longer(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    now[0] = NEXT_DAY
    floors.tend(hurry=True)
    assert floors.standing(PLAN, FLOOR).floor is not None
    assert floors.standing(PLAN, replace(FLOOR, columns={"screen": "screen"})).floor is None


def test_a_floor_of_fewer_subjects_holds_until_there_is_one_of_enough(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    now[0] = NEXT_DAY
    floors.tend(hurry=True)
    for asked, holds in ((2, 3), (3, 3), (4, 3)):
        standing = floors.standing(PLAN, replace(FLOOR, subjects_min=asked))
        assert standing.floor is not None
        assert standing.floor.subjects_min == holds
    floors.standing(PLAN, replace(FLOOR, subjects_min=4)).window.add(
        [POPULAR], [POPULAR], np.zeros(5, np.int64), np.arange(1, 6, dtype=np.uint64)
    )
    floors.tend(hurry=True)
    now[0] = NEXT_DAY + timedelta(days=1)
    floors.tend(hurry=True)
    standing = floors.standing(PLAN, replace(FLOOR, subjects_min=4))
    assert standing.floor is not None
    assert standing.floor.subjects_min == 4


def test_a_window_of_another_length_is_decided_too(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    longer = replace(FLOOR, window=timedelta(hours=47))
    for floor in (FLOOR, longer):
        floors.standing(PLAN, floor).window.add(
            [POPULAR], [POPULAR], np.zeros(5, np.int64), np.arange(1, 6, dtype=np.uint64)
        )
        floors.tend(hurry=True)
        now[0] += timedelta(days=3)
        floors.tend(hurry=True)
        standing = floors.standing(PLAN, floor)
        assert standing.floor is not None
        assert standing.floor.ended_at - standing.floor.begun_at == floor.window
    assert len(Lake(tmp_path / "lake").floors()["page_view", tuple(FLOOR.columns)]) == 1


def test_a_window_that_a_wrong_clock_closed_decides_nothing_and_hinders_none(
    tmp_path: Path,
) -> None:
    now = [MORNING + timedelta(days=3650)]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, RARE, range(1, 6))
    now[0] += timedelta(days=1)
    floors.tend(hurry=True)
    now[0] = MORNING
    floors.tend(hurry=True)
    assert floors.standing(PLAN, FLOOR).floor is None
    see(floors, POPULAR, range(1, 6))
    now[0] = NEXT_DAY
    floors.tend(hurry=True)
    floor = floors.standing(PLAN, FLOOR).floor
    assert floor is not None
    assert floor.common == {POPULAR}


@pytest.mark.parametrize("harm", ["stray file", "folder for a file", "short key"])
def test_what_is_wrong_with_one_window_stops_neither_another_nor_the_flow(
    tmp_path: Path, harm: str
) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    other = replace(PLAN, contract="other")
    see(floors, RARE, range(1, 6))
    see(floors, POPULAR, range(1, 6), other)
    floors.tend(hurry=True)
    if harm == "stray file":
        (tmp_path / "floors" / "notes.sealed").write_bytes(b"x")
    elif harm == "folder for a file":
        file = next((tmp_path / "floors").glob("page_view~*.sealed"))
        file.unlink()
        file.mkdir()
    else:
        next((tmp_path / "keys").glob("floor~page_view~*.key")).write_bytes(b"")
    again = make_floors(tmp_path, lambda: now[0])
    assert again.standing(PLAN, FLOOR).floor is None
    now[0] = NEXT_DAY
    with suppress(OSError):
        again.tend(hurry=True)
    found = again.standing(other, FLOOR).floor
    assert found is not None
    assert found.common == {POPULAR}


def test_a_save_that_fails_at_the_end_of_a_window_is_tried_again(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    window = floors.standing(PLAN, FLOOR).window
    window.add([POPULAR], [POPULAR], np.zeros(5, np.int64), np.arange(1, 6, dtype=np.uint64))
    (tmp_path / "floors").write_bytes(b"in the way of the folder")
    now[0] = datetime(2026, 3, 6, 0, 1, tzinfo=UTC)
    with pytest.raises(OSError, match="exists"):
        floors.tend(hurry=True)
    (tmp_path / "floors").unlink()
    now[0] += timedelta(minutes=1)
    floors.tend(hurry=True)
    now[0] = NEXT_DAY
    floors.tend(hurry=True)
    floor = floors.standing(PLAN, FLOOR).floor
    assert floor is not None
    assert floor.common == {POPULAR}


def test_no_window_is_closed_while_the_keys_are_away(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    floors.tend(hurry=True)
    now[0] = NEXT_DAY
    (tmp_path / "keys").rename(tmp_path / "away")
    with pytest.raises(KeysOutOfReach):
        floors.tend(hurry=True)
    (tmp_path / "away").rename(tmp_path / "keys")
    floors.tend(hurry=True)
    assert floors.standing(PLAN, FLOOR).floor is not None


def test_a_window_in_which_nothing_was_seen_leaves_the_floor_as_it_was(tmp_path: Path) -> None:
    now = [MORNING]
    floors = make_floors(tmp_path, lambda: now[0])
    see(floors, POPULAR, range(1, 6))
    for day in (6, 7, 8):
        now[0] = datetime(2026, 3, day, 9, tzinfo=UTC)
        floors.tend(hurry=True)
    floor = floors.standing(PLAN, FLOOR).floor
    assert floor is not None
    assert floor.begun_at == datetime(2026, 3, 5, tzinfo=UTC)
