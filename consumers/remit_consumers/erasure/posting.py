"""Posting: notices go to a party's address over HTTP, one connection for all that is due to it.

No redirect is followed: where a notice goes is said by the policy and the register of sources, and by nobody else. A
server proves who it is (TLS, the system's authorities; `SSL_CERT_FILE` names others).
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from remit_consumers.erasure.notice import EXCEPTIONS
from remit_consumers.erasure.signing import Signer
from remit_schemas.read_json import read_json

TIMEOUT_S: Final = 10.0
"""How long a party may be silent before it is tried another time."""

WHOLE_S: Final = 30.0
"""How long one notice may take altogether: a party that drips its answer holds nobody up."""

ANSWER_BYTES_MAX: Final = 4_096
"""An answer is a few words."""


class Outcome(StrEnum):
    """What became of a notice that was sent."""

    TAKEN = "taken"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a party said.

    Attributes:
        outcome: Whether it has it, has done it, answered otherwise, or did not answer.
        exception: Why it keeps what it has, where it says so.
    """

    outcome: Outcome
    exception: str | None = None


UNREACHED: Final = Sent(Outcome.UNREACHED)


class Post:
    """A connection to one address."""

    def __init__(
        self, url: str, signer: Signer, timeout_s: float = TIMEOUT_S, whole_s: float = WHOLE_S
    ) -> None:
        """Make it; nothing is connected before something is sent.

        Args:
            url: Of `https`, or of `http` on this machine.
            signer: Signs what is sent.
            timeout_s: How long the party may be silent.
            whole_s: How long it may take altogether.
        """
        parts = urlsplit(url)
        self._url, self._signer = url, signer
        self._target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        self._whole_s = whole_s
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            trusted = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                parts.netloc, timeout=timeout_s, context=trusted
            )
        else:
            self._connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_s)

    def send(self, notice: str, body: bytes) -> Sent:
        """POST a notice; what does not come through is tried another time, and nothing of it is told but that."""
        headers = dict(self._signer.headers(self._url, body))
        try:
            with self._bounded():
                self._connection.request("POST", self._target, body, headers)
                answer = self._connection.getresponse()
                said = answer.read(ANSWER_BYTES_MAX)
                if not answer.isclosed():  # there is more, and nobody reads it
                    self._connection.close()
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            return UNREACHED
        if not http.client.OK <= answer.status < http.client.MULTIPLE_CHOICES:
            return Sent(Outcome.REFUSED)
        return _understood(notice, said)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Cut the connection after a while, however slowly something still comes."""
        timer = threading.Timer(self._whole_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        """Cut the connection from another thread."""
        found: socket.socket | None = self._connection.sock
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)


def _understood(notice: str, said: bytes) -> Sent:
    """What an answer means: that it was taken, unless it says of this very notice that it is done."""
    try:
        answer = read_json(said)
    except ValueError:
        return Sent(Outcome.TAKEN)
    if not isinstance(answer, dict) or answer.get("acknowledged") != notice:
        return Sent(Outcome.TAKEN)
    exception = answer.get("exception")
    if exception is None:
        return Sent(Outcome.ACKNOWLEDGED)
    known = exception if exception in EXCEPTIONS else None
    return Sent(Outcome.ACKNOWLEDGED, known) if known else Sent(Outcome.TAKEN)
