"""The operator's port: /healthz and /metrics, the register of requests, and people's own pages."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from remit_consumers.health import Health
from remit_consumers.metrics import Metrics
from remit_schemas.errors import SettingsError

log = logging.getLogger("remit.http")

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


def _telling(app: App) -> App:
    """Log what an application failed with by its kind alone (D10); it answers 500 by itself."""

    async def told(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's own types are these
        try:
            await app(scope, receive, send)
        except Exception as error:
            log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400  # its text may hold a value
            raise

    return told


class Server:
    """A web server in a thread of its own, beside the consumer."""

    def __init__(
        self, app: App, host: str, port: int, *, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take the port.

        Args:
            app: What answers.
            host: Address to listen on.
            port: Port to listen on; 0 for any.
            tls: What it speaks TLS with; None speaks plain HTTP.

        Raises:
            SettingsError: It cannot be had.
        """
        # "critical": uvicorn would log an application's exception whole, and its text may hold what was asked for.
        config = uvicorn.Config(
            _telling(app),
            ssl_context_factory=None if tls is None else lambda _, __: tls,
            log_level="critical",
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        try:
            self._socket = socket.create_server((host, port))
        except OSError as error:
            message = f"port {port} of {host} cannot be had ({error.strerror}); choose another with --port"
            raise SettingsError(message) from None
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="remit-http", daemon=True)

    def _serve(self) -> None:
        """Serve until asked to stop; signals stay with the main thread."""
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being answered, then stop."""
        self._server.should_exit = True
        self._thread.join(timeout=5)
