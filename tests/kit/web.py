"""Requests to apps without a server, message by message, as a server would hand them on."""

import asyncio
import io
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

from kit.spooled import Home
from remit.client import Client

Headers = Iterable[tuple[str, str | bytes]]
Message = MutableMapping[str, Any]

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PEER = ("203.0.113.7", 4711)


def make_scope(path: str = "/", *, headers: Headers = (), **changed: object) -> dict[str, Any]:
    """The scope of a request; valid by default."""
    lines = [(b"host", b"shop.example"), (b"user-agent", AGENT.encode())]
    lines += [
        (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in headers
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": lines,
        "client": PEER,
        "server": ("127.0.0.1", 80),
    }
    return {**scope, **changed}


def asked(app: Any, scope: dict[str, Any]) -> list[Message]:  # noqa: ANN401  # whatever a framework calls an app
    """Ask an ASGI app; give the messages of its answer."""
    sent: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()  # the client stays, and says no more
        return waiting.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def make_environ(path: str = "/", *, headers: Headers = (), **changed: object) -> dict[str, Any]:
    """The environment of a WSGI request; valid by default."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": PEER[0],
        "HTTP_HOST": "shop.example",
        "HTTP_USER_AGENT": AGENT,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = text
    return {**environ, **changed}


def answered(app: Any, environ: dict[str, Any]) -> tuple[str, bytes]:  # noqa: ANN401  # as above
    """Ask a WSGI app as a server does; give status and body."""
    status: list[str] = []

    def start_response(line: str, *_: object) -> None:
        status.append(line)

    body = app(environ, start_response)
    try:
        whole = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    return status[-1], whole


def emitted(home: Home, client: Client) -> list[dict[str, Any]]:
    """Close a client and give what it has sealed: the values of each event that are not null, and its subject."""
    assert client.close(10)
    return [
        {"subject": event.subject, "tenant": pack.header.tenant}
        | {name: value for name, value in event.values.items() if value is not None}
        for pack in home.packs()
        for event in pack.events
    ]
