"""The signed bundle: what a running SDK must know, and proof of who says so.

``bundle.json`` is ``{"bundle": {…}, "signature": …, "verify_key": …}``. The signature (Ed25519) is over the
canonical JSON of what stands under ``bundle``: sorted keys, no spaces, UTF-8. Bytes are written as base64.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
)

from remit_schemas.durable import replace_file
from remit_schemas.errors import BundleError, RemitError
from remit_schemas.notice import Notice
from remit_schemas.pack import KEY_ID_BYTES
from remit_schemas.policy import Policy, policy_from_json
from remit_schemas.tenancy import NOBODY, Tenancy, told
from remit_schemas.trust import check_trust

BUNDLE_NAME: Final = "bundle.json"
LANES: Final = 12  # lanes of a stream, and partitions of its topic (DESIGN D3, D6)
LANES_MAX: Final = 0xFFFF  # the lane of a pack is a u16
KEY_BYTES: Final = 32  # X25519 and Ed25519 keys (RFC 7748, RFC 8032), and the lane key
SIGNATURE_BYTES: Final = 64  # RFC 8032
EPOCH_CHARACTERS_MAX: Final = 64  # a name, not a text
FILE_BYTES_MAX: Final = 4 << 20  # bytes; some hundred times the bundle of the reference policy


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not text")  # noqa: TRY004 (pydantic asks for a ValueError)
    return base64.b64decode(value, validate=True)


_Key = Annotated[
    bytes, BeforeValidator(_from_base64), Field(min_length=KEY_BYTES, max_length=KEY_BYTES)
]
_KeyId = Annotated[
    bytes, BeforeValidator(_from_base64), Field(min_length=KEY_ID_BYTES, max_length=KEY_ID_BYTES)
]
_Signature = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    Field(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES),
]
_P = TypeVar("_P", bound="_Part")


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, defer_build=True
    )


class _Stated(_Part):
    """The policy, as a bundle states it."""

    name: str
    version: str
    sha256: str
    document: dict[str, JsonValue]


class _Inner(_Part):
    """What is signed."""

    policy: _Stated
    epoch: str = Field(min_length=1, max_length=EPOCH_CHARACTERS_MAX)
    key_id: _KeyId
    public_key: _Key
    not_after: AwareDatetime
    stopped: frozenset[str]
    lane_key: _Key
    lanes: int = Field(ge=1, le=LANES_MAX)
    fresh_until: AwareDatetime | None = None
    notice: dict[str, JsonValue] | None = None
    tenancy: Tenancy = NOBODY


class _Outer(_Part):
    """The file."""

    bundle: dict[str, JsonValue]
    signature: _Signature
    verify_key: _Key


@dataclass(frozen=True, slots=True)
class Bundle:
    """Policy, public key and kill switch, as the consumers publish them to every SDK.

    Attributes:
        policy: The policy in force, whole.
        epoch: Name of the epoch whose public key this is.
        key_id: Names the key in the header of a pack, 8 bytes.
        public_key: X25519 public key, 32 raw bytes.
        not_after: Aware UTC; producers seal nothing under the key from then on.
        stopped: Categories that may not be collected now (the kill switch).
        lane_key: Keys the hash of a subject into its lane, 32 bytes.
        lanes: Number of lanes.
        fresh_until: Aware UTC; from then on producers collect nothing optional until a newer bundle comes. None in
            bundles of older consumers: they are fresh for as long as they hold.
        notice: What this version of the policy widens, to be shown to people; None where it widens nothing.
        tenancy: Tenants and campaigns; none in bundles of deployments that register none.
    """

    policy: Policy
    epoch: str
    key_id: bytes
    public_key: bytes
    not_after: datetime
    stopped: frozenset[str]
    lane_key: bytes
    lanes: int = LANES
    fresh_until: datetime | None = None
    notice: Notice | None = None
    tenancy: Tenancy = NOBODY

    def is_stale(self, now: datetime) -> bool:
        """Whether a newer one should have come, while this one holds still.

        Args:
            now: Aware.
        """
        return self.fresh_until is not None and self.fresh_until <= now < self.not_after


def encode_bundle(bundle: Bundle, signing_key: bytes) -> bytes:
    """Write a bundle as the bytes of ``bundle.json``.

    Args:
        bundle: What to publish.
        signing_key: Ed25519 private key, 32 raw bytes.
    """
    signer = Ed25519PrivateKey.from_private_bytes(signing_key)
    inner = _inner_of(bundle)
    return _canonical(
        {
            "bundle": inner,
            "signature": _text(signer.sign(_canonical(inner))),
            "verify_key": _text(signer.public_key().public_bytes_raw()),
        }
    )


def decode_bundle(data: bytes, *, trust: bytes | None, pin: Path | None) -> Bundle:
    """Verify the bytes of ``bundle.json``, then read them; safe on any bytes.

    Args:
        data: The file, or what an edge answered.
        trust: The verify key that must have signed, 32 raw bytes; wins over `pin`.
        pin: File that keeps the verify key of the first bundle seen; made by the first use.

    Raises:
        BundleError: Forged, truncated, malformed, or signed by someone else.
            A dead epoch is no error here: the producer refuses by `Bundle.not_after`.
    """
    outer = _parse(_Outer, data)
    signed = _signed_bytes(outer)
    check_trust(outer.verify_key, trust=trust, pin=pin)
    return _bundle_of(_parse(_Inner, signed))


def write_bundle(path: Path, bundle: Bundle, signing_key: bytes) -> None:
    """Write ``bundle.json`` so that a reader sees the old one or the new one, whole, also after power loss."""
    replace_file(path, encode_bundle(bundle, signing_key))


def read_bundle(path: Path, *, trust: bytes | None, pin: Path | None) -> Bundle:
    """Read and verify ``bundle.json``; the arguments are those of `decode_bundle`.

    Raises:
        BundleError: It is missing, cannot be read, or `decode_bundle` refuses it.
    """
    return decode_bundle(read_signed(path), trust=trust, pin=pin)


def read_signed(path: Path) -> bytes:
    """Read the bytes of ``bundle.json``, and no more of them than a bundle may have.

    Raises:
        BundleError: It is missing, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        message = (
            f"no bundle of keys and policy in {path.parent.name}/ ({error.strerror}): `remit up`, `run` or `import` "
            "makes it on this machine; for another one `remit keys export` writes it"
        )
        raise BundleError(message) from None


