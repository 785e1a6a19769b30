"""The key schedule: data keys (HPKE), pack keys (HKDF) and the AEAD of records and bodies.

A producer holds an epoch's public key only. It makes a data key, wraps it to that key, and derives two
keys for each pack: one seals records as they come, the other the rewritten body, so nonces never meet.
"""

import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from remit_schemas.errors import Tampered

DATA_KEY_BYTES: Final = 32  # AES-256
NONCE_BYTES: Final = 12  # what AES-GCM takes without hashing it (NIST SP 800-38D)
TAG_BYTES: Final = 16  # the full AES-GCM tag (NIST SP 800-38D)
WRAPPED_BYTES: Final = 80  # X25519 share 32, data key 32, tag 16 (RFC 9180)

_PACK_INFO: Final = b"remit pack v1"
_DATA_KEY_INFO: Final = b"remit data key v1"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class PackKeys:
    """The two keys of one pack, ready to use.

    Attributes:
        record: Seals the records of form 1, nonce = index.
        body: Seals the body of form 2, nonce random and in the header.
    """

    record: AESGCM
    body: AESGCM


def data_key_info(producer: bytes, lane: int) -> bytes:
    """Give the info a data key is wrapped under: it opens for this producer and lane only."""
    return _DATA_KEY_INFO + producer + lane.to_bytes(2, "little")


def wrap_data_key(public_key: bytes, data_key: bytes, info: bytes) -> bytes:
    """Wrap a data key so that only the holder of the epoch's private key can open it.

    Args:
        public_key: X25519 public key of the epoch, 32 bytes.
        data_key: 32 random bytes.
        info: What `data_key_info` gives.

    Returns:
        80 bytes.
    """
    return _SUITE.encrypt(data_key, X25519PublicKey.from_public_bytes(public_key), info)


def unwrap_data_key(private_key: bytes, wrapped: bytes, info: bytes) -> bytes:
    """Open a wrapped data key.

    Args:
        private_key: X25519 private key of the epoch, 32 bytes.
        wrapped: What `wrap_data_key` gave.
        info: What `data_key_info` gives.

    Raises:
        Tampered: It was not wrapped to this key, or not for this producer and lane, or was changed.
    """
    try:
        data_key = _SUITE.decrypt(wrapped, X25519PrivateKey.from_private_bytes(private_key), info)
    except (InvalidTag, ValueError):
        raise Tampered("a data key does not open under its epoch's key") from None
    if len(data_key) != DATA_KEY_BYTES:
        message = f"a data key of {len(data_key)} bytes instead of {DATA_KEY_BYTES}"
        raise Tampered(message)
    return data_key


def pack_keys(data_key: bytes, identity: bytes) -> PackKeys:
    """Derive the keys of one pack.

    Args:
        data_key: The data key of the pack's producer and lane, 32 bytes.
        identity: What `Header.identity` gives.
    """
    length = 2 * DATA_KEY_BYTES
    okm = HKDF(algorithm=SHA256(), length=length, salt=None, info=_PACK_INFO + identity).derive(
        data_key
    )
    return PackKeys(AESGCM(okm[:DATA_KEY_BYTES]), AESGCM(okm[DATA_KEY_BYTES:]))


def body_nonce() -> bytes:
    """Make the nonce of one body; random, since a rewrite may be tried again after a crash."""
    return os.urandom(NONCE_BYTES)


def record_nonce(index: int) -> bytes:
    """Give the nonce of a record: its index in the pack, big-endian."""
    return index.to_bytes(NONCE_BYTES, "big")


def seal_record(keys: PackKeys, index: int, record: bytes, header: bytes) -> bytes:
    """Seal one record under the pack's record key and bind it to the header's bytes."""
    return keys.record.encrypt(record_nonce(index), record, header)


def open_record(
    keys: PackKeys, index: int, sealed: bytes | memoryview, header: bytes | memoryview
) -> bytes:
    """Open one record.

    Raises:
        Tampered: It was changed, or stands at another place than it was sealed for.
    """
    try:
        return keys.record.decrypt(record_nonce(index), sealed, header)
    except (InvalidTag, ValueError):
        message = f"record {index} of a pack does not open under its key"
        raise Tampered(message) from None


def seal_body(keys: PackKeys, nonce: bytes, compressed: bytes, header: bytes) -> bytes:
    """Seal a compressed body under the pack's body key and bind it to the header's bytes."""
    return keys.body.encrypt(nonce, compressed, header)


def open_body(
    keys: PackKeys, nonce: bytes, sealed: bytes | memoryview, header: bytes | memoryview
) -> bytes:
    """Open a body; what comes out is still compressed (`pack.decompress_body`).

    Raises:
        Tampered: Body or header were changed.
    """
    try:
        return keys.body.decrypt(nonce, sealed, header)
    except (InvalidTag, ValueError):
        message = f"a body of {len(sealed)} bytes does not open under its key"
        raise Tampered(message) from None
