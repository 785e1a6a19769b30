"""The network of an IP address under encryption that keeps prefixes: what lies together still does, unnamed.

The key of a row is derived from the installation's own (`address.key` in REMIT_KEYS), the tenant, and the period in
which the row was collected: a replay gives the same, no two tenants or periods can be compared, and whoever destroys
`address.key` makes every address encrypted under it unreadable for good. A period's key alone cannot be destroyed.

Whoever has the key can decrypt. Whoever knows one address and its encryption knows how every prefix of it is
encrypted, so this hides who somebody is and not which rows lie in a network that is known.
"""

import struct
from collections.abc import Mapping
from functools import partial
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from remit_consumers.reducers.address import V6_BITS_MAX, bits_of, networks, rule_of
from remit_consumers.reducers.final import final
from remit_consumers.reducers.ipcrypt import KEY_BYTES, encrypt
from remit_consumers.reducers.scope import Rows, Scope, each_scope
from remit_schemas.reducer import Scalar


def reduce(
    values: pa.Array, parameters: Mapping[str, Scalar], rows: Rows | None = None, *, key: bytes
) -> tuple[pa.Array, ...]:
    """Cut each address to its network and encrypt that; what is no address becomes null.

    Args:
        values: Texts of any Arrow kind.
        parameters: `v4_bits`, `v6_bits` and `rotate_days`.
        rows: Whose the rows are, and when they were collected; None is nobody's.
        key: The installation's own, 32 bytes.
    """
    cut = networks(values, parameters)
    days = int(str(parameters.get("rotate_days", 0)))
    encrypted = partial(_encrypted, key=key, bits=bits_of(parameters))
    rows = rows or Rows.of_nobody(len(cut))
    return (final(each_scope(cut, rows, days, encrypted).dictionary_decode()),)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    rule = rule_of(value, parameters)
    return rule if rule.endswith("null") else f"{rule}, encrypted"


def scope_key(key: bytes, scope: Scope) -> bytes:
    """Derive the key of one tenant and period.

    Source: RFC 5869. The tenant's length stands first, so that no two scopes give the same bytes.
    """
    tenant = scope.tenant.encode("utf-8", "surrogatepass")
    info = b"remit ip_encrypted" + struct.pack("<I", len(tenant)) + tenant + scope.epoch.encode()
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key)


def _encrypted(
    scope: Scope, cut: list[str], *, key: bytes, bits: tuple[int, int]
) -> list[str | None]:
    """Encrypt the distinct networks of one scope, each family at once."""
    own = scope_key(key, scope)
    v4 = [each for each in cut if ":" not in each]
    v6 = [each for each in cut if ":" in each]
    v4_bits, v6_bits = bits
    found = dict(zip(v4, _family(own, AF_INET, v4, v4_bits), strict=True))
    found |= zip(v6, _family(own, AF_INET6, v6, min(v6_bits, V6_BITS_MAX)), strict=True)
    return [found[each] for each in cut]


def _family(key: bytes, family: int, cut: list[str], bits: int) -> list[str]:
    """Encrypt networks of one family."""
    width = 4 if family == AF_INET else 16
    octets = np.frombuffer(b"".join(inet_pton(family, each) for each in cut), np.uint8)
    whole = encrypt(key, octets.reshape(-1, width), bits).tobytes()
    return [inet_ntop(family, whole[at : at + width]) for at in range(0, len(whole), width)]
