"""That a value was there, and names in a list."""

import pyarrow as pa
import pytest

from kit.means import REDUCERS


def reduced(name: str, *values: str | None) -> list[object]:
    (column,) = REDUCERS[name].reduce(pa.array(values, pa.string()), {})
    found: list[object] = column.to_pylist()
    return found


@pytest.mark.clause("S023a")
def test_of_a_value_nothing_is_left_but_that_it_was_there() -> None:
    assert reduced("presence", "a@b.example", " ", "", None) == [True, True, None, None]


@pytest.mark.clause("S097")
def test_of_a_list_names_of_fields_are_left_and_no_value() -> None:
    given = "page_view.ip, payment.progress page_view.ip", "203.0.113.7 a@b.example", "", None
    assert reduced("identifiers", *given) == ["page_view.ip payment.progress", None, None, None]


def test_a_list_of_more_names_than_anybody_could_explain_is_none() -> None:
    names = [f"f{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(33)]
    assert reduced("identifiers", " ".join(names[:32]), " ".join(names)) == [
        " ".join(names[:32]),
        None,
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("presence", "a", "given"),
        ("presence", "", "empty: null"),
        ("identifiers", "a.b, c@d", "1 programmer's names"),
    ],
)
def test_the_rule_that_held_is_named_and_no_value(name: str, value: str, words: str) -> None:
    assert REDUCERS[name].explain(value, {}) == words
