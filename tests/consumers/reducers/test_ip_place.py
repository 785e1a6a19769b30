"""First where an address is, from the whole of it in memory; then its network alone."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.means import write_places
from remit_consumers.reducers import ip, ip_place
from remit_consumers.reducers.places import NOWHERE, Places, open_places
from remit_consumers.reducers.special import placed
from remit_schemas.errors import SettingsError
from remit_schemas.parameters import complete

NUMBERS = st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    folder: Path = tmp_path_factory.mktemp("places")
    return open_places(write_places(folder / "city.mmdb"))


def reduced(places: Places, *values: str | None, **parameters: object) -> list[tuple[object, ...]]:
    given = complete("ip_place", parameters)
    columns = ip_place.reduce(pa.array(values, pa.string()), given, places=lambda: places)
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


@pytest.mark.parametrize(
    "dress", ["{}", "{}:443", "::ffff:{}", "[::ffff:{}]:443", "64:ff9b::{}", ' "{}"']
)
def test_the_place_is_that_of_the_whole_address_in_any_dress(dress: str, places: Places) -> None:
    """Both halves of a /24 lie in one network when cut, and in two countries before."""
    found = reduced(places, dress.format("192.31.196.7"), dress.format("192.31.196.200"))
    assert [row[1] for row in found] == ["NZ", "FJ"]
    assert found[0][0] == found[1][0]


def test_a_6to4_address_is_where_its_ipv4_address_is(places: Places) -> None:
    assert reduced(places, "2002:c01f:c407::1") == [("2002:c01f:c400::", "NZ", None)]


def test_the_region_is_there_only_where_it_is_asked_for(places: Places) -> None:
    values = ["192.31.196.7", "192.31.196.200", "2620:4f:8000::7", None, "garbage"]
    rows = reduced(places, *values, place="region")
    assert rows == [
        ("192.31.196.0", "NZ", "NZ-AUK"),
        ("192.31.196.0", "FJ", None),
        ("2620:4f:8000::", "PE", "PE-CUS"),
        (None, None, None),
        (None, None, None),
    ]
    coarse = reduced(places, *values)
    assert [row[:2] for row in coarse] == [row[:2] for row in rows]
    assert {row[2] for row in coarse} == {None}


def test_a_database_without_regions_is_an_error_where_regions_are_asked_for() -> None:
    with pytest.raises(SettingsError, match="has none: set REMIT_PLACES"):
        reduced(open_places(None), "192.31.196.7", place="region")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "203.0.113.7",
            "10.1.2.3",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "224.0.0.1",
            "0.0.0.0",  # noqa: S104 - an address like any other
        ),
        *(
            "255.255.255.255",
            "192.168.1.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
        ),
        *(
            "2001:0:c01f:c407::1",
            "3fff::1",
            "::192.31.196.7",
            "2002:0a01:0203::1",
            "64:ff9b::10.0.0.1",
        ),
        *("64:ff9b:1::1", "::ffff:10.0.0.1", "::ffff:0:192.31.196.7"),
    ],
)
def test_a_special_address_has_no_place_even_if_the_database_says_one(
    value: str, places: Places
) -> None:
    ((network, country, region),) = reduced(places, value, place="region")
    assert (country, region) == NOWHERE
    assert network is not None


@given(address=NUMBERS)
def test_only_global_unicast_addresses_are_looked_up(
    address: IPv4Address | IPv6Address,
) -> None:
    asked = placed(str(address))
    if asked is not None:
        assert ip_address(asked).is_global
        assert not ip_address(asked).is_multicast


@given(address=NUMBERS, v4_bits=st.integers(8, 24), v6_bits=st.integers(16, 64))
def test_the_network_is_just_what_ip_keeps(
    address: IPv4Address | IPv6Address, v4_bits: int, v6_bits: int
) -> None:
    bits = {"v4_bits": v4_bits, "v6_bits": v6_bits}
    nowhere = Places("nowhere", has_regions=False, of=lambda asked: [NOWHERE] * len(asked))
    ((network, *_),) = reduced(nowhere, str(address), **bits)
    (kept,) = ip.reduce(pa.array([str(address)]), complete("ip", bits))
    assert [network] == kept.to_pylist()


def test_an_explanation_names_the_database_and_never_the_place(places: Places) -> None:
    parameters = complete("ip_place", {})

    def said(value: str) -> str:
        return ip_place.explain(value, parameters, places=lambda: places)

    assert said("192.31.196.7") == f"IPv4 address: /24; its country by {places.name}"
    assert said("10.0.0.1") == "IPv4 address: /24; a special address has no place"
    assert said("garbage") == "no address: null"
