"""Whom an SDK believes: the verify key set by REMIT_TRUST, or the one pinned at first use."""

import base64
import binascii
from pathlib import Path
from typing import Final

from remit_schemas.durable import make_file
from remit_schemas.errors import BundleError

VERIFY_KEY_BYTES: Final = 32  # Ed25519 (RFC 8032)


def trust_of(text: str) -> bytes:
    """Read REMIT_TRUST: a verify key as base64, or the path of a file that holds one.

    Raises:
        BundleError: It is neither.
    """
    key = _key_of(text)
    if key is not None:
        return key
    try:
        key = _key_of(Path(text).read_text("ascii"))
    except (OSError, ValueError):  # no such file; a name no file can have; not ASCII
        key = None
    if key is None:
        message = "what is trusted (REMIT_TRUST, --trust) is neither a verify key in base64 nor a file of one"
        raise BundleError(message)
    return key


def check_trust(verify_key: bytes, *, trust: bytes | None, pin: Path | None) -> None:
    """Hold the key of a bundle, whose signature holds, against the one to be believed.

    Args:
        verify_key: Who signed, 32 raw bytes.
        trust: Who must have signed; wins over `pin`.
        pin: File that keeps the first key seen; made by the first use. Of two at once, one wins.

    Raises:
        BundleError: It is another, or there is nothing to hold it against.
    """
    if trust is not None:
        if verify_key != trust:
            raise BundleError("the bundle is not signed by the key in REMIT_TRUST")
    elif pin is None:
        raise BundleError("no key to check the bundle against: set REMIT_TRUST")
    elif verify_key != _pinned(pin, verify_key):
        raise BundleError("the bundle is not signed by the key that was pinned at first use")


def _pinned(pin: Path, verify_key: bytes) -> bytes | None:
    try:
        if not pin.exists():
            make_file(pin, base64.b64encode(verify_key) + b"\n")
        return _key_of(pin.read_text("ascii"))
    except (OSError, ValueError):
        raise BundleError("the file of the pinned key cannot be used") from None


def _key_of(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == VERIFY_KEY_BYTES else None
