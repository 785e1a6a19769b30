"""A real edge: a process of its own that listens on a port, and what a browser or a server says to it."""

import http.client
import json
import os
import re
import secrets
import signal
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.warm import warm
from kit.watching import until
from remit.edge import sources

ORIGIN = "https://shop.example"
SAYS_PORT = re.compile(r"https?://[^/:]+:(\d+)/")
TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: status, headers by lower-case name, JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, object]:
        """The JSON object."""
        found: dict[str, object] = json.loads(self.body)
        return found


class EdgeProcess:
    """`remit edge` on the data folder of a home, as a process.

    Attributes:
        data: The data folder.
        output: Where everything goes that it says.
        port: Where it listens.
        tls: What it is asked with by TLS; None asks by plain HTTP.
    """

    def __init__(self, data: Path, output: Path, **settings: str) -> None:
        self.data = data
        self.output = output
        self.tls: ssl.SSLContext | None = None
        plain = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
        self._env = plain | {"REMIT_DATA": str(data), **settings}
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        begin = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("a") as out:
            self.process = warm().start(["edge", "--port", "0"], self._env, out)

        def listens() -> bool:
            assert self.process.poll() is None, self.output.read_text()[-3000:]
            return SAYS_PORT.search(self.output.read_text()[begin:]) is not None

        until(listens, "the edge does not listen")
        found = SAYS_PORT.search(self.output.read_text()[begin:])
        assert found is not None
        self.port = int(found[1])

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(TIMEOUT_S)

    def connection(self) -> http.client.HTTPConnection:
        """Make a connection to it, which opens with the first request."""
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=TIMEOUT_S, context=self.tls
        )

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Ask it something, over a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, named, response.read())
        finally:
            connection.close()

    def key(self, name: str = "shop", *, is_browser: bool = True, rate: float = 1e6) -> str:
        """Make a write key."""
        kind = sources.Kind.BROWSER if is_browser else sources.Kind.SERVER
        origins = [ORIGIN] if is_browser else []
        key = sources.add(self.data, name, kind=kind, origins=origins, rate=rate)
        path = f"/v1/events?key={key}"
        until(lambda: self.ask("POST", path).status not in {401, 429}, "the key is unknown")
        return key

    def send(
        self, key: str, body: object, *, path: str = "/v1/events", **headers: str | None
    ) -> Answered:
        """Send a body, as JSON unless it is bytes; headers by name with underscores, None leaves one out."""
        said = {"Origin": ORIGIN, "Content-Type": "text/plain", "User-Agent": "a browser"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        chosen = {n: v for n, v in {**said, **named}.items() if v is not None}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", f"{path}?key={key}", data, chosen)


StartEdge = Callable[..., EdgeProcess]
"""Starts an edge on the home of a test; settings by name."""


def session() -> str:
    """A session's random name."""
    return secrets.token_urlsafe(16)


def now_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def view(page: str = "/", **values: object) -> dict[str, object]:
    """A page view as a tracker writes it."""
    return {"contract": "page_view", "occurred_at": now_ms(), "page": page, **values}


def batch(events: Sequence[object], **changes: object) -> dict[str, object]:
    """A batch of a new session, as a tracker writes it; changes by name, None leaves one out."""
    plain = {"session": session(), "batch": 1, "sent_at": now_ms(), "events": events}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}
