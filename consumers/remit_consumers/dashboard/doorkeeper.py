"""The doorkeeper: no page is asked before it is known who asks, and that their role may; what is refused is counted."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remit_consumers.access.roles import AUDITED, Act, act_of, may
from remit_consumers.access.sessions import Identity
from remit_consumers.dashboard.door import door
from remit_consumers.dashboard.forms import FIELD, read
from remit_consumers.dashboard.gate import Gate
from remit_consumers.dashboard.paths import ASSETS, DOORS, LOGIN, PERSON
from remit_consumers.dashboard.render import HEADERS
from remit_consumers.lake.queries import DONE, REFUSED
from remit_consumers.views.audit import Audit
from remit_schemas.errors import RemitError

log = logging.getLogger("remit.dashboard")

FOREIGN: Final = (
    "This form was not sent from a page of this dashboard, or that page is old: open it again.\n"
)

KEPT: Final = frozenset({200, 206, 304})
HSTS: Final[Mapping[str, str]] = {"Strict-Transport-Security": "max-age=31536000"}
"""Under TLS: a browser that came so comes so again (RFC 6797)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not answered.

    Attributes:
        reason: Of a closed list: `no_session`, `foreign_form`, `too_many`, `no_entry`, `role`, `not_understood`, `out_of_reach`.
        words: What the caller reads.
        status: Of the answer.
        headers: Beside those of every answer.
    """

    reason: str
    words: str = ""
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
        request = Request(scope, receive)
        telling = _closed(send, request)
        if _is_public(request.url.path):
            await self._app(scope, receive, telling)
            return
        refusal = await self._refusal(request)
        if refusal is None:
            await self._app(scope, receive, telling)
            return
        self._gate.refused(refusal.reason)
        await self._answer(request, refusal)(scope, receive, telling)

    def _answer(self, request: Request, refusal: Refusal) -> Response:
        if refusal.reason == "no_session":
            return door(request, refusal.reason, 403, has_login=self._gate.login is not None)
        headers = {**HEADERS, **(refusal.headers or {})}
        return PlainTextResponse(refusal.words, refusal.status, headers)

    async def _refusal(self, request: Request) -> Refusal | None:
        """Why a call is not answered; of a form, what it says is kept for who does it."""
        if request.url.path in DOORS:
            return self._too_many_at_the_door(request)
        refusal = await run_in_threadpool(self._told, self._by_identity, request)
        if refusal is None and request.method == "POST":
            form = await read(request)
            if form is None:
                return Refusal("not_understood", "A form is smaller.\n", 413)
            request.state.form = form
        return refusal or await run_in_threadpool(self._told, self._by_role, request)

    @staticmethod
    def _told(by: Callable[[Request], Refusal | None], request: Request) -> Refusal | None:
        """What a look at a call finds; where it cannot be said, nothing is answered."""
        try:
            return by(request)
        except RemitError as error:
            log.warning("a call was refused: %s", error)
            return Refusal("out_of_reach", "Who may look cannot be said now.\n", 503)

    def _by_identity(self, request: Request) -> Refusal | None:
        """Why nobody is asked further who asks so."""
        identity = self._gate.identity(request)
        if identity is None:
            return Refusal("no_session")
        request.state.identity = identity
        if wait := self._gate.calls.wait_s(identity.who):
            return _too_many(wait)
        self._gate.calls.count(identity.who)
        if request.method == "POST" and not self._gate.is_own(request):
            return Refusal("foreign_form", FOREIGN)
        return None

    def _by_role(self, request: Request) -> Refusal | None:
        """Why somebody may not; puts on record what is to be."""
        identity: Identity = request.state.identity
        if request.method == "POST" and not self._gate.is_of_session(
            request, identity, request.state.form.get(FIELD, "")
        ):
            return Refusal("foreign_form", FOREIGN)
        path = _route(self._routes, request)
        if path is None:
            return None  # there is no such page: 404 by itself
        act = act_of(request.method, path)
        if act is None:
            return Refusal("no_entry", "This is nobody's.\n")
        if not identity.may(act):
            is_tenants = may(identity.role, act)
            self._audit.note(identity, act, REFUSED, "tenant" if is_tenants else "role")
            return Refusal("role", f"A role that may {_said(act)} is needed: docs/access.md\n")
        if act in AUDITED:
            self._audit.note(identity, act, DONE)
        return None

    def _too_many_at_the_door(self, request: Request) -> Refusal | None:
        """Why somebody may not try to come in now: too many tokens that are none, or too many ways begun."""
        address = request.client.host if request.client else ""
        wait = self._gate.failed.wait_s(address)
        if not wait and request.url.path == LOGIN:
            wait = self._gate.logins.wait_s(address)
            self._gate.logins.count(address)
        return _too_many(wait) if wait else None


def _is_public(path: str) -> bool:
    """Whether a path is not this door's: /my has one of its own; what pages are made of anybody may see."""
    return path.startswith((f"{PERSON}/", f"{ASSETS}/")) or path == PERSON


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


def _closed(send: Send, request: Request) -> Send:
    """Have every answer say what every answer says, whoever makes it; what pages are made of may be kept."""
    is_asset = request.url.path.startswith(f"{ASSETS}/")
    told = {**HEADERS, **(HSTS if request.url.scheme == "https" else {})}

    async def closed(message: Message) -> None:
        if message["type"] == "http.response.start":
            may_be_kept = is_asset and message["status"] in KEPT
            headers = MutableHeaders(scope=message)
            for name, value in told.items():
                if not (may_be_kept and name == "Cache-Control"):
                    headers.setdefault(name, value)
        await send(message)

    return closed
