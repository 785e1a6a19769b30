"""Small counts: hidden, and no total gives them back."""

from collections.abc import Iterator, Mapping
from itertools import product

from hypothesis import example, given
from hypothesis import strategies as st

from remit_consumers.evidence.small_counts import SMALL, WITHHELD, Suppressed, shown, suppress

COUNTS = st.one_of(st.integers(0, 14), st.sampled_from([0, 1, 9, 10, 11, 400]))
TABLES = st.integers(1, 3).flatmap(
    lambda columns: st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.fixed_dictionaries({f"k{n}": COUNTS for n in range(columns)}),
        min_size=1,
    )
)


def everything(found: Suppressed) -> Iterator[int | str]:
    """Every place of a table, its totals included."""
    for row in found.rows.values():
        yield from row.values()
    yield from (*found.row_totals.values(), *found.column_totals.values(), found.total)


def totals(table: Mapping[str, Mapping[str, int]]) -> tuple[dict[str, int], dict[str, int], int]:
    """Row totals, column totals, and the total."""
    rows = {name: sum(row.values()) for name, row in table.items()}
    columns: dict[str, int] = {}
    for row in table.values():
        for column, count in row.items():
            columns[column] = columns.get(column, 0) + count
    return rows, columns, sum(rows.values())


def fits(place: int | str, count: int, *, of_few: bool) -> bool:
    """Whether a reader who sees this place could believe that count; in a row or column of fewer than ten 0 is hidden, too."""
    if place == SMALL:
        return count < 10 and count >= (0 if of_few else 1)
    return count >= 10 if place == WITHHELD else place == count


def believable(found: Suppressed, table: Mapping[str, Mapping[str, int]]) -> bool:
    """Whether a reader could believe that table."""
    rows, columns, total = totals(table)
    of_few = found.total == SMALL
    return (
        all(
            fits(
                found.rows[n][c],
                count,
                of_few=SMALL in {found.total, found.row_totals[n], found.column_totals[c]},
            )
            for n, row in table.items()
            for c, count in row.items()
        )
        and all(fits(found.row_totals[n], count, of_few=of_few) for n, count in rows.items())
        and all(fits(found.column_totals[c], count, of_few=of_few) for c, count in columns.items())
        and fits(found.total, total, of_few=False)
    )


def others(
    found: Suppressed, table: Mapping[str, Mapping[str, int]]
) -> Iterator[dict[str, dict[str, int]]]:
    """Tables that differ by one at most in each hidden place: if any other is believable, one of these is."""
    hidden = [
        (name, column)
        for name, row in found.rows.items()
        for column, place in row.items()
        if isinstance(place, str)
    ]
    for steps in product((-1, 0, 1), repeat=len(hidden)):
        other = {name: dict(row) for name, row in table.items()}
        for (name, column), step in zip(hidden, steps, strict=True):
            other[name][column] += step
        if believable(found, other):
            yield other


@given(TABLES)
def test_no_small_count_is_shown_and_every_count_that_is_shown_is_true(
    table: dict[str, dict[str, int]],
) -> None:
    found = suppress(table)
    assert believable(found, table)
    assert not [place for place in everything(found) if isinstance(place, int) and 0 < place < 10]


@example({name: {"k0": 1, "k1": 1, "k2": 1} for name in "abc"})  # nine that are fewer than ten
@example({"a": {f"k{n}": 1 for n in range(9)}})
@example({"a": {f"k{n}": 1 for n in range(9)}, "b": {f"k{n}": 400 for n in range(9)}})
@given(TABLES)
def test_no_total_gives_a_small_count_back(table: dict[str, dict[str, int]]) -> None:
    found = suppress(table)
    small = {(n, c) for n, row in table.items() for c, count in row.items() if 0 < count < 10}
    for other in others(found, table):
        small -= {(n, c) for n, c in small if other[n][c] != table[n][c]}
        if not small:
            return
    assert not small


@given(TABLES)
def test_a_table_without_small_counts_is_shown_whole(table: dict[str, dict[str, int]]) -> None:
    large = {name: {c: count * 10 for c, count in row.items()} for name, row in table.items()}
    assert all(isinstance(place, int) for place in everything(suppress(large)))


def test_as_little_as_possible_is_withheld() -> None:
    table = {"a": {"x": 3, "y": 40}, "b": {"x": 50, "y": 60}, "c": {"x": 70, "y": 80}}
    found = suppress(table)
    assert found.rows["a"] == {"x": SMALL, "y": WITHHELD}
    assert found.rows["b"] == {"x": WITHHELD, "y": WITHHELD}
    assert found.rows["c"] == {"x": 70, "y": 80}
    assert (found.row_totals, found.total) == ({"a": 43, "b": 110, "c": 150}, 303)


def test_nothing_and_nobody_are_no_small_counts() -> None:
    assert suppress({}).total == 0
    assert suppress({"a": {"x": 0, "y": 20}}).rows == {"a": {"x": 0, "y": 20}}
    assert [shown(count) for count in (0, 1, 9, 10)] == [0, SMALL, SMALL, 10]
