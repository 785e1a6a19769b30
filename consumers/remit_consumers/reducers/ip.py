"""The network of an IP address, without the host."""

import re
import socket
from collections.abc import Mapping
from functools import partial

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.unique import each, text
from remit_schemas.reducer import Scalar

CHARS_MAX = 100
"""The longest address with brackets, zone (15 characters on Linux) and port has about 70; longer is none."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"
_BRACKETED = re.compile(r"\[([^\]%]{2,45})(?:%[^\]]{0,20})?\](?::[0-9]{1,5})?")
_V4_PORT = re.compile(r"([0-9.]{7,15}):[0-9]{1,5}")
_MAPPED = bytes(10) + b"\xff\xff"
_SIX_TO_FOUR = b"\x20\x02"
_SIX_TO_FOUR_BITS = 16
_V4_BITS = 32
_V6_BITS = 128


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the network of each address; what is no address becomes null.

    Addresses are many and mostly plain IPv4, so those are cut as a whole column; the others one by one.

    Source: policy 2021-11-01, clause S025 (automatic records).
    """
    v4_bits, v6_bits = _bits(parameters)
    column = text(values)
    shorten = partial(network, v4_bits=v4_bits, v6_bits=v6_bits)
    if v4_bits % 8:
        return each(column, lambda distinct: [shorten(value) for value in distinct])
    lost = 4 - v4_bits // 8
    series = pl.Series(column)
    host = r"(?:\.[0-9]+)" + f"{{{lost}}}$"
    cut = pl.when(series.str.contains(_V4)).then(series.str.replace(host, ".0" * lost))
    networks = pl.select(cut.otherwise(None)).to_series().to_arrow().cast(pa.string())
    others = pc.and_(networks.is_null(), column.is_valid())
    if not others.true_count:
        return (networks,)
    (rest,) = each(column.filter(others), lambda distinct: [shorten(value) for value in distinct])
    return (pc.replace_with_mask(networks, others, rest),)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    packed = _packed(value)
    v4_bits, v6_bits = _bits(parameters)
    if packed is None:
        return "no address: null"
    if len(packed) == _V4_BITS // 8:
        return f"IPv4 address: /{v4_bits}"
    if packed.startswith(_SIX_TO_FOUR):
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
    packed = _packed(value)
    if packed is None:
        return None
    if len(packed) == _V4_BITS // 8:
        return socket.inet_ntop(socket.AF_INET, _cut(packed, v4_bits))
    bits = min(_SIX_TO_FOUR_BITS + v4_bits, v6_bits) if packed.startswith(_SIX_TO_FOUR) else v6_bits
    return socket.inet_ntop(socket.AF_INET6, _cut(packed, bits))


def _bits(parameters: Mapping[str, Scalar]) -> tuple[int, int]:
    """Read the two parameters."""
    return int(str(parameters.get("v4_bits", 24))), int(str(parameters.get("v6_bits", 48)))


def _cut(packed: bytes, bits: int) -> bytes:
    """Set every bit behind the first `bits` to zero."""
    whole, rest = divmod(bits, 8)
    if not rest:
        return packed[:whole] + bytes(len(packed) - whole)
    last = packed[whole] & (0xFF << (8 - rest)) & 0xFF
    return packed[:whole] + bytes((last,)) + bytes(len(packed) - whole - 1)


def _packed(value: str) -> bytes | None:
    """Read an address as 4 or 16 bytes, a mapped one as 4."""
    try:
        return socket.inet_pton(socket.AF_INET, value)
    except (OSError, ValueError):
        return _packed_other(value)


def _packed_other(value: str) -> bytes | None:
    """Read what is not plain IPv4: IPv6, brackets, zones, ports, blanks around."""
    if len(value) > CHARS_MAX or not value.isascii():
        return None
    bare = value.strip(" \t\"'")
    if (match := _BRACKETED.fullmatch(bare)) or (match := _V4_PORT.fullmatch(bare)):
        bare = match[1]
    else:
        bare = bare.partition("%")[0]
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        packed = socket.inet_pton(family, bare)
    except (OSError, ValueError):
        return None
    return packed.removeprefix(_MAPPED)
