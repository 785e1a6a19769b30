"""The network of an address, and nothing else."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import ip
from remit_schemas.parameters import complete

DOCUMENTED_6 = 0x20010DB8 << 96


def reduced(value: str, **parameters: object) -> str | None:
    (column,) = ip.reduce(pa.array([value]), complete("ip", parameters))
    found: str | None = column[0].as_py()
    return found


@pytest.mark.parametrize(
    ("value", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("203.0.113.77:8080", "203.0.113.0"),
        (" 203.0.113.77 ", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("[::ffff:203.0.113.77]:443", "203.0.113.0"),
        ("0:0:0:0:0:ffff:cb00:714d", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("[2001:db8:1:2::6]:443", "2001:db8:1::"),
        ("2001:DB8:1:2::6%eth0", "2001:db8:1::"),
        ("[fe80::1%eth0]:443", "fe80::"),
        ("64:ff9b::203.0.113.77", "64:ff9b::"),
        ("2002:cb00:714d::1", "2002:cb00:7100::"),
        ("1.1.1.1%", "1.1.1.0"),
    ],
)
def test_an_address_in_any_dress_becomes_its_network(value: str, network: str) -> None:
    assert reduced(value) == network


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "-",
            "777.2",
            "hello;goodbye",
            "1.2.3",
            "1.2.3.4.5",
            "999.1.1.1",
            "0x7f.1",
            "unknown",
            "127.1",
            "@",
        ),
        *(
            "01.2.3.4",
            "1.2.3.4, 5.6.7.8",
            "1.2.3.4/24",
            "::1::2",
            "[1.2.3.4",
            "1.2.3.4\x00",
            "\u0661.2.3.4",
            "1" * 300,
        ),
        *("203.0.113.77\n", "203.0.113.77.", "2001:db8::1]", "nope%zone"),
    ],
)
def test_garbage_becomes_null(value: str) -> None:
    assert reduced(value) is None


@given(st.integers(0, 2**32 - 1), st.integers(8, 24))
def test_every_ipv4_address_keeps_just_the_bits_of_the_policy(number: int, bits: int) -> None:
    address = str(IPv4Address(number))
    expected = str(ip_network((address, bits), strict=False).network_address)
    assert reduced(address, v4_bits=bits) == expected
    assert reduced(f"::ffff:{address}", v4_bits=bits) == expected


@given(st.integers(0, 2**96 - 1), st.integers(16, 64))
def test_every_ipv6_address_keeps_just_the_bits_of_the_policy(number: int, bits: int) -> None:
    address = str(IPv6Address(DOCUMENTED_6 + number))
    expected = ip_network((address, bits), strict=False).network_address
    assert reduced(address, v6_bits=bits) == str(expected)


@given(st.text(max_size=60))
def test_what_comes_out_is_a_network_or_null(value: str) -> None:
    found = reduced(value)
    assert found is None or found.endswith((".0", "::"))


def test_an_explanation_names_the_rule() -> None:
    parameters = complete("ip", {})
    assert ip.explain("203.0.113.77", parameters) == "IPv4 address: /24"
    assert ip.explain("2001:db8::1", parameters) == "IPv6 address: /48"
    assert ip.explain("2002:cb00:714d::1", parameters) == "6to4 address: its IPv4 address to /24"
    assert ip.explain("nobody", parameters) == "no address: null"
