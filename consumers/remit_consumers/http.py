"""What answers at the operator's port: /healthz and /metrics, the register of requests, and people's own pages."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from remit_consumers.health import Health
from remit_consumers.metrics import Metrics

App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""


def _anybody(_: str) -> bool:
    return True


def operator_app(
    metrics: Metrics,
    health: Callable[[], Health],
    routes: Iterable[BaseRoute] = (),
    may_scrape: Callable[[str], bool] = _anybody,
) -> Starlette:
    """Make the application that answers an operator's and Prometheus' questions, and what `routes` add.

    Args:
        metrics: What is counted.
        health: Tells how the consumer is doing.
        routes: Answer besides.
        may_scrape: Whether who sends an Authorization header may have the metrics.
    """

    async def healthz(_: Request) -> Response:
        state = health()
        return JSONResponse(
            {"ready": state.ready, "detail": state.detail}, 200 if state.ready else 503
        )

    async def scrape(call: Request) -> Response:
        if not await run_in_threadpool(may_scrape, call.headers.get("authorization", "")):
            metrics.access_refused.labels("metrics").inc()
            return Response("A token is needed.\n", 401, {"www-authenticate": "Bearer"})
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", scrape), *routes])
