"""The dashboard of an installation in a folder, in this process, for each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kit.desk import make_settings
from remit.edge.server import EdgeServer
from remit_cli.dashboard import site_of
from remit_consumers.access.roles import Role
from remit_consumers.dashboard.app import dashboard
from remit_consumers.dashboard.gate import Gate
from remit_consumers.dashboard.site import Site
from remit_consumers.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Served:
    """A dashboard that is being served.

    Attributes:
        address: Where it is, without a slash at its end.
        site: What it stands on.
        refused: Reasons of the calls that it refused.
    """

    address: str
    site: Site
    refused: list[str] = field(default_factory=list)


def make_site(folder: Path, role: Role, *, is_open: bool = True) -> Site:
    """What a dashboard stands on, for whoever comes in this role."""
    settings = make_settings(folder)
    settings.lake.mkdir(parents=True, exist_ok=True)
    gate = Gate(is_open, role, settings.keys)
    return site_of(settings, gate, lambda: Deployment.open(settings))


@contextmanager
def served(site: Site) -> Iterator[Served]:
    """Serve it on a port of this machine until the end."""
    refused: list[str] = []
    site.gate.refused = refused.append
    server = EdgeServer(dashboard(site), ("127.0.0.1", 0))
    server.start()
    try:
        yield Served(f"http://127.0.0.1:{server.port}", site, refused)
    finally:
        server.stop()
