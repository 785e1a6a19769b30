"""Names in a spool: what is written is read, what is something else is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.spool import (
    SLOTS,
    OpenName,
    free_name,
    is_free_name,
    open_name,
    pack_name,
    parse_open_name,
    parse_pack_name,
    slot_name,
)


@given(st.integers(0, 2**64 - 1))
def test_the_number_of_a_pack_is_read_from_its_name(number: int) -> None:
    assert parse_pack_name(pack_name(number)) == number


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_names_of_packs_sort_as_their_numbers_do(numbers: list[int]) -> None:
    assert sorted(map(pack_name, numbers)) == list(map(pack_name, sorted(numbers)))


@given(st.binary(min_size=16, max_size=16), st.integers(0, 65535), st.integers(1, 2**64 - 1))
def test_identity_is_read_from_the_name_of_an_open_pack(
    producer: bytes, lane: int, sequence: int
) -> None:
    name = open_name(producer, lane, sequence)
    assert parse_open_name(name) == OpenName(producer.hex(), lane, sequence)


def test_open_packs_sort_by_lane_and_then_by_sequence() -> None:
    names = [OpenName("ab", 2, 1), OpenName("ab", 1, 10), OpenName("ab", 1, 9)]
    assert sorted(names) == [names[2], names[1], names[0]]


@pytest.mark.parametrize(
    "name",
    ["lock", "next", "id", "00000000000000000001.tmp", "1.pack", "00000000000000000001.pack~"],
)
def test_what_is_no_pack_is_not_read_as_one(name: str) -> None:
    assert parse_pack_name(name) is None
    assert parse_open_name(name) is None
    assert not is_free_name(name)


def test_the_names_are_those_of_the_architecture_page() -> None:
    assert pack_name(42) == "00000000000000000042.pack"
    assert slot_name(7) == "slot-07"
    assert open_name(bytes(16), 3, 9) == f"open-{'0' * 32}-003-{'9'.zfill(20)}"
    assert is_free_name(free_name(3))
    assert SLOTS == 64
