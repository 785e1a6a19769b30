"""What the edge serves beside batches: the policy, the tracker, health and metrics."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TRACKER: Final = Path(__file__).parent / "static" / "remit.js"


def rest_of(registry: CollectorRegistry, is_ready: Callable[[], bool]) -> Starlette:
    """Make the application for everything but batches."""

    async def healthz(_: Request) -> Response:
        ready = is_ready()
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def scrape(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def tracker(_: Request) -> Response:
        if not TRACKER.is_file():
            error = "this remit was built without its tracker"
            return JSONResponse({"error": error, "fields": []}, 404)
        return Response(TRACKER.read_bytes(), media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/metrics", scrape),
            Route("/remit.js", tracker),
        ]
    )
