"""The application: which page answers which path, who may ask, and what every answer says."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from remit_consumers.access.sessions import LOCAL, Identity
from remit_consumers.dashboard.asked import Asked, asked
from remit_consumers.dashboard.doorkeeper import Doorkeeper
from remit_consumers.dashboard.entrance import entrances
from remit_consumers.dashboard.figures import stamp
from remit_consumers.dashboard.forms import Form
from remit_consumers.dashboard.pages import (
    audit,
    collected,
    consent,
    live,
    policy,
    proof,
    recipients,
    requests,
    retention,
)
from remit_consumers.dashboard.paths import ASSETS, PAGES
from remit_consumers.dashboard.render import HEADERS, page
from remit_consumers.dashboard.site import Site
from remit_consumers.look import STATIC as LOOK
from remit_schemas.errors import RemitError

log = logging.getLogger("remit.dashboard")

STATIC: Final = Path(__file__).parent / "static"
FIRST: Final = "collected"
WARMED: Final = ("collected", "retention", "policy")

Show = Callable[[Asked], Mapping[str, object]]

Endpoint = Callable[[Request], Response]

Change = Callable[[Asked, Form], str | Response]
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
    "audit": audit.show,
}


def dashboard(site: Site) -> Starlette:
    """Make the application of a site."""
    routes: list[BaseRoute] = [Route("/", _start(site))]
    routes += [Route(f"/{name}", _answer(site, name)) for name in PAGES]
    routes += [
        Route("/policy/{clause}", _clause(site)),
        Route("/proof/check", _change(site, proof.check), methods=["POST"]),
        Route("/proof/evidence", _evidence(site)),
        Route("/requests/new", _change(site, requests.receive), methods=["POST"]),
        Route("/requests/{request}", _change(site, requests.work), methods=["POST"]),
        *entrances(site.gate),
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


def _start(site: Site) -> Endpoint:
    """How the first page is answered: by what was collected, or where that is not theirs, by the first that is."""
    collected_ = _answer(site, FIRST)

    def answer(request: Request) -> Response:
        pages = asked(site, request).pages()
        if FIRST in pages:
            return collected_(request)
        # a look at rows goes on record, so nobody is led there who did not ask for it
        first = next(name for name in pages if name != "live")
        return RedirectResponse(f"/{first}", 303, headers=HEADERS)

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


def _change(site: Site, change: Change) -> Endpoint:
    """How a form is answered: it changes something, and leads back to a page or hands something over."""

    def answer(request: Request) -> Response:
        come = asked(site, request)
        form: Form = (
            request.state.form
        )  # of the doorkeeper, who read it; a call that passed none fails

        def done() -> Response:
            found = change(come, form)
            if isinstance(found, Response):
                return found
            return RedirectResponse(found, 303, headers=HEADERS)

        return _or_fault(come, done, 422)

    return answer


def _evidence(site: Site) -> Endpoint:
    def answer(request: Request) -> Response:
        return proof.evidence(asked(site, request))

    return answer
