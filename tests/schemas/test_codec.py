"""The codec: byte for byte what fastavro writes, and an error without values where nothing can be written."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import fastavro
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.contracts import KINDS, load_record, make_field_json
from remit_schemas.avro_value import YEAR_10000_MS
from remit_schemas.codec import decode_one, encoder, from_confluent, to_confluent
from remit_schemas.contract import Contract, Field, builtin
from remit_schemas.encoder import source_of
from remit_schemas.errors import ContractError, EncodeError
from remit_schemas.varint import INNER, LAST, SOME_WHOLE, WHOLE, varint, zigzag

NOW_MS = 1_792_000_000_123
CANARY = "canary@example.com"

# The edges of the tables, of the varints' bytes and of Avro's types, and what lies between.
EDGES = [
    0,
    1,
    63,
    64,
    8191,
    8192,
    16383,
    16384,
    *(1 << bits for bits in (20, 27, 28, 31, 41, 42, 56, 62)),
]
LONGS = st.sampled_from(
    [*EDGES, *(-edge for edge in EDGES), (1 << 63) - 1, -(1 << 63)]
) | st.integers(-(1 << 63), (1 << 63) - 1)
INTS = LONGS.filter(lambda number: -(1 << 31) <= number < 1 << 31)
TIMES = st.sampled_from(
    [0, (1 << 27) - 1, 1 << 27, NOW_MS, (1 << 41) - 1, 1 << 41, YEAR_10000_MS - 1]
)
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.text(st.sampled_from("aé日😀\0"), max_size=20)
    | st.builds(
        lambda letter, count: letter * count,
        st.sampled_from("aé日"),
        st.sampled_from([63, 64, 4095, 4096, 8191, 8192, 9000]),
    )
)
VALUES: Mapping[str, st.SearchStrategy[object]] = {
    "string": TEXTS,
    "int": INTS,
    "long": LONGS,
    "timestamp-millis": TIMES | st.integers(0, YEAR_10000_MS - 1),
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False),
}


def values_of(contract: Contract) -> st.SearchStrategy[dict[str, object]]:
    """Every event of a contract, as a mapping."""
    return st.fixed_dictionaries({field.name: value_of(field) for field in contract.fields})


def value_of(field: Field) -> st.SearchStrategy[object]:
    values = VALUES[field.logical or field.avro_type]
    return st.none() | values if field.nullable else values


def by_fastavro(contract: Contract, values: Mapping[str, object]) -> bytes:
    stream = io.BytesIO()
    schema = cast("dict[str, object]", fastavro.parse_schema(json.loads(contract.schema_json)))
    fastavro.schemaless_writer(stream, schema, dict(values))
    return stream.getvalue()


def make_event(contract: Contract, **changes: object) -> SimpleNamespace:
    values: dict[str, object] = {field.name: None for field in contract.fields}
    return SimpleNamespace(**values | {"occurred_at": NOW_MS, "collected_at": NOW_MS} | changes)


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """A contract with every type there is, with null and without."""
    names = [str(kind if isinstance(kind, str) else "time") for kind in KINDS]
    plain = [
        make_field_json(f"plain_{name}", kind) for name, kind in zip(names, KINDS, strict=True)
    ]
    perhaps = [
        make_field_json(f"perhaps_{name}", ("null", kind))
        for name, kind in zip(names, KINDS, strict=True)
    ]
    return load_record(tmp_path_factory.mktemp("contracts"), *plain, *perhaps)


@given(data=st.data())
@pytest.mark.parametrize("contract", list(builtin()), ids=lambda contract: contract.name)
def test_an_event_is_written_byte_for_byte_as_fastavro_writes_it(
    contract: Contract, data: st.DataObject
) -> None:
    values = data.draw(values_of(contract))
    assert encoder(contract)(SimpleNamespace(**values)) == by_fastavro(contract, values)


@given(data=st.data())
def test_every_type_is_written_byte_for_byte_as_fastavro_writes_it(
    every_kind: Contract, data: st.DataObject
) -> None:
    values = data.draw(values_of(every_kind))
    assert encoder(every_kind)(SimpleNamespace(**values)) == by_fastavro(every_kind, values)


@given(data=st.data())
def test_what_is_written_is_read_back(every_kind: Contract, data: st.DataObject) -> None:
    values = data.draw(values_of(every_kind))
    read = decode_one(every_kind, encoder(every_kind)(SimpleNamespace(**values)))
    times = {name: value for name, value in read.items() if isinstance(value, datetime)}
    assert read | {name: ms_of(time) for name, time in times.items()} == values


def ms_of(time: datetime) -> int:
    whole = int((time.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return whole * 1000 + time.microsecond // 1000


def test_the_tables_hold_the_varints_of_their_numbers() -> None:
    assert [text.encode("latin-1") for text in LAST] == [
        varint(number) for number in range(1 << 14)
    ]
    assert all(
        varint(number | 1 << 14)[:2] == INNER[number].encode("latin-1") for number in range(1 << 14)
    )
    assert [text.encode("latin-1") for text in WHOLE] == [
        varint(zigzag(number)) for number in range(1 << 13)
    ]
    assert tuple("\x02" + text for text in WHOLE) == SOME_WHOLE


class Method(StrEnum):
    """An app's own words."""

    GET = "GET"


class Status(IntEnum):
    """An app's own numbers."""

    OK = 200


@pytest.mark.parametrize("contract", [builtin().by_name("page_view")])
def test_members_of_enumerations_are_written_as_their_values(contract: Contract) -> None:
    encode = encoder(contract)
    as_members = make_event(contract, method=Method.GET, status=Status.OK)
    assert encode(as_members) == encode(make_event(contract, method="GET", status=200))


