"""`remit dashboard`: the pages of the privacy officer, alone or beside what else serves."""

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from threading import Thread
from typing import Annotated

import typer

from remit.edge.server import EdgeServer
from remit.edge.tls import Tls, scheme
from remit_cli.asking import withdrawing
from remit_cli.attaching import attached
from remit_cli.covering import covered
from remit_cli.evidence import bundle_of
from remit_cli.options import As, Data, Officer, Policy, settings_of
from remit_cli.ports import Open, on_record
from remit_cli.prove import verified
from remit_cli.stopping import asked_to_stop
from remit_consumers.access.roles import Role
from remit_consumers.dashboard.app import dashboard as application
from remit_consumers.dashboard.app import warm
from remit_consumers.dashboard.checks import Checks
from remit_consumers.dashboard.figures import Figures
from remit_consumers.dashboard.gate import Gate
from remit_consumers.dashboard.live import Recent
from remit_consumers.dashboard.site import Site, Told
from remit_consumers.deployment import Deployment, plans_on_record
from remit_consumers.http import App
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.format import check_format
from remit_consumers.settings import Settings
from remit_consumers.views.audit import Audit
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy

Host = Annotated[
    str,
    typer.Option(
        "--host", help="Address to listen on; beyond this machine a printed token opens it, once."
    ),
]


def dashboard(  # noqa: PLR0913 - a parameter for each option
    *,
    policy: Policy = None,
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 for any.")] = 8090,
    role: As = Role.AUDITOR,
    officer: Officer = False,
) -> None:
    """Serve the pages of a data folder: what was collected, consents, retention, requests, recipients, proof.

    Example: remit dashboard --data ./remit-data --role privacy_officer
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    found = settings_of(data)
    settings = replace(found, policy=policy or found.policy)
    if not settings.data.is_dir():
        message = f"there is no data folder {settings.data}: name it with --data, or set REMIT_DATA"
        raise SettingsError(message)
    check_format(settings.lake)
    gate = Gate.at(host, Role.OFFICER if officer else role, settings.keys)
    site = site_of(settings, gate, cache(partial(Deployment.open, settings)))
    tls = Tls.from_env(os.environ)
    with asked_to_stop() as stop:
        server = EdgeServer(application(site), (host, port), tls=tls)
        warm(site)
        server.start()
        typer.echo(f"remit: {address(gate, tls, host, server.port)}", err=True)
        seen = Open.at("dashboard", host, server.port, tls)
        try:
            with on_record(settings.data, seen):
                stop.wait()
        finally:
            server.stop()


def address(gate: Gate, tls: Tls | None, host: str, port: int) -> str:
    """Where a dashboard is opened: beyond this machine, the address that does so once."""
    named = f"[{host}]" if ":" in host else host
    entrance = f"/enter?token={gate.token}" if gate.token else "/"
    return f"{scheme(tls)}://{named}:{port}{entrance}"


def pages(settings: Settings, gate: Gate, deployment: Callable[[], Deployment]) -> App:
    """Make the application of a data folder, to stand beside others; it is warm within seconds.

    Raises:
        PolicyError: The policy cannot be used.
    """
    site = site_of(settings, gate, deployment)
    Thread(target=warm, args=(site,), name="remit-dashboard", daemon=True).start()
    return application(site)


def site_of(settings: Settings, gate: Gate, deployment: Callable[[], Deployment]) -> Site:
    """What the pages of a data folder stand on.

    Args:
        settings: Where everything lies.
        gate: Who may look.
        deployment: Opens keys and vault, for what needs them.

    Raises:
        PolicyError: The policy cannot be used.
    """
    policy, figures = find_policy(settings.policy), Figures(Lake(settings.lake))
    told = Told(
        coverage=cache(partial(covered, settings.policy)),
        texts=partial(attached, settings.data, settings.policy),
        withdraw=withdrawing(settings),
        evidence=partial(bundle_of, settings),
    )
    return Site(
        settings=settings,
        policy=policy,
        plans=cache(partial(plans_on_record, settings)),
        figures=figures,
        gate=gate,
        recent=Recent(settings.lake, figures.moments),
        checks=Checks(partial(verified, settings)),
        audit=Audit(settings.lake, policy),
        told=told,
        deployment=deployment,
    )
