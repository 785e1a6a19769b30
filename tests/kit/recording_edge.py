"""A stand-in for the outside of the tracker: an edge that writes down every request and answers as it is told.

It serves the pages of a site, too, from another port: two origins, as in life.
"""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from kit.tree import ROOT
from kit.watching import until

TRACKER = ROOT / "producers" / "remit" / "edge" / "static" / "remit.js"
ANALYTICS, IMPROVE = "analytics.reporting", "functional.service.improve"
SUMMARY: Mapping[str, object] = {
    "policy_version": "2021-11-01",
    "optional_purposes": [
        {"key": ANALYTICS, "meaning": "reports", "clause": "S066a"},
        {"key": IMPROVE, "meaning": "better", "clause": "S047a"},
    ],
    "optional_fields": {
        "referrer": [ANALYTICS],
        "utc_offset": [ANALYTICS],
        "viewport": [ANALYTICS, IMPROVE],
        "hardware": [IMPROVE],
    },
    "stopped": [],
}
PAGE = """<!doctype html><html lang="en"><title>PATH</title><p>PATH</p>
<a href="/other">other</a>
<script src="https://edge.shop.example/remit.js" data-key="KEY" defer></script>"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


Answer = tuple[int, Mapping[str, str]]
"""Status and headers; a status of 0 takes the request and never answers: the connection ends."""


@dataclass
class RecordingEdge:
    """Edge and site.

    Attributes:
        seen: Every request to the edge, in order.
        summary: What is said of the policy.
        hold: Whether the pages ask for HOLD.
        page: What every page of the site is.
        answer: Says how a POST is answered.
        body: What an answer holds.
    """

    seen: list[Seen] = field(default_factory=list)
    summary: Mapping[str, object] = field(default_factory=lambda: dict(SUMMARY))
    hold: bool = False
    page: str = PAGE
    answer: Callable[[Seen], Answer] = lambda _: (202, {})
    body: bytes = b'{"accepted": 1, "refused": []}'

    def __enter__(self) -> Self:
        """Start both."""
        self._servers = [_Server(self, _Edge), _Server(self, _Site)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def edge(self) -> str:
        """Where the edge is."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def site(self) -> str:
        """Where the site is: another origin."""
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    @property
    def posts(self) -> list[Seen]:
        """Everything that was sent."""
        return [one for one in self.seen if one.method == "POST"]

    @property
    def events(self) -> list[Mapping[str, Any]]:
        """Every event that was sent, resends included."""
        return [event for one in self.posts for event in one.body.get("events", [])]

    @property
    def pages(self) -> list[str]:
        """Their pages."""
        return [event["page"] for event in self.events]

    @property
    def said(self) -> list[Mapping[str, Any]]:
        """What was sent of consent."""
        return [one.body for one in self.posts if one.path == "/v1/consent"]

    def wait_for(self, holds: Callable[[Self], object], what: str) -> None:
        """Wait until the record shows something."""
        until(lambda: bool(holds(self)), what, 20)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, record: RecordingEdge, handler: type[BaseHTTPRequestHandler]) -> None:
        self.record = record
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing: browsers leave when they like."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(
        self, status: int, kind: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
        }
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Site(_Handler):
    def do_GET(self) -> None:
        record = self.server.record
        path = urlsplit(self.path).path
        page = record.page.replace("PATH", path).replace("https://edge.shop.example", record.edge)
        if record.hold:
            page = page.replace(" defer", " data-hold defer")
        self._send(200, "text/html", page.encode(), {"Set-Cookie": "shop=basket; Path=/"})


class _Edge(_Handler):
    def _note(self) -> Seen:
        length = int(self.headers.get("Content-Length") or 0)
        url = urlsplit(self.path)
        body = json.loads(self.rfile.read(length)) if length else {}
        seen = Seen(self.command, url.path, url.query, dict(self.headers.items()), body)
        self.server.record.seen.append(seen)
        return seen

    def do_GET(self) -> None:
        seen = self._note()
        if seen.path == "/remit.js":
            self._send(200, "text/javascript", Path(TRACKER).read_bytes())
        else:
            summary = json.dumps(self.server.record.summary).encode()
            self._send(200, "application/json", summary, CORS)

    def do_POST(self) -> None:
        status, headers = self.server.record.answer(self._note())
        if status:
            body = self.server.record.body
            self._send(status, "application/json", body, {**CORS, **headers})
            return
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)


CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
