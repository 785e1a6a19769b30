"""Encrypted networks: under the key of their tenant and period, and of nothing else."""

from ipaddress import IPv4Address, ip_address, ip_network

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import ip, ip_encrypted
from remit_consumers.reducers.scope import DAY_MS, Rows, Scope
from remit_schemas.parameters import complete

KEY = b"k" * 32
NETWORKS = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))


def reduced(
    *values: str | None,
    key: bytes = KEY,
    tenant: str = "",
    at_ms: int = 0,
    **parameters: object,
) -> list[str | None]:
    count = len(values)
    rows = Rows(pa.array([tenant] * count), pa.array([at_ms] * count, pa.timestamp("ms", "UTC")))
    given = complete("ip_encrypted", parameters)
    (column,) = ip_encrypted.reduce(pa.array(values, pa.string()), given, rows, key=key)
    found: list[str | None] = column.to_pylist()
    return found


def test_an_address_in_any_dress_has_one_encryption_and_garbage_has_none() -> None:
    found = reduced("203.0.113.77", "[::ffff:203.0.113.1]:443", "nobody", "777.2", None)
    assert found[0] == found[1] is not None
    assert found[2:] == [None, None, None]


@given(addresses=st.lists(NETWORKS, min_size=1, max_size=4), bits=st.integers(8, 32))
def test_it_is_a_network_of_the_same_length_and_hides_which(
    addresses: list[str], bits: int
) -> None:
    for address, found in zip(addresses, reduced(*addresses, v4_bits=bits), strict=True):
        assert found is not None
        assert str(ip_network((found, bits), strict=True).network_address) == found
        assert ip_address(found).version == ip_address(address).version


def test_hosts_of_one_network_are_one_and_networks_side_by_side_stay_so() -> None:
    here, host, beside, far = reduced("192.0.2.1", "192.0.2.9", "192.0.3.1", "10.0.0.1")
    assert here == host != beside
    assert str(here).split(".")[:2] == str(beside).split(".")[:2]
    assert str(here).split(".")[0] != str(far).split(".")[0]


def test_ipv6_stays_ipv6_and_is_never_longer_than_its_bits() -> None:
    (found,) = reduced("2001:db8:1:2:3:4:5:6", v6_bits=64)
    assert found is not None
    assert str(ip_network((found, 64), strict=True).network_address) == found
    assert not found.startswith("2001:")


def test_keys_tenants_and_periods_have_encryptions_of_their_own() -> None:
    value, day = "203.0.113.77", 40 * DAY_MS
    made = [
        reduced(value),
        reduced(value, key=b"o" * 32),
        reduced(value, tenant="shop"),
        reduced(value, tenant="shop2"),
        reduced(value, at_ms=day, rotate_days=30),
        reduced(value, at_ms=day + 30 * DAY_MS, rotate_days=30),
        reduced(value, at_ms=day, rotate_days=29),
    ]
    assert len({each[0] for each in made}) == len(made)


def test_a_replay_gives_the_same_and_so_does_another_day_of_the_period() -> None:
    first = reduced("203.0.113.77", at_ms=30 * DAY_MS, rotate_days=30)
    assert reduced("203.0.113.77", at_ms=30 * DAY_MS, rotate_days=30) == first
    assert reduced("203.0.113.77", at_ms=60 * DAY_MS - 1, rotate_days=30) == first


def test_a_batch_of_two_tenants_and_periods_is_its_parts_side_by_side() -> None:
    times = [0, 40 * DAY_MS, 0, 40 * DAY_MS]
    rows = Rows(pa.array(["a", "a", "b", "b"]), pa.array(times, pa.timestamp("ms", "UTC")))
    values = pa.array(["192.0.2.1", "192.0.2.1", None, "2001:db8::1"])
    given = complete("ip_encrypted", {"rotate_days": 30})
    (column,) = ip_encrypted.reduce(values, given, rows, key=KEY)
    parts = [
        reduced(value, tenant=tenant, at_ms=at, rotate_days=30)[0]
        for value, tenant, at in zip(values.to_pylist(), "aabb", times, strict=True)
    ]
    assert column.to_pylist() == parts


@pytest.mark.parametrize("value", ["203.0.113.77", "2001:db8::1", "2002:cb00:714d::1", "nobody"])
def test_an_explanation_names_the_cut_and_the_encryption(value: str) -> None:
    parameters = complete("ip_encrypted", {})
    plain = ip.explain(value, parameters)
    expected = plain if plain.endswith("null") else f"{plain}, encrypted"
    assert ip_encrypted.explain(value, parameters) == expected


def test_no_two_scopes_share_their_key() -> None:
    scopes = [Scope(""), Scope("a"), Scope("", "1/1d"), Scope("1", "/1d"), Scope("a", "1/1d")]
    assert len({ip_encrypted.scope_key(KEY, scope) for scope in scopes}) == len(scopes)
