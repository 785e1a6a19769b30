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
    ("text", "said"),
    [("2021-11-01T10:20:30+08:00", "rounded down to the second, UTC"), ("soon", "no time: null")],
)
def test_a_text_is_read_where_a_person_tries_it_out(text: str, said: str) -> None:
    assert timestamp.explain(text, complete("timestamp", {})) == said
