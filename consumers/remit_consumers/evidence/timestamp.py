"""Time-stamps: somebody else says that a hash was there at a time, so that nobody can make it up later.

Source: RFC 3161.
"""

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from remit_schemas.errors import EvidenceError

TIMEOUT_S: Final = 10.0
"""How long an authority may take: it is asked once a day, by a thread that nothing waits for."""

ANSWER_BYTES_MAX: Final = 1 << 16
"""A token with its certificates takes 2 to 8 KiB."""

APART_MAX: Final = timedelta(hours=1)
"""How far an authority's clock and ours may be apart: enough for clocks that are wrong, too little for a made-up day."""


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of time-stamps (TSA).

    Attributes:
        url: Where it answers (RFC 3161, section 3.4), http or https.
    """

    url: str

    def stamp(self, message: bytes) -> bytes:
        """Have some bytes stamped; gives its answer in DER, token and certificates in it.

        Raises:
            EvidenceError: It cannot be reached, or gives no time-stamp of these bytes.
        """
        request = TimestampRequestBuilder(data=message, hash_algorithm=HashAlgorithm.SHA256).build()
        answer = self._asked(request.as_bytes())
        if stamped_at(answer, message) is None:
            raise EvidenceError("the authority of time-stamps gave none of what it was asked for")
        return answer

    def _asked(self, body: bytes) -> bytes:
        if not self.url.startswith(("http://", "https://")):
            raise EvidenceError("REMIT_TSA is no address that begins with http:// or https://")
        headers = {"Content-Type": "application/timestamp-query"}
        call = urllib.request.Request(self.url, body, headers)  # noqa: S310 - looked at above
        try:
            with urllib.request.urlopen(call, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
                found: bytes = answer.read(ANSWER_BYTES_MAX)
        except (urllib.error.URLError, OSError, ValueError) as error:
            message = f"the authority of time-stamps cannot be reached ({type(error).__name__})"
            raise EvidenceError(message) from None
        return found


def stamped_at(answer: bytes, message: bytes) -> datetime | None:
    """When an answer says that these bytes were there; None where it speaks of others or cannot be read.

    Who signed it is not looked at: `is_trusted` does.
    """
    read = _read(answer)
    if read is None:
        return None
    try:
        said = read.tst_info
        imprint, at = bytes(said.message_imprint.message), said.gen_time.astimezone(UTC)
    except (ValueError, OverflowError):  # granted, and no stamp in it
        return None
    return at if imprint == hashlib.sha256(message).digest() else None


def is_trusted(answer: bytes, message: bytes, roots: Path) -> bool:
    """Whether an answer is signed by an authority that a root certificate vouches for.

    Args:
        answer: As `Authority.stamp` gave it.
        message: What was stamped.
        roots: A file of certificates in PEM.

    Raises:
        EvidenceError: The file cannot be read, or holds no certificate.
    """
    read = _read(answer)
    builder = VerifierBuilder()
    for root in _certificates(roots):
        builder = builder.add_root_certificate(root)
    if read is None:
        return False
    try:
        return builder.build().verify_message(read, message)
    except (VerificationError, ValueError):
        return False


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        raise EvidenceError(f"{file} holds no certificates in PEM that can be read") from None


def _read(answer: bytes) -> TimeStampResponse | None:
    """An answer that grants a time-stamp."""
    try:
        read = decode_timestamp_response(answer)
    except ValueError:
        return None
    return read if read.status == PKIStatus.GRANTED else None
