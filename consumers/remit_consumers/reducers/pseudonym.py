"""Pseudonyms: what ties the rows of a subject together without naming the subject.

Keyed, so no reducer of a field: the column of subjects goes through it once, and its type keeps it from going twice.
"""

from collections.abc import Sequence
from hmac import digest

PSEUDONYM_BYTES = 16
"""Bytes kept of the HMAC: 128 bits, so that a billion subjects collide with a chance below 1e-20."""


def pseudonyms(secrets: Sequence[bytes], domain: str, epoch: str = "") -> list[str]:
    """Make the pseudonym of each subject from its secret.

    Args:
        secrets: The vault's secret of each distinct subject.
        domain: What the pseudonym is for (storage, a purpose, a recipient): one is never tied to another's.
        epoch: The period after which pseudonyms change; empty where they do not.

    Returns:
        32 hexadecimal digits each: HMAC-SHA256(secret, domain | epoch), cut to 16 bytes.

    Source: DESIGN.md, D8; RFC 2104, section 5 (truncation).
    """
    message = f"{domain}\x1f{epoch}".encode()
    return [digest(secret, message, "sha256")[:PSEUDONYM_BYTES].hex() for secret in secrets]
