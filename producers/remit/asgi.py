"""Page views of an ASGI app: `app.add_middleware(RemitMiddleware, client=client)`.

Pure ASGI: nothing is buffered, and a background task starts when the answer is out, as without it.

Source: ASGI 3.0, "HTTP & WebSocket ASGI Message Format".
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from remit.client import Client
from remit.collect import Answer, Request
from remit.proxies import Proxies
from remit.template import template
from remit.visit import Naming, Visit, Visits, proxies_of, status_of

Scope = Any
Message = Any
Receive = Any
Send = Any
"""What ASGI hands around: Starlette and Litestar each have their own types of it, that do not fit one another."""

App = Callable[[Scope, Receive, Send], Awaitable[None]]

_BODIES: Final = ("http.response.body", "http.response.pathsend")
"""Messages with a body, or with the file that the server sends as one (ASGI extension "Path Send")."""

_INCLUDED: Final = ("fastapi", "effective_route_context")
"""Where FastAPI (0.119 on) leaves the whole path of a route whose router was included under a prefix."""


class RemitMiddleware:
    """Emits one page view for each answered HTTP request; WebSockets and lifespan pass as they are."""

    def __init__(  # noqa: PLR0913  # the public surface, by name: how frameworks hand options on
        self,
        app: App,
        client: Client,
        *,
        proxies: Proxies | str | None = None,
        skip: Sequence[str] = (),
        subject: Naming | None = None,
        tenant: Naming | None = None,
    ) -> None:
        """Stand before an app.

        Args:
            app: The app.
            client: Takes the page views.
            proxies: Whose `Forwarded` or `X-Forwarded-For` is believed; None reads REMIT_PROXIES.
            skip: Paths that are not counted, such as ``/healthz``; ``/static/`` stands for all below it.
            subject: Names whom a request is about, from its scope, once it is answered.
            tenant: Names whose customer that is, likewise.

        Raises:
            SettingsError: `proxies` is no rule.
        """
        self._app = app
        self._visits = Visits(client, proxies_of(proxies, os.environ), tuple(skip), subject, tenant)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or self._visits.leaves_out(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        visit = _Visit(self._visits, scope, send)
        try:
            await self._app(scope, receive, visit.send)
        except BaseException as error:
            visit.end(status_of(error))
            raise
        visit.end(None)  # where the app has not ended its answer, nobody waits for it any more


class _Visit(Visit):
    __slots__ = ("_path", "_send", "_status")

    def __init__(self, visits: Visits, scope: Scope, send: Send) -> None:
        super().__init__(visits, scope)
        self._send = send
        self._path: str = scope["path"]  # now: Litestar changes it for what it mounts
        self._status: int | None = None

    async def send(self, message: Message) -> None:
        """Hand a message of the app on to the server; the visit ends with the last one."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
        await self._send(message)
        if kind in _BODIES and not message.get("more_body", False):
            self.end(None)

    def _read(self, status: int | None, duration_ms: int) -> tuple[Request, Answer]:
        scope = self._context
        peer = scope.get("client")
        request = Request.of_headers(peer[0] if peer else None, scope["headers"])
        page = _page(scope, self._path)
        return request, Answer(scope["method"], page, self._status or status, duration_ms)


def _page(scope: Scope, path: str) -> str:
    """Give the route of a request, and its path where the framework knows none."""
    route = scope.get("route")
    if route is None:
        found = (
            scope.get("path_template") or None
        )  # Litestar; empty: it mounts what has routes of its own
    elif hasattr(route, "routes"):
        found = None  # a mount, below which nothing was found
    else:
        found = _whole_path(scope, route)
    named = template(found) if isinstance(found, str) else None
    return path if named is None else f"{scope.get('root_path', '')}{named}"


def _whole_path(scope: Scope, route: object) -> object:
    """Give the path of a route with the prefixes that its routers were included under."""
    fastapi = scope.get(_INCLUDED[0])
    context = fastapi.get(_INCLUDED[1]) if isinstance(fastapi, dict) else None
    if context is not None and getattr(context, "original_route", None) is route:
        whole: object = getattr(context, "path_format", None)
        if whole is not None:
            return whole
    return getattr(route, "path", None)
