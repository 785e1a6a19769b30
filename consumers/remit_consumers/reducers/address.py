"""IP addresses: read in whatever dress they come, and cut to their network."""

import re
import socket
from collections.abc import Mapping
from functools import partial

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.unique import coded, each, spread, text
from remit_schemas.reducer import Scalar

CHARS_MAX = 100
"""The longest address with brackets, zone (15 characters on Linux) and port has about 70; longer is none."""

V4_BYTES = 4
V6_BITS_MAX = 64
"""Bits that may be left of an IPv6 address, whatever a caller asks for: behind them stands the host.

There, too, stand the IPv4 addresses that ISATAP (RFC 5214), Teredo (RFC 4380), NAT64 (RFC 6052, 64:ff9b::/96) and
`::a.b.c.d` carry along.
"""

SIX_TO_FOUR = b"\x20\x02"
"""RFC 3056: 2002::/16, then the IPv4 address of the site."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"
_ZONE = r"(?:%[A-Za-z0-9._~-]{0,20})?"  # RFC 6874, and `%25` in front of it where it stood in a URI
_BRACKETED = re.compile(
    rf"\[([^\]%]{{2,45}}){_ZONE}\](?::[0-9A-Za-z]{{0,8}})?"
)  # what calls itself a port names no host
_ZONED = re.compile(rf"([0-9A-Fa-f:.]{{2,45}}){_ZONE}")
_V4_PORT = re.compile(r"([0-9.]{7,15}):[0-9]{1,5}")
_MAPPED = bytes(10) + b"\xff\xff"


def networks(values: pa.Array, parameters: Mapping[str, Scalar]) -> pa.Array:
    """Cut each address to its network; what is no address becomes null.

    Addresses are many and mostly plain IPv4, so those are cut as a whole column; the others one by one.

    Args:
        values: Texts of any Arrow kind.
        parameters: `v4_bits` and `v6_bits`.

    Returns:
        Text; dictionary-encoded where the addresses are.
    """
    if pa.types.is_dictionary(values.type):
        addresses = coded(values)
        return spread(networks(addresses.dictionary, parameters), addresses.indices)
    v4_bits, v6_bits = bits_of(parameters)
    column = text(values)
    shorten = partial(network, v4_bits=v4_bits, v6_bits=v6_bits)
    if v4_bits % 8:
        (found,) = each(column, lambda distinct: [shorten(value) for value in distinct])
        return found.dictionary_decode()
    lost = V4_BYTES - v4_bits // 8
    series = pl.Series(column)
    host = r"(?:\.[0-9]+)" + f"{{{lost}}}$"
    cut = pl.when(series.str.contains(_V4)).then(series.str.replace(host, ".0" * lost))
    found = pl.select(cut.otherwise(None)).to_series().to_arrow().cast(pa.string())
    others = pc.and_(found.is_null(), column.is_valid())
    if not others.true_count:
        return found
    (rest,) = each(column.filter(others), lambda distinct: [shorten(value) for value in distinct])
    return pc.replace_with_mask(found, others, rest.dictionary_decode())


def rule_of(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule by which one value is cut."""
    found = packed(value)
    v4_bits, v6_bits = bits_of(parameters)
    if found is None:
        return "no address: null"
    if len(found) == V4_BYTES:
        return f"IPv4 address: /{v4_bits}"
    if found.startswith(SIX_TO_FOUR):
        return f"6to4 address: its IPv4 address to /{v4_bits}"
    return f"IPv6 address: /{v6_bits}"


def network(value: str, v4_bits: int = 24, v6_bits: int = 48) -> str | None:
    """Cut one address to its network.

    An IPv4 address inside an IPv6 one (mapped, or 6to4 whose first 48 bits carry all of it) is cut as IPv4.

    Args:
        value: An address, perhaps with brackets, zone and port.
        v4_bits: Leading bits kept of an IPv4 address.
        v6_bits: Leading bits kept of an IPv6 address.

    Returns:
        The bare network address, or None where the value is no address.
    """
    found = packed(value)
    if found is None:
        return None
    if len(found) == V4_BYTES:
        return written(_cut(found, v4_bits))
    bits = min(v6_bits, V6_BITS_MAX)
    if found.startswith(SIX_TO_FOUR):
        bits = min(len(SIX_TO_FOUR) * 8 + v4_bits, bits)
    return written(_cut(found, bits))


def bits_of(parameters: Mapping[str, Scalar]) -> tuple[int, int]:
    """Read how many bits are kept of an IPv4 and of an IPv6 address."""
    return int(str(parameters.get("v4_bits", 24))), int(str(parameters.get("v6_bits", 48)))


def packed(value: str) -> bytes | None:
    """Read an address as 4 or 16 bytes, a mapped one as 4; None where it is none."""
    try:
        return socket.inet_pton(socket.AF_INET, value)
    except (OSError, ValueError):
        return _packed_other(value)


def written(address: bytes) -> str:
    """Write 4 or 16 bytes as people do."""
    return socket.inet_ntop(
        socket.AF_INET if len(address) == V4_BYTES else socket.AF_INET6, address
    )


def _cut(address: bytes, bits: int) -> bytes:
    """Set every bit behind the first `bits` to zero."""
    whole, rest = divmod(bits, 8)
    if not rest:
        return address[:whole] + bytes(len(address) - whole)
    last = address[whole] & (0xFF << (8 - rest)) & 0xFF
    return address[:whole] + bytes((last,)) + bytes(len(address) - whole - 1)


def _packed_other(value: str) -> bytes | None:
    """Read what is not plain IPv4: IPv6, brackets, zones, ports, blanks around."""
    if len(value) > CHARS_MAX or not value.isascii():
        return None
    bare = value.strip(" \t\"'")
    for form in (_BRACKETED, _V4_PORT, _ZONED):
        if match := form.fullmatch(bare):
            bare = match[1]
            break
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        found = socket.inet_pton(family, bare)
    except (OSError, ValueError):
        return None
    return found.removeprefix(_MAPPED)
