"""The doorkeeper: no page is asked before it is known who asks, and that their role may; what is refused is counted."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remit_consumers.access.roles import AUDITED, Act, act_of, may
from remit_consumers.access.sessions import Identity
from remit_consumers.dashboard.audit import Audit
from remit_consumers.dashboard.gate import Gate
from remit_consumers.dashboard.paths import ASSETS, ENTRANCE, PERSON
from remit_consumers.dashboard.render import HEADERS
from remit_consumers.lake.queries import DONE, REFUSED
from remit_schemas.errors import RemitError

log = logging.getLogger("remit.dashboard")

HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
"""Under TLS: a browser that came so comes so again (RFC 6797)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not answered.

    Attributes:
        reason: Of a closed list: `no_session`, `foreign_form`, `too_many`, `no_entry`, `role`, `out_of_reach`.
        words: What the caller reads.
        status: Of the answer.
        headers: Beside those of every answer.
    """

    reason: str
    words: str
    status: int = 403
    headers: Mapping[str, str] | None = None


class Doorkeeper:
    """Lets nobody do what their role may not, and nothing be changed from a page of somebody else."""

    def __init__(self, app: ASGIApp, gate: Gate, audit: Audit, routes: Sequence[BaseRoute]) -> None:
        """Stand before an application.

        Args:
            app: What is guarded.
            gate: Knows who asks.
            audit: Puts on record what is done and refused.
            routes: Of the application.
        """
        self._app, self._gate, self._audit, self._routes = app, gate, audit, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)  # the dashboard has no such route
            return
        request = Request(scope)
        telling = _under_tls(send) if request.url.scheme == "https" else send
        refusal = await run_in_threadpool(self._refusal, request)
        if refusal is None:
            await self._app(scope, receive, telling)
            return
        self._gate.refused(refusal.reason)
        headers = {**HEADERS, **(refusal.headers or {})}
        await PlainTextResponse(refusal.words, refusal.status, headers)(scope, receive, telling)

    def _refusal(self, request: Request) -> Refusal | None:
        path = request.url.path
        if path.startswith((f"{PERSON}/", f"{ASSETS}/")) or path == PERSON:
            return None  # /my has a door of its own; what pages are made of is public
        if path == ENTRANCE:
            return self._too_many_failed(request)
        try:
            return self._refused(request)
        except RemitError as error:
            log.warning("a call was refused: %s", error)
            return Refusal("out_of_reach", "Who may look cannot be said now.\n", 503)

    def _refused(self, request: Request) -> Refusal | None:
        """Why a call inside is not answered; puts on record what is to be."""
        identity = self._gate.identity(request)
        if identity is None:
            words = "This dashboard opens with the address that `remit dashboard` printed.\n"
            return Refusal("no_session", words)
        request.state.identity = identity
        if wait := self._gate.calls.wait_s(identity.who):
            return _too_many(wait)
        self._gate.calls.count(identity.who)
        if request.method == "POST" and not self._gate.is_own(request):
            return Refusal(
                "foreign_form", "This form was not sent from a page of this dashboard.\n"
            )
        return self._by_role(request, identity)

    def _by_role(self, request: Request, identity: Identity) -> Refusal | None:
        path = _route(self._routes, request)
        if path is None:
            return None  # there is no such page: 404 by itself
        act = act_of(request.method, path)
        if act is None:
            return Refusal("no_entry", "This is nobody's.\n")
        if not may(identity.role, act):
            self._audit.note(identity, act, REFUSED)
            return Refusal("role", f"A role that may {_said(act)} is needed: docs/access.md\n")
        if act in AUDITED:
            self._audit.note(identity, act, DONE)
        return None

    def _too_many_failed(self, request: Request) -> Refusal | None:
        wait = self._gate.failed.wait_s(request.client.host if request.client else "")
        return _too_many(wait) if wait else None


def _route(routes: Sequence[BaseRoute], request: Request) -> str | None:
    """The path of the route that answers, with its parameters in braces; None where none does."""
    for route in routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is Match.FULL:
            return route.path
    return None


def _too_many(wait_s: int) -> Refusal:
    return Refusal("too_many", "Too many calls; later.\n", 429, {"Retry-After": str(wait_s)})


def _said(act: Act) -> str:
    return act.value.replace("_", " ")


def _under_tls(send: Send) -> Send:
    """Have every answer say that there is TLS."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), HSTS]
        await send(message)

    return told
