"""What may lie on a log and is no pack, or none that can be read; and datums that are none: by a name, with their reason."""

import hashlib
import os
from collections.abc import Callable, Mapping

from kit.crafted import Crafter, datums
from remit_schemas.header import FORMAT
from remit_schemas.pack import pack_body

EVENTS = 3
"""Events of each bad pack."""


def flipped(data: bytes, place: int) -> bytes:
    """Turn one bit around."""
    return data[:place] + bytes([data[place] ^ 1]) + data[place:][1:]


def truncated_body(crafter: Crafter) -> bytes:
    """A well-sealed body that ends before its lengths do."""
    crafter.offered += EVENTS
    body = pack_body(datums(EVENTS), [b""] * EVENTS)
    return crafter.sealed(crafter.header(EVENTS), body[:-1])


def longer_body(crafter: Crafter) -> bytes:
    """A well-sealed body with bytes that belong to no event."""
    crafter.offered += EVENTS
    body = pack_body(datums(EVENTS), [b""] * EVENTS)
    return crafter.sealed(crafter.header(EVENTS), body + b"\0")


Bad = Callable[[Crafter], bytes]

PACKS: Mapping[str, tuple[Bad, str, int]] = {
    # what came, the reason it must stand under, and how many events that speaks of
    "nothing at all": (lambda _: b"", "not_a_pack", 0),
    "noise": (lambda _: os.urandom(200), "not_a_pack", 0),
    "text": (lambda _: b'{"page": "/"}', "not_a_pack", 0),
    "half a header": (lambda c: c.pack(datums(EVENTS))[:40], "truncated", 0),
    "half a body": (lambda c: c.pack(datums(EVENTS))[:-20], "tampered", EVENTS),
    "a changed body": (lambda c: flipped(c.pack(datums(EVENTS)), -9), "tampered", EVENTS),
    "a changed wrapped key": (lambda c: flipped(c.pack(datums(EVENTS)), 70), "tampered", EVENTS),
    "another's key": (
        lambda c: c.pack(datums(EVENTS), key_id=os.urandom(8)),
        "unknown_key",
        EVENTS,
    ),
    "a contract nobody knows": (
        lambda c: c.pack(datums(EVENTS), fingerprint=b"\1" * 8),
        "unknown_contract",
        EVENTS,
    ),
    "an old policy nobody wrote": (
        lambda c: c.pack(datums(EVENTS), policy_version="1999-01-01"),
        "unknown_policy",
        EVENTS,
    ),
    "a newer format": (
        lambda c: b"RM" + bytes([FORMAT + 1]) + c.pack(datums(EVENTS))[3:],
        "newer_format",
        0,
    ),
    "a body that ends early": (truncated_body, "truncated", EVENTS),
    "a body with more in it": (longer_body, "pack", EVENTS),
}

DATUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda good: good[:-1],
    "cut in half": lambda good: good[: len(good) // 2],
    "with a trailing byte": lambda good: good + b"\0",
    "two in one": lambda good: good + good,
    "with an absurd length": lambda good: good.replace(b"/a/0", b"\xff\xff\xff\xff"),
    "whose first string says it is 2 GB": lambda good: b"\2\xfe\xff\xff\xff\x0f" + good[6:],
    "whose first string has a negative length": lambda good: b"\2\1" + good[2:],
    "with an endless varint": lambda good: b"\xff" * (20 + len(good)),
    "with a branch that is none": lambda good: b"\x08" + good[1:],
    "that is not UTF-8": lambda good: good.replace(b"203.0.113.7", b"\xc3\x28.0.113.77"),
    "noise": lambda good: hashlib.sha512(good).digest(),
}
