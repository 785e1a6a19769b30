"""Times, rounded down in UTC."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import timestamp
from remit_schemas.parameters import complete

STEPS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.clause("S025d")
@given(TIMES, st.sampled_from(sorted(STEPS)))
def test_a_time_is_rounded_down_to_the_precision(moment: datetime, precision: str) -> None:
    column = pa.array([moment, None], pa.timestamp("us", "UTC"))
    (found,) = timestamp.reduce(column, complete("timestamp", {"precision": precision}))
    floored, nothing = found.to_pylist()
    assert nothing is None
    assert timedelta(0) <= moment - floored < STEPS[precision]
    assert (floored - datetime(1, 1, 1, tzinfo=UTC)) % STEPS[precision] == timedelta(0)
    (again,) = timestamp.reduce(found, complete("timestamp", {"precision": precision}))
    assert again.equals(found)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_a_time_that_no_date_can_write_becomes_null(numbers: list[int]) -> None:
    column = pa.array(numbers, pa.timestamp("ms", "UTC"))
    (found,) = timestamp.reduce(column, complete("timestamp", {}))
    for number, kept in zip(numbers, found.cast(pa.int64()).to_pylist(), strict=True):
        within = timestamp.YEAR_1_MS <= number < timestamp.YEAR_10000_MS
        assert (kept is not None) == within


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01.5z", 1_500),
        ("1970-01-01 01:00:00.123456789+01:00", 123),
        ("1969-12-31T19:00:00-05:00", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-02", 86_400_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_999),
        ("2016-12-31T18:59:60.7-05:00", 1_483_228_799_999),
        ("2016-12-31T12:59:60Z", None),
        ("2016-12-31T23:59:61Z", None),
        ("1970-01-01T24:00:00Z", None),
        ("1970-01-01T00:00:00+24:00", None),
        ("1970-02-30T00:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("10000-01-01T00:00:00Z", None),
        ("1970-W01-4", None),
        ("19700101T000000Z", None),
        ("197\u0660-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z\n", None),
    ],
)
def test_a_text_of_rfc_3339_is_read_right_or_not_at_all(text: str, ms: int | None) -> None:
    assert timestamp.milliseconds(text) == ms


@given(st.text(st.sampled_from("0123456789-:T.Zz+ "), max_size=32) | st.text(max_size=20))
def test_no_text_makes_it_raise(text: str) -> None:
    (found,) = timestamp.reduce(pa.array([text, None]), complete("timestamp", {}))
    assert found[1].as_py() is None


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["s", "ms", "us", "ns"]))
def test_every_unit_is_rounded_down_also_before_1970(number: int, unit: str) -> None:
    per_s = {"s": 1, "ms": 1_000, "us": 10**6, "ns": 10**9}[unit]
    (found,) = timestamp.reduce(pa.array([number], pa.timestamp(unit, "UTC")), {})
    kept = found.cast(pa.int64())[0].as_py()
    within = timestamp.YEAR_1_MS <= number * 1_000 // per_s < timestamp.YEAR_10000_MS
    assert kept == (number // per_s * 1_000 if within else None)


DECAY = complete("timestamp", {"decay": ["7 days minute", "30 days hour", "365 days day"]})


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (0, "10:20:30"),
        (6, "10:20:30"),
        (7, "10:20:00"),
        (30, "10:00:00"),
        (365, "00:00:00"),
        (None, "00:00:00"),
    ],
)
def test_a_time_decays_at_the_age_that_the_policy_says(age: int | None, left: str) -> None:
    column = pa.array([datetime(2021, 11, 1, 10, 20, 30, 456_000, UTC)], pa.timestamp("ms", "UTC"))
    (kept,) = timestamp.decayed(column, pa.array([age], pa.int32()), DECAY).to_pylist()
    assert kept.time().isoformat() == left


AGES = st.integers(-5, 40_000)


@given(st.lists(st.tuples(TIMES, AGES, AGES), min_size=1))
def test_more_age_never_gives_a_finer_time_and_a_second_sweep_changes_nothing(
    rows: list[tuple[datetime, int, int]],
) -> None:
    moments, ages, more = zip(*rows, strict=True)
    column = pa.array(moments, pa.timestamp("us", "UTC"))
    young = pa.array(ages, pa.int64())
    old = pa.array(
        [age + max(0, further) for age, further in zip(ages, more, strict=True)], pa.int64()
    )
    once = timestamp.decayed(column, young, DECAY)
    assert timestamp.decayed(once, young, DECAY).equals(once)
    assert timestamp.decayed(once, old, DECAY).equals(timestamp.decayed(column, old, DECAY))
    late = timestamp.decayed(column, old, DECAY).to_pylist()
    assert all(a >= b for a, b in zip(once.to_pylist(), late, strict=True))


def test_no_decay_makes_a_time_finer_than_its_precision() -> None:
    column = pa.array([datetime(2021, 11, 1, 10, 20, tzinfo=UTC)], pa.timestamp("ms", "UTC"))
    parameters = complete("timestamp", {"precision": "day", "decay": ["7 days hour"]})
    (kept,) = timestamp.decayed(column, pa.array([9]), parameters).to_pylist()
    assert kept == datetime(2021, 11, 1, tzinfo=UTC)


def test_without_a_decay_a_time_keeps_the_precision_it_was_stored_with() -> None:
    column = pa.array([datetime(2021, 11, 1, 10, tzinfo=UTC), None], pa.timestamp("ms", "UTC"))
    parameters = complete("timestamp", {"precision": "hour"})
    assert timestamp.decayed(column, pa.array([9_999, 1]), parameters).equals(column)


@pytest.mark.parametrize(
    ("text", "said"),
    [("2021-11-01T10:20:30+08:00", "rounded down to the second, UTC"), ("soon", "no time: null")],
)
def test_a_text_is_read_where_a_person_tries_it_out(text: str, said: str) -> None:
    assert timestamp.explain(text, complete("timestamp", {})) == said
