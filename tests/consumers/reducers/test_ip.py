"""The network of an address, and nothing else."""

import random
import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.means import REDUCERS
from remit_consumers.reducers import ip
from remit_consumers.reducers.address import network
from remit_schemas.parameters import complete

DOCUMENTED_6 = 0x20010DB8 << 96
V4_PORT = re.compile(r"([0-9]+\.){3}[0-9]+:[0-9]{1,5}")


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
        *(
            "203.0.113.77\n",
            "203.0.113.77.",
            "2001:db8::1]",
            "nope%zone",
            "::%:9x:y.%9.cxc",
            "1.2.3.4%[eth0]",
            "2001:db8::1%:80",
        ),
        *(
            "0313.0.0161.0115",
            "0xcb.0.0x71.0x4d",
            "0xcb00714d",
            "3405803853",
            "203.0.28998",
            "203.0.113.077",
        ),
        *("\uff12\uff10\uff13.0.113.77", "203.0.113.\u0667\u0667", "203\u30020\u3002113\u300277"),
        *(
            "2001:db8::1:2:3:4:5:6:7",
            "2001:db8::12345",
            "2001:db8:::1",
            "::203.0.113.077",
            "::203.0.113",
        ),
        *(
            "::ffff:0xcb.0.113.77",
            "2001:db8::203.0.113.77.1",
            "203.0.113.77::",
            "[203.0.113.77",
            "203.0.113.77]",
        ),
        *(
            "[]",
            "[]:80",
            "[%eth0]",
            "203.0.113.77:",
            "203.0.113.77:port",
            "[2001:db8::1]443",
            "1:2",
            "::g",
        ),
    ],
)
def test_garbage_becomes_null(value: str) -> None:
    assert reduced(value) is None


@pytest.mark.clause("S025a")
@given(st.integers(0, 2**32 - 1), st.integers(8, 24))
def test_every_ipv4_address_keeps_just_the_bits_of_the_policy(number: int, bits: int) -> None:
    address = str(IPv4Address(number))
    expected = str(ip_network((address, bits), strict=False).network_address)
    assert reduced(address, v4_bits=bits) == expected
    assert reduced(f"::ffff:{address}", v4_bits=bits) == expected


@pytest.mark.clause("S025a")
@given(st.integers(0, 2**96 - 1), st.integers(16, 64))
def test_every_ipv6_address_keeps_just_the_bits_of_the_policy(number: int, bits: int) -> None:
    address = str(IPv6Address(DOCUMENTED_6 + number))
    expected = ip_network((address, bits), strict=False).network_address
    assert reduced(address, v6_bits=bits) == str(expected)


ZONES = st.sampled_from(["", "%eth0", "%25en1", "%1"])
PORTS = st.integers(0, 65_535).map(lambda number: f":{number}")
ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address)


def expected_of(address: IPv4Address | IPv6Address) -> str:
    """The network by Python's own library: /24 or /48, a 6to4 address by the /24 inside it."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if isinstance(address, IPv4Address) else 40 if address.sixtofour else 48
    return str(ip_network((address, bits), strict=False).network_address)


@given(address=ADDRESSES, zone=ZONES, port=PORTS, blank=st.sampled_from(["", " ", "\t"]))
def test_brackets_zones_ports_and_blanks_change_nothing(
    address: IPv4Address | IPv6Address, zone: str, port: str, blank: str
) -> None:
    bare = str(address)
    expected = expected_of(address)
    is_v6 = address.version == 6
    forms = [bare, f"{blank}{bare}{blank}", f'"{bare}"', f"[{bare}]", f"[{bare}]{port}"]
    forms += [f"{bare}{zone}", f"[{bare}{zone}]{port}"] if is_v6 else [f"{bare}{port}"]
    forms += [address.exploded, bare.upper()]
    assert [reduced(form) for form in forms] == [expected] * len(forms)


@given(value=st.text(alphabet="0123456789abcdefx:.", max_size=24))
def test_without_dress_just_those_texts_are_addresses_that_the_library_takes(value: str) -> None:
    try:
        expected = expected_of(ip_address(value))
    except ValueError:
        assert reduced(value) is None or V4_PORT.fullmatch(value)
    else:
        assert reduced(value) == expected


@pytest.mark.parametrize(
    "embedding",
    [
        *("64:ff9b::{v4}", "64:ff9b:1::{v4}", "::{v4}", "::ffff:0:{v4}", "fe80::5efe:{v4}"),
        *(
            "2001:db8::200:5efe:{v4}",
            "2001:db8:1:2:3:4:{v4}",
            "2001:0:c000:201:0:ffff:{obfuscated}",
        ),
    ],
)
@given(number=st.integers(1 << 24, 2**32 - 1), v6_bits=st.integers(16, 64))
def test_an_ipv4_address_that_an_ipv6_one_carries_behind_its_network_is_cut_away(
    embedding: str, number: int, v6_bits: int
) -> None:
    """NAT64 (RFC 6052, 8215), IPv4-compatible, SIIT (RFC 2765), ISATAP (RFC 5214), Teredo (RFC 4380)."""
    v4, obfuscated = IPv4Address(number), IPv4Address(number ^ 0xFFFFFFFF)
    found = reduced(embedding.format(v4=v4, obfuscated=obfuscated), v6_bits=v6_bits)
    other = reduced(embedding.format(v4="192.0.2.1", obfuscated="192.0.2.1"), v6_bits=v6_bits)
    assert found == other


@given(number=st.integers(0, 2**128 - 1), v6_bits=st.integers(65, 128))
def test_no_caller_gets_more_than_the_link_of_an_ipv6_address(number: int, v6_bits: int) -> None:
    address = str(IPv6Address(number))
    assert network(address, 24, v6_bits) == network(address, 24, 64)


def test_a_hundred_thousand_random_texts_give_networks_or_null_and_no_address_back() -> None:
    """Seeded, so that what it finds can be found again. All three reducers of addresses agree on what is one."""
    chance = random.Random(20261123)
    parts = ["1", "25", "203", ".", ":", "::", "ffff", "2002", "db8", "%", "[", "]", "/", " ", "x"]
    texts = ["".join(chance.choices(parts, k=chance.randint(1, 14))) for _ in range(90_000)]
    texts += [str(IPv4Address(chance.getrandbits(32))) for _ in range(5_000)]
    texts += [str(IPv6Address(chance.getrandbits(128))) for _ in range(5_000)]
    column = pa.array(texts)
    found, placed, encrypted = (
        REDUCERS[name].reduce(column, complete(name, {}))[0].to_pylist()
        for name in ("ip", "ip_place", "ip_encrypted")
    )
    assert placed == found
    assert [value is None for value in encrypted] == [value is None for value in found]
    for value in filter(None, found):
        bits = 24 if "." in value else 48
        assert str(ip_network((value, bits), strict=True).network_address) == value, (
            "a host is left"
        )


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
