"""`remit run` and `remit up`: the programs that go on until they are stopped."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer

from remit.leftovers import adopt_dead
from remit_cli.options import As, Data, Officer, settings_of
from remit_cli.stopping import asked_to_stop
from remit_consumers.access.roles import Role
from remit_consumers.metrics import Metrics
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_schemas.errors import RemitError, SettingsError

Host = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all.")]
Port = Annotated[
    int,
    typer.Option(
        "--port",
        help="Port of /healthz and /metrics, and of edge and dashboard in `up`; 0 for none.",
    ),
]


def run(*, data: Data = None, host: Host = "127.0.0.1", port: Port = 0) -> None:
    """Consume: take packs from the log to the lake until stopped (SIGTERM or Ctrl-C stores what is gathered).

    Example: REMIT_LOG=kafka://broker:9092/remit remit run --port 9108
    """
    _serve(settings_of(data), host, port)


def up(
    *,
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    role: As = Role.AUDITOR,
    officer: Officer = False,
) -> None:
    """Everything for one machine in one process, on the embedded log: edge, pipeline, dashboard, /healthz, /metrics.

    Example: remit up --port 8080 --role privacy_officer
    """
    settings = settings_of(data)
    if settings.log:
        message = (
            "remit up runs on the embedded log; where REMIT_LOG names a broker, use `remit run`"
        )
        raise SettingsError(message)
    _serve(settings, host, port, role=Role.OFFICER if officer else role)


def _serve(settings: Settings, host: str, port: int, *, role: Role | None = None) -> None:
    """Run one consumer and its port until a signal asks for the end; edge and dashboard where somebody may look."""
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
            from remit_cli.doors import all_doors, operators_port  # noqa: PLC0415 - half a second to load, without a port not needed

            with _or_stopped(service):
                stack.enter_context(
                    operators_port(service, metrics, host, port)
                    if role is None
                    else all_doors(service, metrics, host, port, role=role)
                )
        typer.echo("remit: consuming; Ctrl-C stores what is gathered and stops", err=True)
        service.serve(stop)


def serve_demo(
    settings: Settings,
    port: int,
    opened: Callable[[str, str], None],
    troubled: Callable[[str], None],
) -> None:
    """Run everything for one machine, the demonstration shop and its invented visitors until a signal asks for the end.

    Args:
        settings: Of the consumer.
        port: Of edge and dashboard; the shop has the one behind it. 0 for any that are free.
        opened: Told the dashboard's address and the shop's.
        troubled: Told once, if the invented visitors get no answer.

    Raises:
        RemitError: Another consumer runs, or a port cannot be had.
    """
    from remit_cli.doors import demo_doors  # noqa: PLC0415 - as above

    metrics = Metrics()
    service = _claimed(settings, metrics)
    with ExitStack() as stack:
        stop = stack.enter_context(asked_to_stop())
        with _or_stopped(service):
            opened(*stack.enter_context(demo_doors(service, metrics, port, troubled)))
        service.serve(stop)


@contextmanager
def _or_stopped(service: Service) -> Iterator[None]:
    """Give a consumer's place back where its ports cannot be opened."""
    try:
        yield
    except RemitError:
        service.stop()
        raise


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
