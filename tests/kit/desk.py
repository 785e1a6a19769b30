"""A deployment in a folder, opened in this process, and its register of requests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.requests.opened import open_register
from remit_consumers.requests.register import Register
from remit_consumers.settings import Settings
from remit_schemas.requests import ProofKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANN = SubjectRef("", "ann")
LOGIN = ProofKind.ACCOUNT_LOGIN


def make_settings(folder: Path) -> Settings:
    """Where everything lies of an installation in a folder."""
    return Settings(data=folder / "data", keys=folder / "keys", vault=folder / "vault")


def make_deployment(folder: Path) -> Deployment:
    """A deployment of the shipped policy, with whom it knows: ann."""
    (folder / "data" / "lake").mkdir(parents=True, exist_ok=True)
    deployment = Deployment.open(make_settings(folder))
    deployment.vault.secret_of("", "ann")
    return deployment


def make_register(folder: Path) -> Register:
    """The register of such a deployment."""
    return open_register(make_deployment(folder), "desk")
