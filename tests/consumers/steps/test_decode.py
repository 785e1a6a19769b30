"""Decode: datums to columns, and every malformed one named by its row."""

import io
import json
from collections.abc import Sequence

import fastavro
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.steps.decode import Bodies, Decoded, bodies_of, decode, joined
from remit_schemas.codec import decode_one, encoder
from remit_schemas.contract import Contract, builtin
from remit_schemas.errors import RemitError
from remit_schemas.events import PageView

CONTRACT = builtin().by_name("page_view")
ENCODE = encoder(CONTRACT)
GOOD = ENCODE(PageView(ip="203.0.113.7", page="/a/b", status=200, user_agent="agent"))
BYTES_BEFORE_IP = len(ENCODE(PageView())) - sum(1 for field in CONTRACT.fields if field.nullable)


def column(values: Sequence[bytes]) -> pa.BinaryArray:
    return joined([(np.array([len(value) for value in values], dtype=np.int64), b"".join(values))])


def bodies(values: Sequence[bytes]) -> Bodies:
    lengths = np.array([len(value) for value in values], dtype=np.int64)
    return bodies_of([(lengths, b"".join(values))])


def decoded(*datums: bytes, contract: Contract = CONTRACT) -> Decoded:
    return decode(contract, bodies(datums), column([b""] * len(datums)))


def reference(datum: bytes) -> dict[str, object] | None:
    """What the reference decoder says, or None where it is no datum."""
    try:
        return dict(decode_one(CONTRACT, datum))
    except (RemitError, ValueError, OverflowError):
        return None


def test_events_come_back_as_they_were_encoded_in_the_order_of_the_log() -> None:
    events = [
        PageView(ip=f"198.51.100.{n}", page=f"/{n}", status=200 + n, duration_ms=n)
        for n in range(50)
    ]
    table = decoded(*map(ENCODE, events)).table
    assert table.column("ip").to_pylist() == [event.ip for event in events]
    assert table.column("status").to_pylist() == [event.status for event in events]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"", id="empty"),
        pytest.param(GOOD[:-3], id="truncated"),
        pytest.param(GOOD + b"\x00", id="one trailing byte"),
        pytest.param(GOOD + GOOD, id="its neighbour appended"),
        pytest.param(GOOD.replace(b"203.0.113.7", b"203.0.\xff\xfe3.7"), id="bad UTF-8"),
        pytest.param(b"\xff" * 40, id="a varint that never ends"),
        pytest.param(
            GOOD[:BYTES_BEFORE_IP] + b"\x02\xfe\xff\xff\xff\x0f" + GOOD, id="an absurd length"
        ),
        pytest.param(GOOD[:BYTES_BEFORE_IP] + b"\x02\x01" + GOOD, id="a negative length"),
        pytest.param(
            GOOD[:BYTES_BEFORE_IP] + b"\x0c" + GOOD, id="a branch that the union does not have"
        ),
        pytest.param(
            GOOD[:BYTES_BEFORE_IP] + b"\x82\x00" + GOOD[BYTES_BEFORE_IP + 1 :],
            id="an overlong varint",
        ),
    ],
)
def test_a_malformed_datum_is_named_and_its_neighbours_stand(bad: bytes) -> None:
    result = decoded(GOOD, bad, GOOD)
    assert result.malformed.tolist() == [1]
    assert result.rows.tolist() == [0, 2]
    assert result.table.column("ip").to_pylist() == ["203.0.113.7"] * 2


def test_an_integer_that_the_native_decoder_would_wrap_is_malformed() -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "long"}, 1 << 33)
    narrow = GOOD.replace(b"\x02\x90\x03", b"\x02" + out.getvalue())
    assert narrow != GOOD, "the status was not found in the datum"
    assert decoded(narrow).malformed.tolist() == [0]


def test_a_time_that_cannot_be_written_is_malformed() -> None:
    fields = {field.name: None for field in CONTRACT.fields}
    out = io.BytesIO()
    parsed = fastavro.parse_schema(json.loads(CONTRACT.schema_json))
    fastavro.schemaless_writer(out, parsed, {**fields, "occurred_at": 1 << 60, "collected_at": 0})
    late = out.getvalue()
    assert decoded(GOOD, late).malformed.tolist() == [1]


def test_one_bad_datum_in_a_thousand_costs_only_itself() -> None:
    datums = [GOOD] * 1000
    datums[317] = GOOD[:9]
    result = decoded(*datums)
    assert result.malformed.tolist() == [317]
    assert result.table.num_rows == 999


def test_no_datums_give_an_empty_table_with_every_column() -> None:
    result = decoded()
    assert result.table.num_rows == 0
    assert result.table.column_names == [field.name for field in CONTRACT.fields]


def test_a_subject_that_is_no_text_makes_its_event_malformed() -> None:
    result = decode(CONTRACT, bodies([GOOD] * 3), column([b"alice", b"\xff", b""]))
    assert result.malformed.tolist() == [1]
    assert result.subjects.to_pylist() == ["alice", None]


@given(
    st.lists(
        st.one_of(
            st.just(GOOD),
            st.binary(max_size=60),
            st.binary(max_size=8).map(lambda tail: GOOD + tail),
        )
    )
)
def test_what_it_takes_the_reference_takes_with_the_same_values(datums: list[bytes]) -> None:
    result = decoded(*datums)
    assert sorted([*result.rows.tolist(), *result.malformed.tolist()]) == list(range(len(datums)))
    for row, place in enumerate(result.rows.tolist()):
        expected = reference(datums[place])
        assert expected is not None
        assert result.table.column("ip")[row].as_py() == expected["ip"]
        assert result.table.column("status")[row].as_py() == expected["status"]


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_never_raises_and_never_swallows_a_neighbour(place: int, byte: int) -> None:
    changed = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    result = decoded(GOOD, changed, GOOD)
    assert {0, 2} <= set(result.rows.tolist())
