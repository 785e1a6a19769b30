"""Charts: sums by time are the sums, however times lie, and there are never more points than a page can show."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.dashboard.charts import POINTS_MAX, by_time, flow

SIX_YEARS_S = 6 * 365 * 86_400
MOMENTS = st.integers(0, SIX_YEARS_S).map(lambda at: datetime.fromtimestamp(at, UTC))
ROWS = st.lists(
    st.tuples(st.none() | MOMENTS, st.sampled_from("abcdefghij"), st.integers(0, 99)), max_size=40
)


def columns(rows: list[tuple[datetime | None, str, int]]) -> tuple[pa.Array, pa.Array, pa.Array]:
    return (
        pa.array([at for at, _, _ in rows], pa.timestamp("us", "UTC")),
        pa.array([name for _, name, _ in rows], pa.string()),
        pa.array([value for _, _, value in rows], pa.int64()),
    )


@given(ROWS)
def test_nothing_is_lost_on_the_way_into_a_chart(
    rows: list[tuple[datetime | None, str, int]],
) -> None:
    found = by_time(*columns(rows))
    assert sum(map(sum, found.series.values())) == sum(value for _, _, value in rows)
    assert {len(values) for values in found.series.values()} <= {len(found.labels)}


@given(ROWS)
def test_a_chart_has_few_points_and_few_series(
    rows: list[tuple[datetime | None, str, int]],
) -> None:
    found = by_time(*columns(rows))
    assert len(found.labels) <= POINTS_MAX + 1
    assert len(found.series) <= 7


def test_points_without_any_value_stand_between_others() -> None:
    begun = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = by_time(*columns([(begun, "a", 1), (begun + timedelta(seconds=3), "a", 2)]))
    assert found.labels == ("12:00:00", "12:00:01", "12:00:02", "12:00:03")
    assert found.series == {"a": (1, 0, 0, 2)}


def test_a_flow_leaves_out_what_nothing_reached() -> None:
    drawn = flow([("IP", {"kept": 0, "reduced": 5})], {"kept": "Kept", "reduced": "Reduced"}, "en")
    assert drawn["links"] == [{"source": "IP", "target": "Reduced", "value": 5}]
    assert [node["name"] for node in drawn["nodes"]] == ["IP", "Reduced"]  # type: ignore[attr-defined]
