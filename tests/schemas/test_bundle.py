"""The signed bundle: what is believed, and what never is."""

import base64
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.bundle import Bundle, decode_bundle, encode_bundle, read_bundle, write_bundle
from remit_schemas.errors import BundleError
from remit_schemas.notice import Notice
from remit_schemas.policy import builtin_policy
from remit_schemas.trust import trust_of

SIGNING_KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CANARY = "canary-7d1f"


def verify_key(signing_key: bytes = SIGNING_KEY) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw()


def make_bundle() -> Bundle:
    return Bundle(
        policy=builtin_policy("salesmartly", "2021-11-01"),
        epoch="20261123T100000Z",
        key_id=b"\x01" * 8,
        public_key=b"\x02" * 32,
        not_after=datetime(2026, 11, 23, 22, 0, 0, 123456, tzinfo=UTC),
        stopped=frozenset({"user.device.ip_address", "user.device"}),
        lane_key=b"\x03" * 32,
    )


BUNDLE = make_bundle()
ENCODED = encode_bundle(BUNDLE, SIGNING_KEY)


def changed(inner: dict[str, object], *, signing_key: bytes = SIGNING_KEY) -> bytes:
    """A bundle whose inside was changed and that is signed all the same."""
    bundle = {**json.loads(ENCODED)["bundle"], **inner}
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signer = Ed25519PrivateKey.from_private_bytes(signing_key)
    outer = {
        "bundle": bundle,
        "signature": base64.b64encode(signer.sign(text)).decode(),
        "verify_key": base64.b64encode(signer.public_key().public_bytes_raw()).decode(),
    }
    return json.dumps(outer).encode()


def refusal(data: bytes, trust: bytes | None = None) -> str:
    with pytest.raises(BundleError) as caught:
        decode_bundle(data, trust=trust or verify_key(), pin=None)
    return str(caught.value)


def test_a_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    write_bundle(path, BUNDLE, SIGNING_KEY)
    assert read_bundle(path, trust=verify_key(), pin=None) == BUNDLE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["bundle.json"]


def test_a_notice_of_what_the_policy_widens_travels_with_it(tmp_path: Path) -> None:
    notice = Notice(since="2021-03-09", changes=("page_view.ip: was kept for 7 days, is for 30",))
    bundle = replace(make_bundle(), notice=notice)
    write_bundle(tmp_path / "bundle.json", bundle, SIGNING_KEY)
    assert read_bundle(tmp_path / "bundle.json", trust=verify_key(), pin=None).notice == notice
    assert b'"notice"' not in encode_bundle(make_bundle(), SIGNING_KEY)


def test_the_same_bundle_always_gives_the_same_bytes_whatever_the_time_zone() -> None:
    elsewhere = BUNDLE.not_after.astimezone(timezone(timedelta(hours=8)))
    assert encode_bundle(replace(BUNDLE, not_after=elsewhere), SIGNING_KEY) == ENCODED


def test_a_bundle_signed_by_another_key_is_refused_by_trust() -> None:
    assert "REMIT_TRUST" in refusal(encode_bundle(BUNDLE, OTHER_KEY))


def test_the_first_key_seen_is_pinned_and_another_refused(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    assert decode_bundle(ENCODED, trust=None, pin=pin) == BUNDLE
    assert decode_bundle(ENCODED, trust=None, pin=pin) == BUNDLE
    with pytest.raises(BundleError, match="pinned"):
        decode_bundle(encode_bundle(BUNDLE, OTHER_KEY), trust=None, pin=pin)


def test_a_forged_bundle_pins_nothing(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    with pytest.raises(BundleError):
        decode_bundle(ENCODED.replace(b'"lanes":12', b'"lanes":13'), trust=None, pin=pin)
    assert not pin.exists()


def test_trust_wins_over_a_pin(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    decode_bundle(encode_bundle(BUNDLE, OTHER_KEY), trust=None, pin=pin)
    assert decode_bundle(ENCODED, trust=verify_key(), pin=pin) == BUNDLE


def test_a_damaged_pin_refuses_rather_than_pins_again(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_bytes(b"\xff")
    with pytest.raises(BundleError):
        decode_bundle(ENCODED, trust=None, pin=pin)


def test_without_trust_or_pin_nothing_is_believed() -> None:
    with pytest.raises(BundleError, match="REMIT_TRUST"):
        decode_bundle(ENCODED, trust=None, pin=None)


def test_a_dead_epoch_is_read_for_the_producer_to_refuse() -> None:
    dead = replace(BUNDLE, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    decoded = decode_bundle(encode_bundle(dead, SIGNING_KEY), trust=verify_key(), pin=None)
    assert decoded.not_after == dead.not_after


@pytest.mark.parametrize(
    "inner",
    [
        {CANARY: 1},
        {"epoch": 5},
        {"epoch": ""},
        {"key_id": "AQ=="},
        {"public_key": CANARY},
        {"lane_key": None},
        {"not_after": "2026-11-23T22:00:00"},
        {"not_after": CANARY},
        {"not_after": 5},
        {"stopped": CANARY},
        {"stopped": [1]},
        {"lanes": 0},
        {"lanes": 65536},
        {"lanes": True},
        {"lanes": 1.5},
        {"policy": {}},
    ],
)
def test_a_well_signed_bundle_that_says_nonsense_is_refused_without_its_values(
    inner: dict[str, object],
) -> None:
    text = refusal(changed(inner))
    assert CANARY not in text


def test_a_policy_that_is_not_the_one_named_is_refused() -> None:
    policy = json.loads(ENCODED)["bundle"]["policy"]
    assert "policy" in refusal(changed({"policy": {**policy, "sha256": "0" * 64}}))
    assert "policy" in refusal(changed({"policy": {**policy, "document": {CANARY: 1}}}))


def test_an_unknown_key_around_the_bundle_is_refused() -> None:
    refusal(json.dumps({**json.loads(ENCODED), CANARY: 1}).encode())


@given(st.integers(0, len(ENCODED) - 1))
def test_a_truncated_bundle_is_refused(end: int) -> None:
    refusal(ENCODED[:end])


@given(st.integers(0, len(ENCODED) - 1), st.integers(1, 255))
def test_a_bundle_with_one_byte_changed_is_refused_or_says_the_same(place: int, flip: int) -> None:
    data = bytearray(ENCODED)
    data[place] ^= flip
    with suppress(BundleError):  # unless it is an escape or a space that means the same
        assert decode_bundle(bytes(data), trust=verify_key(), pin=None) == BUNDLE


@given(st.binary(max_size=300))
def test_bytes_that_are_no_bundle_are_refused(data: bytes) -> None:
    refusal(data)


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"bundle":' * 100_000, b" " * (5 << 20)])
def test_bytes_made_to_hurt_a_parser_are_refused(data: bytes) -> None:
    refusal(data)


def test_a_missing_bundle_is_refused_and_the_reason_given(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No such file"):
        read_bundle(tmp_path / "none.json", trust=verify_key(), pin=None)


def test_trust_is_base64_or_a_file_of_it(tmp_path: Path) -> None:
    text = base64.b64encode(verify_key()).decode()
    file = tmp_path / "trust"
    file.write_text(text + "\n")
    assert trust_of(text) == verify_key()
    assert trust_of(str(file)) == verify_key()


@pytest.mark.parametrize("text", ["", CANARY, "AQ==", "\0", "x" * 5000, "é"])
def test_trust_that_is_neither_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(BundleError) as caught:
        trust_of(text)
    assert CANARY not in str(caught.value)
