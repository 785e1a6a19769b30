"""How much columns tell."""

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers import entropy
from remit_consumers.entropy import combinations, information

VALUES = st.lists(st.none() | st.sampled_from(["a", "b", "c"]), max_size=40)


def bits_of(rows: list[object]) -> float:
    """Give the entropy of rows, times their number, from its definition."""
    counts = Counter(rows)
    return -sum(n * math.log2(n / len(rows)) for n in counts.values())


@given(VALUES)
def test_a_column_tells_what_the_definition_of_entropy_says(values: list[str | None]) -> None:
    found = information((pa.array(values, pa.string()),))
    real = [value for value in values if value is not None]
    assert found.distinct == len(set(real))
    assert found.bits == round(bits_of([*real]))


@given(st.lists(st.tuples(*[st.none() | st.sampled_from(["a", "b"])] * 3), max_size=40))
def test_columns_together_tell_what_their_rows_do(rows: list[tuple[str | None, ...]]) -> None:
    columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(3)]
    real = [row for row in rows if any(row)]
    found = information(columns)
    assert (found.distinct, found.bits) == (len(set(real)), round(bits_of([*real])))


@pytest.mark.parametrize("kind", [pa.int32(), pa.bool_(), pa.timestamp("ms", "UTC")], ids=str)
def test_numbers_flags_and_times_are_values_too(kind: pa.DataType) -> None:
    column = pa.array([1, 0, 1, 0, None], pa.int64()).cast(kind)
    assert information((column,)) == information((pa.array(["x", "y", "x", "y", None]),))


def test_a_value_that_never_changes_tells_nothing() -> None:
    assert information((pa.array(["x"] * 1_000),)).bits == 0


def test_combinations_keep_apart_when_their_numbers_run_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entropy, "CODES_MAX", 20)
    rng = np.random.default_rng(7)
    columns = [pa.array(rng.integers(0, 4, 300).astype(str)) for _ in range(6)]
    rows = list(zip(*(column.to_pylist() for column in columns), strict=True))
    codes = combinations(columns).codes.tolist()
    assert len(set(zip(codes, rows, strict=True))) == len(set(rows)) == len(set(codes))
