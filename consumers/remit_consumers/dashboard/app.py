"""The application: which page answers which path, who may ask, and what every answer says."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from remit_consumers.access.sessions import Identity
from remit_consumers.dashboard.asked import Asked, asked
from remit_consumers.dashboard.doorkeeper import Doorkeeper
from remit_consumers.dashboard.figures import stamp
from remit_consumers.dashboard.gate import LOCAL, cookie_of, word_of
from remit_consumers.dashboard.pages import (
    collected,
    consent,
    live,
    policy,
    proof,
    recipients,
    requests,
    retention,
)
from remit_consumers.dashboard.paths import ASSETS, ENTRANCE, PAGES
from remit_consumers.dashboard.render import HEADERS, page
from remit_consumers.dashboard.site import Site
from remit_consumers.look import STATIC as LOOK
from remit_schemas.errors import RemitError

log = logging.getLogger("remit.dashboard")

STATIC: Final = Path(__file__).parent / "static"
WARMED: Final = ("collected", "retention", "policy")
FORM_BYTES_MAX: Final = 65_536

Show = Callable[[Asked], Mapping[str, object]]

Endpoint = Callable[[Request], Response]

Change = Callable[[Asked, Mapping[str, str]], str | Response]
"""What a form does; gives where to go on, or what is handed over."""

SHOWS: Final[Mapping[str, Show]] = {
    "collected": collected.show,
    "live": live.show,
    "policy": policy.show,
    "consent": consent.show,
    "retention": retention.show,
    "requests": requests.show,
    "recipients": recipients.show,
    "proof": proof.show,
}


def dashboard(site: Site) -> Starlette:
    """Make the application of a site."""
    routes: list[BaseRoute] = [Route("/", _answer(site, "collected"))]
    routes += [Route(f"/{name}", _answer(site, name)) for name in PAGES]
    routes += [
        Route("/policy/{clause}", _clause(site)),
        Route("/proof/check", _change(site, proof.check), methods=["POST"]),
        Route("/proof/evidence", _evidence(site)),
        Route("/requests/new", _change(site, requests.receive), methods=["POST"]),
        Route("/requests/{request}", _change(site, requests.work), methods=["POST"]),
        Route(ENTRANCE, _enter(site)),
        Route("/leave", _leave(site), methods=["POST"]),
    ]
    routes.append(Mount(f"{ASSETS}/look", StaticFiles(directory=LOOK)))
    routes.append(Mount(ASSETS, StaticFiles(directory=STATIC)))
    doorkeeper = Middleware(Doorkeeper, gate=site.gate, audit=site.audit, routes=routes)
    middleware = [Middleware(GZipMiddleware, minimum_size=1024), doorkeeper]
    return Starlette(routes=routes, middleware=middleware)


def warm(site: Site) -> None:
    """Make the pages once that read most, before somebody asks for them: what is read, compiled and counted is at hand then."""
    for name in WARMED:
        scope: Scope = {"type": "http", "method": "GET", "path": f"/{name}", "query_string": b""}
        scope["headers"] = []
        scope["state"] = {"identity": Identity(LOCAL, site.gate.role)}
        come = asked(site, Request(scope))
        _or_fault(come, partial(_shown, come, name))


def _answer(site: Site, name: str) -> Endpoint:
    """How a page is answered: in a thread of its own, because it reads files."""

    def answer(request: Request) -> Response:
        come = asked(site, request)
        return _or_fault(come, lambda: _shown(come, name))

    return answer


def _shown(come: Asked, name: str) -> Response:
    """A page; nothing at all to an open page that shows already what there is."""
    if come.wants_part and not _has_news(come, name):
        return Response(status_code=204, headers=HEADERS)
    return page(come, name, SHOWS[name](come))


def _has_news(come: Asked, name: str) -> bool:
    """Whether an open page that asks again would show anything else than it does."""
    query = come.request.query_params
    if "after" not in query:
        return True
    if name == "live":
        return live.has_news(come)
    return query["after"] != stamp(come.site.figures.now())


def _or_fault(come: Asked, answer: Callable[[], Response], status: int = 503) -> Response:
    """An answer, or on a page what remit says is wrong."""
    try:
        return answer()
    except RemitError as error:
        log.warning("a page was asked for: %s", error)
        return page(come, "fault", {"fault": str(error)}, status)


def _clause(site: Site) -> Endpoint:
    """How the page of one sentence is answered."""

    def shown(come: Asked) -> Response:
        found = policy.sentence(come, str(come.request.path_params["clause"]))
        if found is None:
            return page(come, "fault", {"fault": come.t("fault.no_sentence")}, 404)
        return page(come, "sentence", found)

    def answer(request: Request) -> Response:
        come = asked(site, request)
        return _or_fault(come, lambda: shown(come))

    return answer


def _change(site: Site, change: Change) -> Callable[[Request], Awaitable[Response]]:
    """How a form is answered: it changes something, and leads back to a page or hands something over."""

    async def answer(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse("A form is smaller.\n", 413, headers=HEADERS)
        return await run_in_threadpool(_changed, asked(site, request), change, body)

    return answer


async def _body(request: Request) -> bytes | None:
    """The body of a form; None where it is larger than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return None
    return body


def _changed(come: Asked, change: Change, body: bytes) -> Response:
    """Do what a form asks for."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))

    def done() -> Response:
        found = change(come, form)
        if isinstance(found, Response):
            return found
        return RedirectResponse(found, 303, headers=HEADERS)

    return _or_fault(come, done, 422)


def _evidence(site: Site) -> Endpoint:
    def answer(request: Request) -> Response:
        return proof.evidence(asked(site, request))

    return answer


def _enter(site: Site) -> Endpoint:
    """The door: a token opens it once, and a cookie keeps it open for that browser until the session ends."""

    def answer(request: Request) -> Response:
        session = site.gate.enter(request.query_params.get("token", ""))
        if session is None:
            site.gate.failed.count(request.client.host if request.client else "")
            site.gate.refused("no_token")
            words = "This address has been used, has ended, or is not the one that was printed. `remit access invite` makes another.\n"
            return PlainTextResponse(words, 403, headers=HEADERS)
        site.gate.sessions.end(word_of(request))
        entered = RedirectResponse("/", 303, headers=HEADERS)
        is_secure = request.url.scheme == "https"
        entered.set_cookie(
            cookie_of(request), session, httponly=True, samesite="strict", secure=is_secure
        )
        return entered

    return answer


def _leave(site: Site) -> Endpoint:
    """The way out: the session ends here and in the browser."""

    def answer(request: Request) -> Response:
        site.gate.sessions.end(word_of(request))
        is_secure = request.url.scheme == "https"
        left = PlainTextResponse("You have left.\n", headers=HEADERS)
        left.delete_cookie(cookie_of(request), httponly=True, samesite="strict", secure=is_secure)
        return left

    return answer
