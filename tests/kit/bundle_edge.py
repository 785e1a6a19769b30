"""An edge that serves a bundle and nothing else, over real HTTP; a test says what it answers."""

import hashlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self


class BundleEdge:
    """Serves bytes at ``/v1/policy``, with an ETag.

    Attributes:
        bundle: What is served.
        status: What is answered where it is not 200.
        asked: Statuses that were answered so far.
        waiting: Requests that are not answered yet.
        pause: Held closed, requests wait for it.
    """

    def __init__(self, bundle: bytes, certificate: Path | None = None) -> None:
        """Prepare.

        Args:
            bundle: What is served.
            certificate: Of 127.0.0.1, with its key in the same file: then it speaks TLS.
        """
        self.bundle = bundle
        self._certificate = certificate
        self.status = 200
        self.location = ""
        self.asked: list[int] = []
        self.waiting = 0
        self.pause = threading.Event()
        self.pause.set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where the bundle is."""
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://127.0.0.1:{self._port}/v1/policy"

    def __enter__(self) -> Self:
        """Be up, on a free port or on the one of before."""
        edge = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                edge.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Be down."""
        self.pause.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.waiting += 1
        self.pause.wait()
        self.waiting -= 1
        etag = f'"{hashlib.sha256(self.bundle).hexdigest()[:16]}"'
        is_known = request.headers.get("If-None-Match") == etag
        status = 304 if is_known and self.status == 200 else self.status
        self.asked.append(status)
        request.send_response(status)
        request.send_header("ETag", etag)
        if self.location:
            request.send_header("Location", self.location)
        body = self.bundle if status == 200 else b""
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
