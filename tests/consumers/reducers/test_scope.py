"""Rows fall under the key of their tenant and of the period in which they were collected."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.scope import DAY_MS, Rows, Scope, each_scope

TENANTS = st.sampled_from(["", "a", "b"])
TIMES = st.integers(-(10**13), 10**13)
EVENTS = st.lists(st.tuples(TENANTS, TIMES, st.none() | st.sampled_from("xyz")), max_size=12)


def rows_of(tenants: list[str], times_ms: list[int]) -> Rows:
    return Rows(pa.array(tenants, pa.string()), pa.array(times_ms, pa.timestamp("ms", "UTC")))


def marked(scope: Scope, values: list[str]) -> list[str | None]:
    """Give what shows scope and value, and that each came once."""
    assert len(values) == len(set(values))
    return [f"{scope.tenant}|{scope.epoch}|{value}" for value in values]


@given(events=EVENTS, days=st.sampled_from([0, 1, 7, 90]))
def test_every_row_gets_what_its_own_scope_gives_for_its_value(
    events: list[tuple[str, int, str | None]], days: int
) -> None:
    rows = rows_of([each[0] for each in events], [each[1] for each in events])
    found = each_scope(pa.array([e[2] for e in events], pa.string()), rows, days, marked)
    epochs = [f"{ms // (DAY_MS * days)}/{days}d" if days else "" for _, ms, _ in events]
    assert found.to_pylist() == [
        value and f"{tenant}|{epoch}|{value}"
        for (tenant, _, value), epoch in zip(events, epochs, strict=True)
    ]


def test_a_period_begins_at_midnight_utc_and_has_its_length_in_its_name() -> None:
    rows = rows_of([""] * 4, [0, 90 * DAY_MS - 1, 90 * DAY_MS, -1])
    scopes, of_row = rows.scopes(90)
    assert [scopes[at].epoch for at in of_row] == ["0/90d", "0/90d", "1/90d", "-1/90d"]
    assert rows.scopes(30)[0][0].epoch.endswith("/30d")
    assert rows.scopes(0)[0] == [Scope("")]


def test_as_many_days_as_rows_are_all_told_apart() -> None:
    count = 20_000
    rows = rows_of(["", "a"] * (count // 2), [day * DAY_MS for day in range(count)])
    scopes, of_row = rows.scopes(1)
    assert len(scopes) == len(set(of_row.tolist())) == count