WRONG: Mapping[str, list[object]] = {
    "string": [
        b"bytes",
        bytearray(b"bytes"),
        5,
        1.5,
        True,
        ["list"],
        ("a",),
        {},
        "\ud800",
        "é\udfff",
        object(),
    ],
    "int": [1 << 31, -(1 << 31) - 1, 1.0, True, False, "5", b"5", [5], 1 << 70],
    "long": [1 << 63, -(1 << 63) - 1, 1.0, True, "5", None.__class__],
    "timestamp-millis": [
        -1,
        YEAR_10000_MS,
        1.0,
        True,
        "2026-01-01",
        datetime(2026, 1, 1, tzinfo=UTC),
        1 << 70,
    ],
    "boolean": [0, 1, "true", 1.0],
    "double": [True, "1.5", 1j, 1 << 2000],
}


def wrong_values(contract: Contract) -> list[tuple[str, object]]:
    return [
        (field.name, value)
        for field in contract.fields
        for value in [*WRONG[field.logical or field.avro_type], *([] if field.nullable else [None])]
    ]


def test_a_value_that_does_not_fit_is_refused_by_contract_and_field(every_kind: Contract) -> None:
    encode = encoder(every_kind)
    fitting = {
        "plain_string": "a",
        "plain_int": 1,
        "plain_long": 1,
        "plain_boolean": True,
        "plain_double": 1.5,
        "plain_time": NOW_MS,
    }
    assert encode(make_event(every_kind, **fitting))
    for name, value in wrong_values(every_kind):
        with pytest.raises(EncodeError, match=rf"^probe\.{name}: "):
            encode(make_event(every_kind, **fitting | {name: value}))


@pytest.mark.parametrize("value", [CANARY + "\ud800", CANARY.encode(), [CANARY], {CANARY: 1}])
def test_an_error_carries_no_value_neither_in_its_text_nor_in_its_cause(value: object) -> None:
    contract = builtin().by_name("page_view")
    with pytest.raises(EncodeError) as caught:
        encoder(contract)(make_event(contract, page=value))
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_event_without_a_field_is_refused() -> None:
    with pytest.raises(EncodeError, match=r"page_view\.collected_at: the event has no such field"):
        encoder(builtin().by_name("page_view"))(SimpleNamespace(occurred_at=NOW_MS))


def test_the_generated_source_names_nothing_but_the_contracts_fields() -> None:
    source = source_of(builtin().by_name("service_log"))
    assert "event.template" in source
    assert source == source_of(builtin().by_name("service_log"))


def test_a_field_named_like_a_builtin_does_not_confuse_the_generated_code(tmp_path: Path) -> None:
    names = ("type", "len", "utf8", "event", "careful", "int")
    contract = load_record(tmp_path, *(make_field_json(name) for name in names))
    values = dict.fromkeys(names, "é") | {"occurred_at": NOW_MS, "collected_at": NOW_MS}
    assert encoder(contract)(SimpleNamespace(**values)) == by_fastavro(contract, values)


DATUM = encoder(builtin().by_name("page_view"))(
    make_event(builtin().by_name("page_view"), ip="203.0.113.7", page="/é", status=200)
)

MALFORMED = {
    "is empty": b"",
    "is cut": DATUM[:-1],
    "goes on": DATUM + b"\0",
    "has an absurd length": DATUM[:13] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f" + DATUM[14:],
    "has a negative length": DATUM[:13] + b"\x01" + DATUM[14:],
    "has an unknown branch": DATUM[:12] + b"\x04" + DATUM[13:],
    "is no UTF-8": DATUM.replace("é".encode(), b"\xc3\x28"),
    "has an overlong number": DATUM[:12] + b"\x82\x00" + DATUM[13:],
    "has a number without end": b"\xff" * 40,
}


@pytest.mark.parametrize("datum", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_datum_is_refused_that(datum: bytes) -> None:
    assert datum != DATUM
    with pytest.raises(
        ContractError, match=r"page_view: \d+ bytes are not one datum of it"
    ) as caught:
        decode_one(builtin().by_name("page_view"), datum)
    assert "203" not in str(caught.value)


@given(st.binary(max_size=60))
@example(DATUM)
def test_arbitrary_bytes_are_one_datum_or_refused(data: bytes) -> None:
    contract = builtin().by_name("page_view")
    try:
        read = decode_one(contract, data)
    except ContractError:
        return
    assert by_fastavro(contract, read) == data


def test_times_are_read_as_aware_datetimes() -> None:
    read = decode_one(builtin().by_name("page_view"), DATUM)
    assert read["occurred_at"] == datetime(2026, 10, 14, 17, 46, 40, 123000, tzinfo=UTC)


@given(st.binary(max_size=20), st.integers(0, (1 << 31) - 1))
def test_confluents_header_goes_on_and_off(datum: bytes, schema_id: int) -> None:
    assert from_confluent(to_confluent(datum, schema_id)) == (schema_id, datum)


def test_confluents_header_is_a_zero_byte_and_the_id_big_endian() -> None:
    assert to_confluent(b"datum", 258) == b"\x00\x00\x00\x01\x02datum"


@pytest.mark.parametrize("message", [b"", b"\0\0\0\0", b"\x01\0\0\0\x01datum"])
def test_a_message_without_confluents_header_is_refused(message: bytes) -> None:
    with pytest.raises(ContractError, match="without Confluent's header"):
        from_confluent(message)


@pytest.mark.parametrize("schema_id", [-1, 1 << 31])
def test_a_schema_id_that_no_registry_gives_is_refused(schema_id: int) -> None:
    with pytest.raises(ContractError, match="schema id"):
        to_confluent(b"", schema_id)
