"""The certificate of an erasure: what went, what is exempt and until when, chained and signed, and naming nobody."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit_consumers.lake.receipt import canonical
from remit_schemas.durable import replace_file
from remit_schemas.errors import LakeError
from remit_schemas.read_json import read_json

FOLDER: Final = "certificates"
"""Where certificates lie below the data folder."""

FIRST: Final = hashlib.sha256(b"remit erasure certificates 1").hexdigest()
"""What the first certificate says was before it."""

_CONTEXT: Final = b"remit erasure certificate 1\x00"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signed certificate.

    Attributes:
        facts: What it says; JSON, without a name of anybody.
        signature: Ed25519 over the canonical facts, 64 bytes.
        verify_key: Of the deployment that signed, 32 bytes.
    """

    facts: Mapping[str, Any]
    signature: bytes
    verify_key: bytes

    @classmethod
    def sign(
        cls, facts: Mapping[str, Any], sign: Callable[[bytes], bytes], verify_key: bytes
    ) -> Self:
        """Sign facts."""
        return cls(facts, sign(_CONTEXT + canonical(facts).encode()), verify_key)

    @property
    def sha256(self) -> str:
        """What the next certificate says was before it."""
        return hashlib.sha256(canonical(self.facts).encode()).hexdigest()

    @property
    def number(self) -> int:
        """Its place in the chain, from 1."""
        return int(self.facts["certificate"])

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the key it names."""
        try:
            key = Ed25519PublicKey.from_public_bytes(self.verify_key)
            key.verify(self.signature, _CONTEXT + canonical(self.facts).encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_dict(self) -> dict[str, Any]:
        """As its file has it."""
        return {
            "facts": dict(self.facts),
            "signature": base64.b64encode(self.signature).decode("ascii"),
            "verify_key": base64.b64encode(self.verify_key).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises:
            LakeError: It is no certificate.
        """
        try:
            signature, key = (
                base64.b64decode(form[name], validate=True) for name in ("signature", "verify_key")
            )
            found = cls(form["facts"], signature, key)
            int(found.facts["certificate"]), str(found.facts["previous"])
        except (KeyError, TypeError, ValueError, binascii.Error):
            message = "this is no certificate of an erasure"
            raise LakeError(message) from None
        return found

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a certificate's file.

        Raises:
            LakeError: It cannot be read, or is no certificate.
        """
        try:
            form = read_json(file.read_text("utf-8"))
        except (OSError, ValueError):
            message = "a certificate cannot be read: it is no JSON file"
            raise LakeError(message) from None
        return cls.from_dict(form)

    def file(self, data: Path) -> Path:
        """Where it lies below a data folder."""
        return data / FOLDER / f"{self.number:06d}.json"

    def write(self, data: Path) -> Path:
        """Write it below a data folder, durably; gives where."""
        file = self.file(data)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, (json.dumps(self.to_dict(), indent=1, sort_keys=True) + "\n").encode())
        return file


def certificates_in(data: Path) -> list[Certificate]:
    """The certificates below a data folder, in the order of their chain.

    Raises:
        LakeError: One cannot be read.
    """
    found = [Certificate.read(file) for file in (data / FOLDER).glob("*.json")]
    return sorted(found, key=lambda one: one.number)


def chain_breaches(found: Sequence[Certificate], verify_key: bytes | None = None) -> list[str]:
    """Say what is wrong with a chain of certificates.

    Args:
        found: In their order.
        verify_key: Who must have signed; None: whoever signed the first.
    """
    breaches: list[str] = []
    before, signer = FIRST, verify_key
    for number, one in enumerate(found, 1):
        signer = signer or one.verify_key
        if not one.is_signed or one.verify_key != signer:
            breaches.append(f"certificate {number} is not signed by this deployment")
        if one.number != number or one.facts["previous"] != before:
            breaches.append(f"certificate {number} does not follow on the one before it")
        before = one.sha256
    return breaches