def _inner_of(bundle: Bundle) -> dict[str, JsonValue]:
    policy = bundle.policy
    fresh = bundle.fresh_until
    later: dict[str, JsonValue] = {}  # what came later is there only where it says something
    if fresh:
        later["fresh_until"] = fresh.astimezone(UTC).isoformat()
    if bundle.notice:
        later["notice"] = cast("JsonValue", bundle.notice.to_json())
    if not bundle.tenancy.is_empty:
        later["tenancy"] = told(bundle.tenancy)
    return {
        "policy": {
            "name": policy.name,
            "version": policy.version,
            "sha256": policy.sha256,
            "document": json.loads(policy.canonical),
        },
        "epoch": bundle.epoch,
        "key_id": _text(bundle.key_id),
        "public_key": _text(bundle.public_key),
        "not_after": bundle.not_after.astimezone(UTC).isoformat(),
        "stopped": [*sorted(bundle.stopped)],
        "lane_key": _text(bundle.lane_key),
        "lanes": bundle.lanes,
        **later,
    }


def _parse(model: type[_P], data: bytes) -> _P:
    if len(data) > FILE_BYTES_MAX:
        message = f"the bundle is larger than {FILE_BYTES_MAX} bytes"
        raise BundleError(message)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        named = {str(part["loc"][0]) for part in error.errors(include_input=False) if part["loc"]}
        wrong = sorted(named & model.model_fields.keys())
        message = (
            f"the bundle ({len(data)} bytes) is malformed: {', '.join(wrong) or 'not its JSON'}"
        )
        raise BundleError(message) from None


def _signed_bytes(outer: _Outer) -> bytes:
    """Give what was signed, once the signature is found to hold."""
    try:
        signed = _canonical(outer.bundle)
        Ed25519PublicKey.from_public_bytes(outer.verify_key).verify(outer.signature, signed)
    except (InvalidSignature, ValueError, RecursionError):
        raise BundleError("the signature of the bundle does not hold") from None
    return signed


def _bundle_of(inner: _Inner) -> Bundle:
    return Bundle(
        policy=_policy_of(inner.policy),
        epoch=inner.epoch,
        key_id=inner.key_id,
        public_key=inner.public_key,
        not_after=inner.not_after.astimezone(UTC),
        stopped=inner.stopped,
        lane_key=inner.lane_key,
        lanes=inner.lanes,
        fresh_until=inner.fresh_until.astimezone(UTC) if inner.fresh_until else None,
        notice=_notice_of(inner.notice) if inner.notice else None,
        tenancy=inner.tenancy,
    )


def _notice_of(stated: dict[str, JsonValue]) -> Notice:
    try:
        return Notice.of(stated)
    except ValueError:
        raise BundleError("the notice in the bundle cannot be read by this remit") from None


def _policy_of(stated: _Stated) -> Policy:
    try:
        policy = policy_from_json(_canonical(stated.document))
    except RemitError:
        raise BundleError("the policy in the bundle cannot be used by this remit") from None
    says = (stated.name, stated.version, stated.sha256)
    if says != (policy.name, policy.version, policy.sha256):
        raise BundleError("the policy in the bundle is not the one that the bundle names")
    return policy


def _canonical(value: JsonValue) -> bytes:
    """Write JSON so that the same value always gives the same bytes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
