"""Signatures of requests, so that who gets a notice knows whose it is: RFC 9421 with Ed25519, over RFC 9530's digest.

A receiver pins the deployment's verify key (`remit keys status`) and checks four things: that `Signature` is that key's
over the base that `Signature-Input` names, that `Content-Digest` is the body's, that `created` is recent, and that it has
not seen the notice's id before.

Source: RFC 9421, sections 2.2, 2.5, 3.1; RFC 9530, section 2.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

LABEL: Final = "remit"
"""What the signature is called in its header."""

COVERED: Final = ("@method", "@target-uri", "content-type", "content-digest")
"""What is signed beside the time: the body by its digest, and for whom it is, so that nobody can hand it on as theirs."""

Sign = Callable[[bytes], bytes]
"""Gives the Ed25519 signature of a message, 64 bytes."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests.

    Attributes:
        sign: With the deployment's key.
        keyid: The key that checks it, as base64.
        created: When, in seconds since 1970.
    """

    sign: Sign
    keyid: str
    created: int

    def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """The headers of a signed POST of JSON.

        Args:
            url: Whole, as it is asked for; ASCII.
            body: As it is sent.
        """
        headers = {
            "content-type": "application/json",
            "content-digest": f"sha-256=:{_base64(hashlib.sha256(body).digest())}:",
        }
        components = {"@method": "POST", "@target-uri": url, **headers}
        covered = {name: components[name] for name in COVERED}
        more = f'created={self.created};keyid="{self.keyid}";alg="ed25519"'
        params = parameters(covered, more)
        signature = self.sign(signature_base(covered, params))
        return {
            **headers,
            "signature-input": f"{LABEL}={params}",
            "signature": f"{LABEL}=:{_base64(signature)}:",
        }


def parameters(covered: Mapping[str, str], more: str) -> str:
    """What a signature says of itself: which components it covers, in their order, and its parameters (RFC 9421, 2.3)."""
    names = " ".join(f'"{name}"' for name in covered)
    return f"({names});{more}"


def signature_base(covered: Mapping[str, str], params: str) -> bytes:
    """The text that is signed (RFC 9421, 2.5)."""
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("ascii")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
