"""`remit edge`, and the same edge beside the operator's port in `remit up`."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from prometheus_client import CollectorRegistry

from remit.edge.app import Edge
from remit.edge.opened import opened
from remit.edge.server import EdgeServer
from remit.edge.tls import App, Tls, scheme
from remit_cli.options import Data, settings_of
from remit_cli.ports import Open, on_record
from remit_cli.stopping import asked_to_stop
from remit_consumers.dashboard.paths import PATHS

Host = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on; 0 for any that is free.")]

SWITCH_S = 0.001
GC_THRESHOLDS = (50_000, 20, 100)
"""A request makes some 50 objects that the collector knows, and no circle: 1,000 requests for each look at the young."""

OPERATORS = ("/healthz", "/metrics", "/openapi.json", "/v1/requests", "/v1/links", *PATHS)
"""How the paths begin that the consumer's application answers where both share a port; it answers `/` as well."""


def edge(*, data: Data = None, host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """The HTTP edge alone, for deployments on Kafka: /v1/events and the like, /remit.js, /healthz, /metrics.

    Example: REMIT_LOG=kafka://broker:9092/remit remit edge --port 8080
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    tls = Tls.from_env(os.environ)
    with (
        asked_to_stop() as stop,
        serving(settings_of(data).data, (host, port), tls=tls) as bound,
    ):
        _tune()
        address = f"{scheme(tls)}://{host}:{bound}/v1/events"
        typer.echo(f"remit: {address} takes batches; Ctrl-C stops", err=True)
        stop.wait()


def _tune() -> None:
    """Set up the interpreter for a process that does nothing else.

    The garbage collector looks at what is young only, and rarely: measured, it took a quarter of the time. And whoever
    syncs gets the interpreter back within a millisecond: each of a dozen syncs of a group waited five.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


@contextmanager
def serving(
    data: Path,
    place: tuple[str, int],
    operator: tuple[App, CollectorRegistry] | None = None,
    *,
    tls: Tls | None = None,
) -> Iterator[int]:
    """Serve the edge of a data folder, in a thread of its own; gives the port.

    Args:
        data: The data folder.
        place: Address and port to listen on; port 0 for any.
        operator: The application that keeps /healthz and /metrics, and the registry it shows.
        tls: Its certificate; None speaks plain HTTP.

    Raises:
        RemitError: The edge cannot be opened, or the port not be had.
    """
    with opened(data, os.environ) as door:
        app: App = door
        if operator is not None:
            operator[1].register(door.metrics.registry)
            app = _beside(door, operator[0])
        timeout_s, refused = door.limits.request_timeout_s, door.metrics.shook
        server = EdgeServer(app, place, timeout_s=timeout_s, tls=tls, refused=refused)
        server.start()
        seen = Open.at("edge", place[0], server.port, tls)
        try:
            with on_record(data, seen):
                yield server.port
        finally:
            server.stop()


def _beside(door: Edge, operator: App) -> App:
    async def both(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's own types are these
        path = str(scope.get("path", ""))
        app = operator if path == "/" or path.startswith(OPERATORS) else door
        await app(scope, receive, send)

    return both
