"""What the edge serves beside batches: the policy, the tracker, health and metrics. Anybody may read it, from any page."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.edge.described import PATH, described
from remit.edge.published import Page, Published

TRACKER: Final = Path(__file__).parent / "static" / "remit.js"
"""Built from `producers/remit-browser`."""

OPEN: Final = {
    "access-control-allow-origin": "*",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
}


def rest_of(
    registry: CollectorRegistry, published: Published, is_ready: Callable[[], bool]
) -> Starlette:
    """Make the application for everything but batches.

    Args:
        registry: What /metrics shows.
        published: The policy.
        is_ready: Whether batches are taken.
    """

    async def healthz(_: Request) -> Response:
        ready = is_ready()
        detail = "takes batches" if ready else "takes none: the keys have run out"
        return JSONResponse({"ready": ready, "detail": detail}, 200 if ready else 503)

    async def scrape(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def policy(request: Request) -> Response:
        return _page(request, published.look().signed, "application/json")

    async def summary(request: Request) -> Response:
        return _page(request, published.look().summary, "application/json")

    async def tracker(request: Request) -> Response:
        if not TRACKER.is_file():
            return _said(404, "this remit was built without its tracker")
        return _page(request, Page.of(TRACKER.read_bytes()), "text/javascript")

    async def elsewhere(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _said(status, "there is nothing here" if status == 404 else "not in this way")  # noqa: PLR2004  # of HTTP

    routes = {
        "/healthz": healthz,
        "/metrics": scrape,
        "/v1/policy": policy,
        "/v1/policy/summary": summary,
        "/remit.js": tracker,
        PATH: _document(Page.of(described())),
    }
    return Starlette(
        routes=[Route(path, endpoint) for path, endpoint in routes.items()],
        exception_handlers={HTTPException: elsewhere},
    )


def _document(told: Page) -> Callable[[Request], Awaitable[Response]]:
    async def document(request: Request) -> Response:
        return _page(request, told, "application/json")

    return document


def _page(request: Request, page: Page, kind: str) -> Response:
    """Send a page, or say that it has not changed (RFC 9110, 13.1.2)."""
    tag = page.tag.decode()
    headers = {**OPEN, "etag": tag}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type=kind, headers=headers)


def _said(status: int, error: str) -> Response:
    return JSONResponse({"error": error, "fields": []}, status, headers=OPEN)
