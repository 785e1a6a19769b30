"""Addresses that have a place, and those that are special: private, reserved, of documentation, of many.

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), multicast (RFC 5771), and 240.0.0.0/4.
"""

from bisect import bisect_right
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Final

from remit_consumers.reducers.address import SIX_TO_FOUR, V4_BYTES, packed, written

_V4: Final = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
)
_V6: Final = (  # with all that is no global unicast, 2000::/3 (RFC 4291, section 2.4)
    *("::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)
_NAT64: Final = bytes.fromhex("0064ff9b") + bytes(8)
"""RFC 6052: 64:ff9b::/96, then the IPv4 address."""

_SPECIAL_V4: Final = [
    (int(net[0]), int(net[-1])) for net in collapse_addresses(map(IPv4Network, _V4))
]
_SPECIAL_V6: Final = [
    (int(net[0]), int(net[-1])) for net in collapse_addresses(map(IPv6Network, _V6))
]


def placed(value: str) -> str | None:
    """Give the address whose place is asked for: an IPv4 address inside an IPv6 one (6to4, NAT64, mapped) is it.

    Args:
        value: An address in any dress.

    Returns:
        The bare address; None where it is special, or none.
    """
    found = packed(value)
    if found is None:
        return None
    if found.startswith(SIX_TO_FOUR) and len(found) > V4_BYTES:
        found = found[len(SIX_TO_FOUR) :][:V4_BYTES]
    elif found.startswith(_NAT64):
        found = found[len(_NAT64) :]
    ranges = _SPECIAL_V4 if len(found) == V4_BYTES else _SPECIAL_V6
    number = int.from_bytes(found)
    at = bisect_right(ranges, number, key=lambda ends: ends[0])
    return None if at and number <= ranges[at - 1][1] else written(found)
