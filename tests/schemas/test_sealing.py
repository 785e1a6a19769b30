"""The key schedule: only the right key opens, and only what was sealed, where it was sealed."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.errors import Tampered
from remit_schemas.sealing import (
    WRAPPED_BYTES,
    body_nonce,
    data_key_info,
    open_body,
    open_record,
    pack_keys,
    record_nonce,
    seal_body,
    seal_record,
    unwrap_data_key,
    wrap_data_key,
)

PRODUCER = bytes(16)


def make_epoch() -> tuple[bytes, bytes]:
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def test_a_data_key_opens_under_its_epoch_for_its_producer_and_lane_only() -> None:
    private, public = make_epoch()
    key, info = os.urandom(32), data_key_info(PRODUCER, 3)
    wrapped = wrap_data_key(public, key, info)
    assert len(wrapped) == WRAPPED_BYTES
    assert unwrap_data_key(private, wrapped, info) == key
    with pytest.raises(Tampered):
        unwrap_data_key(private, wrapped, data_key_info(PRODUCER, 4))
    with pytest.raises(Tampered):
        unwrap_data_key(private, wrapped, data_key_info(b"x" * 16, 3))
    with pytest.raises(Tampered):
        unwrap_data_key(make_epoch()[0], wrapped, info)


@given(st.binary(max_size=120))
def test_random_bytes_are_no_wrapped_key(wrapped: bytes) -> None:
    with pytest.raises(Tampered):
        unwrap_data_key(make_epoch()[0], wrapped, b"")


def test_a_wrapped_key_of_another_length_is_refused() -> None:
    private, public = make_epoch()
    with pytest.raises(Tampered, match="16 bytes"):
        unwrap_data_key(private, wrap_data_key(public, bytes(16), b""), b"")


@given(st.binary(max_size=200), st.integers(0, 2**32), st.binary(max_size=50))
def test_a_record_opens_at_its_own_index_under_its_own_header(
    record: bytes, index: int, header: bytes
) -> None:
    keys = pack_keys(bytes(32), b"identity")
    sealed = seal_record(keys, index, record, header)
    assert open_record(keys, index, sealed, header) == record
    for wrong in ((index + 1, header), (index, header + b"x")):
        with pytest.raises(Tampered):
            open_record(keys, wrong[0], sealed, wrong[1])


@given(st.binary(max_size=200), st.data())
def test_a_body_with_any_bit_changed_does_not_open(body: bytes, data: st.DataObject) -> None:
    keys, nonce = pack_keys(bytes(32), b"identity"), body_nonce()
    sealed = bytearray(seal_body(keys, nonce, body, b"header"))
    assert open_body(keys, nonce, bytes(sealed), b"header") == body
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Tampered):
        open_body(keys, nonce, bytes(sealed), b"header")


def test_what_is_too_short_to_hold_a_tag_is_tampered_with() -> None:
    keys = pack_keys(bytes(32), b"identity")
    with pytest.raises(Tampered):
        open_body(keys, bytes(12), b"short", b"")
    with pytest.raises(Tampered):
        open_record(keys, 0, b"", b"")


def test_records_and_bodies_and_packs_never_share_a_key() -> None:
    one, other = pack_keys(bytes(32), b"pack 1"), pack_keys(bytes(32), b"pack 2")
    nonce = record_nonce(0)
    sealed = {k.encrypt(nonce, b"x" * 32, b"") for p in (one, other) for k in (p.record, p.body)}
    assert len(sealed) == 4
    again = pack_keys(bytes(32), b"pack 1")
    assert again.record.encrypt(nonce, b"x" * 32, b"") in sealed


def test_no_two_indexes_share_a_nonce() -> None:
    assert len({record_nonce(index) for index in range(5000)}) == 5000
    assert record_nonce(258) == bytes(10) + b"\x01\x02"
