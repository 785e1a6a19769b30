"""From a closed pack to its bytes in form 2: all events compressed, then sealed as one."""

from collections.abc import Sequence
from dataclasses import replace

from remit.closed import Closed
from remit.seal import new_data_key
from remit_schemas.pack import Counts, Header, as_body, compress_body, pack_body
from remit_schemas.sealing import PackKeys, body_nonce, pack_keys, seal_body


def rewrite(closed: Closed) -> bytes:
    """Write a pack in form 2; its identity stays, its nonce is new."""
    return body_of(closed.header, closed.keys, closed.counts, closed.datums or [], closed.subjects)


def body_of(
    header: Header,
    keys: PackKeys,
    counts: Counts,
    datums: Sequence[bytes],
    subjects: Sequence[bytes],
) -> bytes:
    """Compress and seal events into the bytes of a pack in form 2.

    Args:
        header: Of the pack, in either form.
        keys: The pack's keys.
        counts: What its header tells.
        datums: The events.
        subjects: The subject of each; empty = none.
    """
    return sealed_body(header, keys, counts, len(datums), pack_body(datums, subjects))


def sealed_body(header: Header, keys: PackKeys, counts: Counts, events: int, body: bytes) -> bytes:
    """Compress and seal a body.

    Args:
        header: Of the pack, in either form.
        keys: The pack's keys.
        counts: What its header tells.
        events: How many are in the body.
        body: What `pack_body` or `pack_columns` gave.
    """
    nonce = body_nonce()
    raw = as_body(header, events, nonce, counts).to_bytes()
    return raw + seal_body(keys, nonce, compress_body(body), raw)


def rewrite_empty(header: Header, counts: Counts, key_id: bytes, public_key: bytes) -> bytes:
    """Write an empty pack in another's place, under a new data key: its own may be another process's.

    Args:
        header: Of the pack whose identity it takes.
        counts: What it tells.
        key_id: Names the epoch's key.
        public_key: Of the epoch.
    """
    data_key = new_data_key(header.producer, header.lane, key_id, public_key)
    nonce = body_nonce()
    plain = as_body(header, 0, nonce, counts)
    sealed_for = replace(plain, key_id=key_id, wrapped_key=data_key.wrapped)
    raw = sealed_for.to_bytes()
    keys = pack_keys(data_key.key, header.identity)
    return raw + seal_body(keys, nonce, compress_body(b""), raw)
