"""The ports of a running consumer: the operator's, and beside it the edge and the dashboard."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import typer
from starlette.routing import BaseRoute, Mount

from remit.edge.server import EdgeServer
from remit.edge.sources import Kind
from remit.edge.tls import Tls, scheme
from remit_cli.asking import saying, withdrawing
from remit_cli.dashboard import address, pages
from remit_cli.demo_visitors import SOURCE, visitors
from remit_cli.edge import serving
from remit_cli.ports import Open, on_record
from remit_cli.shop import lent_key, shop
from remit_consumers.access.roles import Role
from remit_consumers.access.scraping import scraping
from remit_consumers.dashboard.described import document
from remit_consumers.dashboard.gate import Gate
from remit_consumers.dashboard.paths import PERSON
from remit_consumers.http import App, operator_app
from remit_consumers.metrics import Metrics
from remit_consumers.my.app import My
from remit_consumers.my.handing_out import handing_out
from remit_consumers.requests.api import Api
from remit_consumers.requests.callers import Callers
from remit_consumers.service import Service

HOST = "127.0.0.1"
"""Where the demonstration listens: nobody else's business."""


@contextmanager
def operators_port(service: Service, metrics: Metrics, host: str, port: int) -> Iterator[None]:
    """Answer an operator's and Prometheus' questions for as long as the consumer runs.

    Raises:
        SettingsError: The port cannot be had, or its certificate not be used.
    """
    tls = Tls.from_env(os.environ)
    refused = metrics.access_refused.labels("handshakes").inc
    server = EdgeServer(_operator(service, metrics), (host, port), tls=tls, refused=refused)
    server.start()
    typer.echo(f"remit: {scheme(tls)}://{host}:{port}/healthz and /metrics", err=True)
    try:
        with on_record(service.settings.data, Open.at("operator", host, port, tls)):
            yield
    finally:
        server.stop()


@contextmanager
def all_doors(
    service: Service, metrics: Metrics, host: str, port: int, *, role: Role
) -> Iterator[None]:
    """Serve the edge, the operator's port and the dashboard on one port, and say where.

    Raises:
        RemitError: The edge cannot be opened, or the port not be had.
    """
    tls = Tls.from_env(os.environ)
    with _doors(service, metrics, (host, port), role=role, tls=tls) as (bound, dashboard):
        typer.echo(
            f"remit: {scheme(tls)}://{host}:{bound}/healthz and /metrics, /v1/events", err=True
        )
        typer.echo(f"remit: the dashboard is {dashboard}", err=True)
        yield


@contextmanager
def _doors(
    service: Service,
    metrics: Metrics,
    place: tuple[str, int],
    *,
    role: Role,
    tls: Tls | None = None,
) -> Iterator[tuple[int, str]]:
    """Serve everything on one port; gives it, and the dashboard's address."""
    host = place[0]

    def refused(reason: str) -> None:
        metrics.access_refused.labels(reason).inc()

    gate = Gate.at(host, role, service.settings.keys, refused)
    with ExitStack() as stack:
        app = pages(service.settings, gate, lambda: service.deployment)
        operator = _operator(service, metrics, [Mount("/", app)]), metrics.registry
        bound = stack.enter_context(serving(service.settings.data, place, operator, tls=tls))
        yield bound, address(gate, tls, host, bound)


@contextmanager
def demo_doors(
    service: Service, metrics: Metrics, port: int, troubled: Callable[[str], None]
) -> Iterator[tuple[str, str]]:
    """Serve the demonstration shop beside everything else, and let invented visitors come.

    Args:
        service: The consumer.
        metrics: What it counts.
        port: Of edge and dashboard; the shop has the one behind it. 0 for any that are free.
        troubled: Told once, if the invented visitors get no answer.

    Yields:
        The dashboard's address and the shop's.

    Raises:
        RemitError: The edge cannot be opened, or a port not be had.
    """
    data = service.settings.data
    with ExitStack() as stack:
        doors = _doors(service, metrics, (HOST, port), role=Role.OFFICER)
        bound, dashboard = stack.enter_context(doors)
        edge = f"{HOST}:{bound}"
        shops = stack.enter_context(shop(data, f"http://{edge}", HOST, port and port + 1))
        key = stack.enter_context(lent_key(data, SOURCE, Kind.SERVER))
        stack.enter_context(visitors(edge, key, troubled))
        yield dashboard, shops


def _operator(service: Service, metrics: Metrics, more: Sequence[BaseRoute] = ()) -> App:
    """What the operator's port answers: health, metrics, people's own pages, requests where the policy takes any, and more."""
    deployment, settings = service.deployment, service.settings
    callers = Callers.of(deployment, metrics)
    api = Api(deployment, withdrawing(settings), callers)
    routes = api.routes() if deployment.policy.requests is not None else []
    mine = My(deployment, saying(settings, "website"), metrics)
    pages = [document(), handing_out(deployment, callers), Mount(PERSON, mine.app())]
    may_scrape = scraping(settings.keys)
    return operator_app(metrics, service.health, [*routes, *pages, *more], may_scrape)
