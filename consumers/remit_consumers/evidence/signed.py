"""Facts with a signature: what a deployment says, so that nobody else can have said it and nobody can change it."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit_consumers.lake.receipt import canonical
from remit_schemas.errors import EvidenceError

_MARK: Final = b"remit evidence 1\x00"
"""Before what is signed, so that no signature of another thing is taken for one of these."""


class Signer(Protocol):
    """Who signs: the key store of a deployment."""

    @property
    def verify_key(self) -> bytes:
        """What its signatures are checked against, 32 raw bytes (Ed25519, RFC 8032)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign a message, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Signed:
    """Facts and their signature.

    Attributes:
        kind: What they are, `anchor` or `manifest`: signed along, so that neither passes for the other.
        facts: JSON.
        signature: Ed25519 over mark, kind and canonical facts, 64 bytes.
        verify_key: Of who signed, 32 bytes.
    """

    kind: str
    facts: Mapping[str, Any]
    signature: bytes
    verify_key: bytes

    @classmethod
    def by(cls, signer: Signer, kind: str, facts: Mapping[str, Any]) -> Self:
        """Sign facts."""
        return cls(kind, facts, signer.sign(_message(kind, facts)), signer.verify_key)

    @property
    def sha256(self) -> bytes:
        """Of the canonical facts, 32 bytes."""
        return hashlib.sha256(canonical(self.facts).encode()).digest()

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the key it names."""
        try:
            key = Ed25519PublicKey.from_public_bytes(self.verify_key)
            key.verify(self.signature, _message(self.kind, self.facts))
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "facts": dict(self.facts),
            "signature": base64.b64encode(self.signature).decode("ascii"),
            "verify_key": base64.b64encode(self.verify_key).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, kind: str, form: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises:
            EvidenceError: It is nothing of that kind.
        """
        try:
            signature, key = (unpacked(form[name]) for name in ("signature", "verify_key"))
            return cls(kind, dict(form["facts"]), signature, key)
        except (KeyError, TypeError, ValueError):
            message = f"this is no signed {kind}"
            raise EvidenceError(message) from None


def unpacked(text: str) -> bytes:
    """Bytes of base64.

    Raises:
        ValueError: It is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def fingerprint(verify_key: bytes) -> str:
    """What people compare a key by: the SHA-256 of its 32 bytes, as hex."""
    return hashlib.sha256(verify_key).hexdigest()


def _message(kind: str, facts: Mapping[str, Any]) -> bytes:
    """What is signed."""
    return _MARK + kind.encode() + b"\x00" + canonical(facts).encode()
