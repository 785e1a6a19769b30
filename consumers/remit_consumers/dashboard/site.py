"""What the pages of one installation stand on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from remit_consumers.dashboard.checks import Checks
from remit_consumers.dashboard.figures import Figures
from remit_consumers.dashboard.gate import Gate
from remit_consumers.dashboard.live import Recent
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.commit import Lake
from remit_consumers.plans import Plans
from remit_consumers.settings import Settings
from remit_consumers.views.audit import Audit
from remit_schemas.coverage import Coverage
from remit_schemas.policy import Policy

NO_TEXTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line knows of a policy and the pages show.

    Attributes:
        coverage: Gives for each sentence its rule, tests and metrics.
        texts: Gives the attached sentences by their ids; none where no text is attached.
        withdraw: Withdraws a subject's consents, as any app would; None where that cannot be done from here.
        evidence: Makes the bundle for an auditor; None where that cannot be done from here.
    """

    coverage: Callable[[], Coverage] = lambda: Coverage((), ())
    texts: Callable[[], Mapping[str, str]] = lambda: NO_TEXTS
    withdraw: Callable[[SubjectRef], None] | None = None
    evidence: Callable[[], bytes] | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """One dashboard.

    Attributes:
        settings: Where everything lies.
        policy: The policy in force.
        plans: Gives contracts and policy versions, read once.
        figures: What is counted.
        gate: Who may look.
        told: What the command line adds.
        recent: The newest rows.
        checks: What checks everything.
        audit: What puts looks at rows on record.
        deployment: Opens keys and vault, for what needs them.
    """

    settings: Settings
    policy: Policy
    plans: Callable[[], Plans]
    figures: Figures
    gate: Gate
    recent: Recent
    checks: Checks
    audit: Audit
    told: Told = field(default_factory=Told)
    deployment: Callable[[], Deployment] | None = None

    @property
    def lake(self) -> Lake:
        """The lake."""
        return self.figures.lake

    @staticmethod
    def now() -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)
