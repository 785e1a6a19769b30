"""`remit run` and `remit up`: the programs that go on until they are stopped."""

import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import typer

from remit.leftovers import adopt_dead
from remit_cli.asking import saying, withdrawing
from remit_cli.options import Data, settings_of
from remit_cli.stopping import asked_to_stop
from remit_consumers.metrics import Metrics
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_schemas.errors import RemitError, SettingsError

HOST = "127.0.0.1"
"""Where the demonstration listens: nobody else's business."""

App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

Host = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")]
Port = Annotated[
    int,
    typer.Option(
        "--port", help="Port of /healthz and /metrics, and of the edge in `up`; 0 for none."
    ),
]


def run(*, data: Data = None, host: Host = "127.0.0.1", port: Port = 0) -> None:
    """Consume: take packs from the log to the lake until stopped (SIGTERM or Ctrl-C stores what is gathered).

    Example: REMIT_LOG=kafka://broker:9092/remit remit run --port 9108
    """
    _serve(settings_of(data), host, port)


def up(*, data: Data = None, host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Everything for one machine in one process, on the embedded log: edge, pipeline, /healthz, /metrics.

    Example: remit up --port 8080
    """
    settings = settings_of(data)
    if settings.log:
        message = (
            "remit up runs on the embedded log; where REMIT_LOG names a broker, use `remit run`"
        )
        raise SettingsError(message)
    _serve(settings, host, port, with_edge=True)


def _serve(settings: Settings, host: str, port: int, *, with_edge: bool = False) -> None:
    """Run one consumer and its port until a signal asks for the end."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    metrics = Metrics()
    service = _claimed(settings, metrics)
    with ExitStack() as stack:
        stop = stack.enter_context(asked_to_stop())
        if port:
            serves = _doors if with_edge else _port
            stack.enter_context(serves(service, metrics, host, port))
        typer.echo("remit: consuming; Ctrl-C stores what is gathered and stops", err=True)
        service.serve(stop)


def with_shop(settings: Settings, port: int, opened: Callable[[str], None]) -> None:
    """Run everything for one machine, and the demonstration shop, until a signal asks for the end.

    Args:
        settings: Of the consumer.
        port: The shop's; the edge takes any that is free.
        opened: Told the shop's address.
    """
    from remit_cli.edge import serving  # noqa: PLC0415 - as below
    from remit_cli.shop import shop  # noqa: PLC0415 - as below

    metrics = Metrics()
    service = _claimed(settings, metrics)
    with ExitStack() as stack:
        stop = stack.enter_context(asked_to_stop())
        operator = _operator(service, metrics), metrics.registry
        try:
            edge = stack.enter_context(serving(settings.data, HOST, 0, operator))
            opened(stack.enter_context(shop(settings.data, f"http://{HOST}:{edge}", HOST, port)))
        except RemitError:
            service.stop()
            raise
        service.serve(stop)


def _claimed(settings: Settings, metrics: Metrics) -> Service:
    """Take the one place of a consumer on this data folder.

    Raises:
        SettingsError: Another consumer has it.
    """
    service = Service.claim(settings, metrics, adopt=lambda: adopt_dead(settings.spool))
    if service is None:
        message = f"another consumer runs on this data folder (lock in {settings.locks.name}/); stop it first"
        raise SettingsError(message)
    return service


def _operator(service: Service, metrics: Metrics) -> App:
    """What the operator's port answers: health, metrics, people's own pages, and requests where the policy takes any."""
    from starlette.routing import Mount  # noqa: PLC0415 - as below

    from remit_consumers.http import operator_app  # noqa: PLC0415 - as below
    from remit_consumers.my.app import My  # noqa: PLC0415 - as below
    from remit_consumers.my.handing_out import handing_out  # noqa: PLC0415 - as below
    from remit_consumers.requests.api import Api  # noqa: PLC0415 - as below

    deployment, settings = service.deployment, service.settings
    api = Api(deployment, withdrawing(settings), metrics)
    routes = api.routes() if deployment.policy.requests is not None else []
    mine = My(deployment, saying(settings, "website"), metrics)
    pages = [handing_out(deployment, metrics), Mount("/my", mine.app())]
    return operator_app(metrics, service.health, [*routes, *pages])


@contextmanager
def _doors(service: Service, metrics: Metrics, host: str, port: int) -> Iterator[None]:
    """Serve the edge, and the operator's port on the same one."""
    from remit_cli.edge import serving  # noqa: PLC0415 - 0.2 s to load, without a port not needed

    with ExitStack() as stack:
        operator = _operator(service, metrics), metrics.registry
        try:
            bound = stack.enter_context(serving(service.settings.data, host, port, operator))
        except RemitError:
            service.stop()
            raise
        typer.echo(f"remit: http://{host}:{bound}/healthz and /metrics, /v1/events", err=True)
        yield


@contextmanager
def _port(service: Service, metrics: Metrics, host: str, port: int) -> Iterator[None]:
    """Answer an operator's and Prometheus' questions for as long as the consumer runs."""
    from remit_consumers.http import Server  # noqa: PLC0415 - 0.2 s to load, without a port not needed

    try:
        server = Server(_operator(service, metrics), host, port)
    except SettingsError:
        service.stop()
        raise
    server.start()
    typer.echo(f"remit: http://{host}:{port}/healthz and /metrics", err=True)
    try:
        yield
    finally:
        server.stop()
