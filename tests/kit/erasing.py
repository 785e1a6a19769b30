"""A shop whose whole installation is there: keys, vault, policy, lake; so that subjects can be erased from it."""

from datetime import datetime
from pathlib import Path

from kit.shop import NOON, Shop
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import Certificate
from remit_consumers.erasure.erase import erase
from remit_consumers.erasure.scope import REQUESTED, Scope, SubjectRef
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.floor.floors import Floors
from remit_consumers.floor.window import Sealer
from remit_consumers.pipeline import excluding, steps
from remit_consumers.settings import Settings


class ErasingShop(Shop):
    """A shop that erases.

    Attributes:
        settings: Where everything lies.
        deployment: What runs.
    """

    def __init__(self, folder: Path, now: datetime = NOON, policy: Path | None = None) -> None:
        """Open it; a policy is a file of one's own, its other versions beside it."""
        file = str(policy) if policy else None
        self.settings = Settings(folder / "data", folder / "keys", folder / "vault", policy=file)
        self.deployment = Deployment.open(self.settings)
        self.deployment.keys.ensure(now)
        super().__init__(folder, now)
        self.vault = self.deployment.vault
        self.names = self.deployment.names()
        self.plans = self.deployment.plans()
        self.restart()

    def restart(self) -> None:
        """Begin anew with what the lake has."""
        super().restart()
        self.ledger = self.deployment.ledger()
        self.suppression = Suppression.open(self.settings.keys)
        sealer = Sealer(self.settings.floors, self.settings.keys, 0)
        self.floors = Floors(self.deployment.lake, sealer, lambda: self.now)
        means = self.deployment.means
        self.names.forget_all()
        walk = steps(self.names, means, self.floors, self.ledger, self.plans)
        self.walk = excluding(walk, self.suppression, lambda: self.now)
        self.ledger.load()

    def erase(self, *subjects: str, scope: Scope | None = None, **more: bool) -> Certificate:
        """Erase subjects."""
        refs = [SubjectRef("", subject) for subject in subjects or ("ann",)]
        return erase(self.deployment, refs, scope or Scope(), REQUESTED, self.now, **more)
