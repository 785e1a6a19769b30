"""What holds for every reducer, whatever comes in."""

import json
import time
from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.means import REDUCERS
from remit_consumers.reducers.final import Final
from remit_schemas.errors import ReducerError
from remit_schemas.parameters import complete
from remit_schemas.reducer import Scalar
from remit_schemas.specs import SPECS

GIVEN: Mapping[str, Mapping[str, object]] = {
    "closed": {"values": ["GET", "POST"]},
    "free_text": {"chars_max": 64},
    "page": {"allow": ["tab", "view"]},
}
SINGLE = sorted(n for n, spec in SPECS.items() if len(spec.outputs) == 1 and not spec.is_final)
FINAL = sorted(name for name, spec in SPECS.items() if spec.is_final)

PIECES = st.sampled_from(
    [
        *(
            "203.0.113.77",
            "2001:db8::1",
            "::ffff:1.2.3.4",
            "a@example.com",
            "+49 170 1234567",
            "%2525",
            "%",
        ),
        *(
            "4111 1111 1111 1111",
            "password=",
            "Bearer ",
            "eyJhbGciOi.x.y",
            "https://",
            "/",
            "//",
            "..",
            "\\",
        ),
        *(
            "?",
            "#",
            ";",
            "=",
            "&",
            "{number}",
            "{other}",
            "<ip>",
            "<email>",
            "de-CH",
            "q=0.5",
            ",",
            "*",
            "@",
        ),
        *(
            "Mozilla/5.0 ",
            "Chrome/140.0 ",
            "cores=",
            "8",
            "x",
            ":",
            "-",
            " ",
            "\u0661",
            "\uff20",
            "\u4f60",
            "user ",
        ),
        *(
            "00:1b:44:11:3a:b7",
            "DE89370400440532013000",
            "example.co.uk",
            "xn--",
            "1920x1080",
            "javascript:",
        ),
    ]
)
HOSTILE = st.lists(PIECES | st.text(max_size=6), max_size=8).map("".join)


def parameters(name: str) -> Mapping[str, Scalar]:
    return complete(name, GIVEN.get(name, {}))


def outputs(name: str, values: list[str | None]) -> list[tuple[object, ...]]:
    """Reduce values as one column, and give the rows."""
    columns = REDUCERS[name].reduce(pa.array(values, pa.string()), parameters(name))
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def kind_of(column: pa.Array) -> str:
    """Name the type of a column as `Output.arrow` does: of text that is dictionary-encoded, what it stands for."""
    if pa.types.is_dictionary(column.type):
        return str(column.type.value_type)
    if isinstance(column.type, Final):
        assert column.type.storage_type == pa.string()
        return "final"
    return str(column.type).replace("tz=", "")


@pytest.mark.parametrize("name", SPECS)
@given(values=st.lists(HOSTILE | st.none(), max_size=6))
def test_any_column_gives_every_output_with_its_type_and_length(
    name: str, values: list[str | None]
) -> None:
    columns = REDUCERS[name].reduce(pa.array(values, pa.string()), parameters(name))
    assert [kind_of(column) for column in columns] == [o.arrow for o in SPECS[name].outputs]
    assert {len(column) for column in columns} == {len(values)}
    assert all(c[row].as_py() is None for c in columns for row, v in enumerate(values) if v is None)


@pytest.mark.parametrize("name", SPECS)
@given(values=st.lists(HOSTILE, max_size=5))
def test_a_column_is_reduced_as_its_values_one_by_one(name: str, values: list[str]) -> None:
    assert outputs(name, [*values]) == [outputs(name, [value])[0] for value in values]


@pytest.mark.parametrize("name", sorted(set(SINGLE) - {"timestamp"}))
@given(value=HOSTILE)
def test_reducing_what_was_reduced_changes_nothing(name: str, value: str) -> None:
    ((once,),) = outputs(name, [value])
    assert once is None or outputs(name, [str(once)]) == [(once,)]


