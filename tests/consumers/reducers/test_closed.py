"""Closed lists and programmers' names."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import closed
from remit_schemas.parameters import complete

LIST = complete("closed", {"values": ["GET", "POST", "Windows"]})


@given(st.text(max_size=12) | st.sampled_from(["get", " POST ", "WINDOWS", "other", "PUT"]))
def test_only_what_the_policy_wrote_comes_out(value: str) -> None:
    (column,) = closed.reduce(pa.array([value]), LIST)
    assert column[0].as_py() in {"GET", "POST", "Windows", "other"}


@pytest.mark.parametrize(
    "value", ["PO\u017fT", "p\u043est", "po\u200bst", "GET\n", "\uff27\uff25\uff34"]
)
def test_a_look_alike_never_comes_out_as_it_came(value: str) -> None:
    (column,) = closed.reduce(pa.array([value]), LIST)
    assert column[0].as_py() in {"GET", "POST", "other"}


def test_a_value_is_written_as_the_policy_writes_it() -> None:
    (column,) = closed.reduce(pa.array(["get", "windows", "DELETE", None]), LIST)
    assert column.to_pylist() == ["GET", "Windows", "other", None]
    assert closed.explain("get", LIST) == "on the list"
    assert closed.explain("alice", LIST) == "not on the list: other"


@pytest.mark.parametrize(
    "name",
    [
        "shop.checkout",
        "org.example.Service",
        "orders:create",
        "_private",
        "level-2",
        "sha256",
        "createOrderV2",
        "UTF-8",
    ],
)
def test_a_name_in_code_is_kept(name: str) -> None:
    assert closed.is_identifier(name)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "alice adams",
        "a@example.com",
        "order-1234",
        "203.0.113.77",
        "2001:db8::1",
        "x" * 65,
        "caf\u00e9",
        "a1b2c3d4",
        "a1b2c3d4e5f60718",
        "call.qxzvkwjb",
        "tel-123-456-789",
        "host-192-0-2-7",
        "shop.example.com",
        "order\u0661",
        "ORDER-AB12",
        "a\n",
    ],
)
def test_what_could_be_data_is_no_name(value: str) -> None:
    assert not closed.is_identifier(value)
