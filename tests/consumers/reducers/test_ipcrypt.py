"""Prefix-preserving encryption: the published vectors, and what makes it one."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.ipcrypt import encrypt

FIRST = bytes.fromhex("0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301")
SECOND = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a")

V4 = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
V6 = st.integers(0, 2**128 - 1).map(lambda number: str(IPv6Address(number)))


def encrypted(key: bytes, *addresses: str, bits: int | None = None) -> list[str]:
    """Encrypt addresses of one family, by default whole."""
    packed = [ip_address(each).packed for each in addresses]
    octets = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), -1)
    done = encrypt(key, octets, len(packed[0]) * 8 if bits is None else bits)
    return [str(ip_address(row.tobytes())) for row in done]


@pytest.mark.parametrize(
    ("key", "address", "expected"),
    [
        (FIRST, "0.0.0.0", "151.82.155.134"),  # noqa: S104 - an address like any other
        (FIRST, "255.255.255.255", "94.185.169.89"),
        (FIRST, "192.0.2.1", "100.115.72.131"),
        (FIRST, "2001:db8::1", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"),
        (SECOND, "10.0.0.47", "19.214.210.244"),
        (SECOND, "10.0.0.129", "19.214.210.80"),
        (SECOND, "10.0.0.234", "19.214.210.30"),
        (SECOND, "172.16.5.193", "210.78.229.136"),
        (SECOND, "172.16.97.42", "210.78.179.241"),
        (SECOND, "172.16.248.177", "210.78.121.215"),
        (SECOND, "2001:db8::a5c9:4e2f:bb91:5a7d", "7cec:702c:1243:f70:1956:125:b9bd:1aba"),
        (SECOND, "2001:db8::7234:d8f1:3c6e:9a52", "7cec:702c:1243:f70:a3ef:c8e:95c1:cd0d"),
        (SECOND, "2001:db8::f1e0:937b:26d4:8c1a", "7cec:702c:1243:f70:443c:c8e:6a62:b64d"),
        (SECOND, "2001:db8:3a5c:0:e7d1:4b9f:2c8a:f673", "7cec:702c:3503:bef:e616:96bd:be33:a9b9"),
        (SECOND, "2001:db8:9f27:0:b4e2:7a3d:5f91:c8e6", "7cec:702c:a504:b74e:194a:3d90:b047:2d1a"),
        (SECOND, "2001:db8:d8b4:0:193c:a5e7:8b2f:46d1", "7cec:702c:f840:aa67:1b8:e84f:ac9d:77fb"),
    ],
)
def test_the_vectors_of_the_draft_hold(key: bytes, address: str, expected: str) -> None:
    """Source: draft-denis-ipcrypt, appendix of test vectors, ipcrypt-pfx."""
    assert encrypted(key, address) == [expected]


@pytest.mark.parametrize("family", [V4, V6], ids=["IPv4", "IPv6"])
@given(data=st.data())
def test_two_addresses_share_as_many_bits_encrypted_as_in_the_plain(
    family: st.SearchStrategy[str], data: st.DataObject
) -> None:
    one, other = data.draw(family), data.draw(family)
    assert shared(*encrypted(FIRST, one, other)) == shared(one, other)


@pytest.mark.parametrize("family", [V4, V6], ids=["IPv4", "IPv6"])
@given(data=st.data())
def test_a_column_is_encrypted_as_its_addresses_one_by_one(
    family: st.SearchStrategy[str], data: st.DataObject
) -> None:
    addresses = data.draw(st.lists(family, min_size=1, max_size=5))
    one_by_one = [encrypted(SECOND, address)[0] for address in addresses]
    assert encrypted(SECOND, *addresses) == one_by_one


@given(address=V4, bits=st.integers(0, 32))
def test_what_is_encrypted_in_part_is_the_whole_one_cut(address: str, bits: int) -> None:
    (whole,), (part,) = encrypted(FIRST, address), encrypted(FIRST, address, bits=bits)
    assert int(ip_address(part)) == int(ip_address(whole)) >> (32 - bits) << (32 - bits)


def shared(one: str, other: str) -> int:
    """Count the leading bits that two addresses share."""
    first, second = ip_address(one), ip_address(other)
    return first.max_prefixlen - (int(first) ^ int(second)).bit_length()