@pytest.mark.parametrize("again", SPECS)
@pytest.mark.parametrize("name", FINAL)
def test_what_cannot_be_reduced_twice_is_refused_by_every_reducer_whatever_it_looks_like(
    name: str, again: str
) -> None:
    for column in REDUCERS[name].reduce(pa.array(["203.0.113.77", None]), parameters(name)):
        for part in (column, column.slice(0, 1), column.slice(0, 0), pa.chunked_array([column])):
            with pytest.raises(ReducerError, match="reduced for good"):
                REDUCERS[again].reduce(part, parameters(again))


def test_only_what_is_final_by_its_type_is_spared_the_second_application() -> None:
    """So a reducer that is not idempotent fails above, until its outputs bear the type."""
    assert FINAL == ["ip_encrypted", "ip_place"]
    assert not [name for name in FINAL if not all(o.arrow == "final" for o in SPECS[name].outputs)]


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
    ids=str,
)
def test_every_kind_of_text_column_gives_the_same(name: str, kind: pa.DataType) -> None:
    example = SPECS[name].example[0]
    plain = pa.array([example, None, "garbage !", example], pa.string())
    expected = [c.to_pylist() for c in REDUCERS[name].reduce(plain, parameters(name))]
    for column in (plain.cast(kind), pa.chunked_array([plain.cast(kind)])):
        found = REDUCERS[name].reduce(column, parameters(name))
        assert [c.to_pylist() for c in found] == expected


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize(
    "column", [pa.nulls(3), pa.array([1, 2, 3]), pa.array([], pa.string())], ids=str
)
def test_a_column_without_text_gives_nulls(name: str, column: pa.Array) -> None:
    for found in REDUCERS[name].reduce(column, parameters(name)):
        assert len(found) == len(column)
        assert found.null_count == len(found)


@pytest.mark.parametrize("name", SPECS)
def test_the_example_of_a_reducer_is_what_it_does(name: str) -> None:
    value, shown = SPECS[name].example
    (row,) = outputs(name, [value])
    if len(row) > 1:
        found = dict(zip((o.suffix or name for o in SPECS[name].outputs), row, strict=True))
        assert found == json.loads(shown)
    elif name == "timestamp":
        assert str(row[0]).replace(" ", "T").replace("+00:00", "Z") == shown
    else:
        assert row == (json.loads(shown) if SPECS[name].outputs[0].arrow == "bool" else shown,)


@pytest.mark.parametrize("name", SPECS)
@given(value=HOSTILE)
def test_an_explanation_never_carries_the_value(name: str, value: str) -> None:
    canary = f"{value}zq8canary"
    said = REDUCERS[name].explain(canary, parameters(name))
    assert said
    assert "zq8canary" not in said


LONG = [
    *(
        "1." * 50_000,
        ":" * 100_000,
        "a@" * 50_000,
        "%25" * 30_000,
        "/" * 100_000,
        "-" * 100_000,
        "a" * 100_000,
    ),
    *(
        "1 " * 50_000,
        "+1" * 50_000,
        "eyJ" * 30_000,
        "password=" * 10_000,
        "://" * 30_000,
        "www." * 25_000,
    ),
    *(
        "de," * 30_000,
        "de;q=" * 20_000,
        "Android " * 10_000,
        "0-" * 50_000,
        "DE00" * 20_000,
        "user=" * 20_000,
    ),
    *(
        "a." * 50_000,
        "call " * 20_000,
        "-----BEGIN A-----" * 6_000,
        "x" * 50_000 + "@",
        "<ip> (" * 15_000,
    ),
]


@pytest.mark.parametrize("name", SPECS)
def test_no_input_makes_a_reducer_hang(name: str) -> None:
    outputs(name, ["warm"])
    start = time.process_time()
    outputs(name, [*LONG])
    assert time.process_time() - start < 20, "quadratic time would be minutes here"
