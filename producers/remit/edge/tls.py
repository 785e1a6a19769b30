"""TLS at a port of remit: certificate and key from two files, taken anew when they change, while connections go on.

Source: RFC 9325, 3.1.1 (TLS 1.2 at least); RFC 6797 (HSTS).
"""

import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509

from remit_schemas.errors import SettingsError

log = logging.getLogger("remit.tls")

CERTIFICATE: Final = "REMIT_TLS_CERTIFICATE"
KEY: Final = "REMIT_TLS_KEY"
"""The settings: PEM files, as every authority's client writes them."""

LOOK_S: Final = 1.0
"""So often the files are looked at, when somebody connects: two `stat`, beside a handshake of a millisecond."""

HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
"""A browser that came by TLS comes so for a year; `includeSubDomains` would be said of hosts that are not ours."""

App = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificate and key lie.

    Attributes:
        certificate: PEM: the server's own first, then those that lead to its authority.
        key: PEM, without a password: its file is its owner's alone.
    """

    certificate: Path
    key: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings; None where neither is set.

        Raises:
            SettingsError: One is set and the other is not: nothing goes on in plaintext.
        """
        certificate, key = environ.get(CERTIFICATE), environ.get(KEY)
        if certificate and key:
            return cls(Path(certificate), Path(key))
        if certificate or key:
            raise SettingsError(f"{CERTIFICATE} and {KEY} are set together, or neither is")
        return None

    def ends_at(self) -> datetime:
        """Give when the certificate ends, as aware UTC datetime.

        Raises:
            SettingsError: It cannot be read.
        """
        try:
            chain = x509.load_pem_x509_certificates(self.certificate.read_bytes())
        except (OSError, ValueError):
            raise SettingsError(f"{CERTIFICATE} names no file with a certificate (PEM)") from None
        return chain[0].not_valid_after_utc

    def context(self) -> ssl.SSLContext:
        """Make what a server speaks TLS with.

        Raises:
            SettingsError: Certificate or key cannot be used.
        """
        self.ends_at()
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.key.read_bytes()
            made.load_cert_chain(self.certificate, self.key, password=_no_password)
        except OSError as error:  # an SSLError is one, too
            if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
                raise SettingsError(f"{KEY} is not the key of {CERTIFICATE}") from None
            message = f"{KEY} names no file with a private key without a password (PEM)"
            raise SettingsError(message) from None
        return made

    def seen(self) -> tuple[tuple[int, int], ...]:
        """Give what changes when a file does: also where a secret store swaps a link.

        Raises:
            OSError: A file is not there.
        """
        found = (path.stat() for path in (self.certificate, self.key))
        return tuple((status.st_mtime_ns, status.st_ino) for status in found)


class Tls:
    """TLS of a running server; one that connects after the files changed gets the new certificate.

    What cannot be used is not taken up: the old certificate goes on, and a line says so once.

    Attributes:
        context: What the server listens with.
    """

    def __init__(self, files: TlsFiles) -> None:
        """Read the files.

        Raises:
            SettingsError: Certificate or key cannot be used.
        """
        self._files = files
        self._seen = _seen(files)
        self._warned: object = None
        self._look_at = time.monotonic() + LOOK_S
        self.context = self._current = files.context()
        # each handshake asks here, whether or not the client names a host
        self.context.sni_callback = self._choose
        if files.ends_at() < datetime.now(UTC):
            log.warning("the certificate that %s names is over: clients refuse it", CERTIFICATE)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings and the files they name; None where none is set.

        Raises:
            SettingsError: Settings, certificate or key cannot be used.
        """
        files = TlsFiles.from_env(environ)
        return None if files is None else cls(files)

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._look()
        connection.context = self._current

    def _look(self) -> None:
        seen = _seen(self._files)
        if seen == self._seen:
            return
        try:
            self._current = self._files.context()
        except SettingsError as error:  # perhaps only one of the two is written yet: look again
            if self._warned != seen:
                log.warning("the certificate in use stays: %s", error)
            self._warned = seen
            return
        self._seen = seen
        log.info("a new certificate is in use, until %s", f"{self._files.ends_at():%Y-%m-%d}")


def scheme(tls: object) -> str:
    """Give how addresses of a server begin, by whether it has TLS."""
    return "http" if tls is None else "https"


def told_to_stay(app: App) -> App:
    """Have every answer of an application say that there is TLS, once."""

    async def told(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's own types are these
        async def add(message: Any) -> None:  # noqa: ANN401  # as above
            if message["type"] == "http.response.start":
                others = [pair for pair in message.get("headers", ()) if pair[0] != HSTS[0]]
                message["headers"] = [*others, HSTS]
            await send(message)

        await app(scope, receive, add)

    return told


def _seen(files: TlsFiles) -> object:
    try:
        return files.seen()
    except OSError:
        return None


def _no_password() -> str:
    """Answer OpenSSL, which would ask at the terminal for the password of a key that has one."""
    return ""
