"""Somebody who is told: a real HTTP server on this machine, with or without TLS, that answers notices as a test says."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as it came."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def notice(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = json.loads(self.body)["notice"]
        return said

    def check(self, verify_key: bytes) -> None:
        """Check it as docs/erasure.md tells a receiver to, without a line of remit's own; raises where it does not hold."""
        digest = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
        assert self.headers["content-digest"] == f"sha-256=:{digest}:"
        params = self.headers["signature-input"].removeprefix("remit=")
        assert params.startswith('("@method" "@target-uri" "content-type" "content-digest");')
        base = (
            f'"@method": POST\n"@target-uri": {self.url}\n'
            f'"content-type": {self.headers["content-type"]}\n'
            f'"content-digest": {self.headers["content-digest"]}\n"@signature-params": {params}'
        )
        signature = base64.b64decode(self.headers["signature"].removeprefix("remit=:")[:-1])
        Ed25519PublicKey.from_public_bytes(verify_key).verify(signature, base.encode())


def matched(key: bytes, notice: Mapping[str, Any], tenant: str, *ids: str) -> list[str]:
    """Which ids a notice is about, as docs/erasure.md tells a source to find out."""

    def name(subject: str) -> str:
        message = f"remit-notice-1\n{len(tenant.encode())}:{tenant}{subject}".encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()

    return [one for one in ids if name(one) in notice["subjects"]]


Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body; a status of 0 ends the connection without a word."""

TAKEN: Answer = (202, {}, b"")


@dataclass
class Listening:
    """A party.

    Attributes:
        certificate: File with key and certificate, for TLS; None: plain HTTP.
        told: Every request, in order.
        answer: Says how each is answered.
    """

    certificate: Path | None = None
    told: list[Told] = field(default_factory=list)
    answer: Callable[[Told], Answer] = lambda _: TAKEN
    hold: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Start."""
        self._server = _Server(self)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = "/notices") -> str:
        """Where it listens."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_port}{path}"

    def done(self, told: Told, **more: str) -> Answer:
        """The answer of who has done what it was told."""
        return 200, {}, json.dumps({"acknowledged": told.notice["notice"], **more}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, party: Listening) -> None:
        self.party = party
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a notice."""
        party = self.server.party
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = Told(party.url(self.path), headers, body)
        party.told.append(told)
        status, more, said = party.answer(told)
        if not status:
            self.close_connection = True
            return
        with suppress(OSError):
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""
