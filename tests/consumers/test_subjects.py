"""Counting different subjects: near enough, rounded, and only of what is stored now."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.installation import Installation
from remit_consumers.sketch import STEP_MIN, estimate, rounded, sketch, together
from remit_consumers.subjects import Subjects

NAMES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(60_000)]


@pytest.mark.parametrize("count", [0, 1, 9, 100, 3_000, 10_000, 60_000])
def test_an_estimate_is_within_a_tenth(count: int) -> None:
    """Four standard errors."""
    found = estimate(sketch(pa.array(NAMES[:count], pa.string())))
    assert found == pytest.approx(count, rel=0.1)


@given(st.lists(st.sampled_from(NAMES[:50])), st.lists(st.sampled_from(NAMES[:50])))
def test_two_sketches_together_are_one_of_both(one: list[str], other: list[str]) -> None:
    parts = [sketch(pa.array(each, pa.string())) for each in (one, other)]
    assert together(parts).tolist() == sketch(pa.array([*other, *one], pa.string())).tolist()


def test_nulls_are_nobody() -> None:
    assert estimate(sketch(pa.array([None, None], pa.string()))) == 0


@example(5e-324)
@given(st.floats(0, 1e9))
def test_a_count_is_told_in_tens_at_least_and_never_too_low(count: float) -> None:
    told = rounded(count)
    assert told >= count
    assert told % STEP_MIN == 0
    assert told <= max(STEP_MIN, count * 1.1 + STEP_MIN)


def test_subjects_are_counted_by_what_their_rows_hold(tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    views = [{"page": "/a", "status": 200, "subject": f"s{n}"} for n in range(30)]
    views += [{"page": "/a", "status": 200} for _ in range(90)]
    installed.remit(
        "emit", "page_view", "--wait", stdin="".join(f"{json.dumps(v)}\n" for v in views)
    )
    subjects = Subjects(installed.data / "lake")
    found = subjects.count()
    assert found["user.behavior.browsing_history"] in {30, 40}
    assert "user.account.x_store" not in found, "whose customer it is says nothing of a subject"
    assert subjects.count() == found
