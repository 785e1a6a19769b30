"""Programs that call the API of requests: whose token it is, how often it may, and what stands on record of each call.

Source: RFC 6750 (bearer tokens), sections 2.1 and 3.
"""

from dataclasses import dataclass, field
from typing import Final, Self

from starlette.requests import Request as Call
from starlette.responses import JSONResponse, Response

from remit_consumers.access.limits import CALLS_MAX, FAILED_MAX, WINDOW_S, Limit
from remit_consumers.access.provider import Provider, bearer_of, provider_at
from remit_consumers.access.roles import Act, may
from remit_consumers.access.sessions import Identity
from remit_consumers.deployment import Deployment
from remit_consumers.lake.queries import DONE, REFUSED
from remit_consumers.metrics import Metrics
from remit_consumers.requests.tokens import of_token
from remit_consumers.settings import Settings
from remit_consumers.views.audit import Audit
from remit_schemas.errors import RemitError

DOOR: Final = "api"
"""How the record of reads names what was done here."""

PROGRAM: Final = "program:"
"""How the record of reads names a program, before the id of its token: `token:` would read as a credential to who looks for some."""

NO_STORE: Final = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Callers:
    """Lets programs in.

    Attributes:
        settings: Where tokens lie.
        metrics: Where refused calls are counted.
        audit: Puts calls on record.
        provider: Whose tokens a program may bear, too; None where none is configured.
        calls: Limits the calls of a program.
        failed: Limits calls without a token that opens, for each address.
        told: Limits how often it stands on record that a program calls too often.
    """

    settings: Settings
    metrics: Metrics
    audit: Audit
    provider: Provider | None = None
    calls: Limit = field(default_factory=lambda: Limit(CALLS_MAX, WINDOW_S))
    failed: Limit = field(default_factory=lambda: Limit(FAILED_MAX, WINDOW_S))
    told: Limit = field(default_factory=lambda: Limit(1, WINDOW_S))

    @classmethod
    def of(cls, deployment: Deployment, metrics: Metrics) -> Self:
        """The callers of a deployment.

        Raises:
            PolicyError: What is configured of the identity provider cannot be read.
        """
        settings = deployment.settings
        audit = Audit(settings.lake, deployment.policy, door=DOOR)
        return cls(settings, metrics, audit, provider_at(settings.keys))

    def admitted(self, call: Call, act: Act | None) -> Identity | Response:
        """Who calls, once that they do is on record; or why nothing is done for them."""
        try:
            identity = self._identity(call.headers.get("authorization", ""))
            if identity is None:
                return self._nobody(call)
            return self._refusal(identity, act) or identity
        except RemitError as error:
            return self.refused(503, "out_of_reach", str(error))

    def refused(self, status: int, reason: str, message: str, wait_s: int = 0) -> Response:
        """Refuse a call, and count it."""
        self.metrics.calls_refused.labels(reason).inc()
        wait = {"retry-after": str(wait_s)} if wait_s else {}
        bearer = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 - HTTP's number
        return JSONResponse({"error": message}, status, {**NO_STORE, **wait, **bearer})

    def _identity(self, header: str) -> Identity | None:
        """Whose token a call bears: one of ours, or one of the identity provider."""
        token = bearer_of(header)
        found = of_token(self.settings.keys, token) if token else None
        if found is not None:
            return Identity(
                f"{PROGRAM}{found.id}", found.role, tenant=found.tenant, program=found.name
            )
        return self.provider.identity(token) if token and self.provider else None

    def _nobody(self, call: Call) -> Response:
        """Refuse who bears nothing that opens; a good token is never refused for the bad ones of its neighbours."""
        address = call.client.host if call.client else ""
        if wait := self.failed.wait_s(address):
            return self.refused(429, "too_many", "too many calls without a token", wait)
        self.failed.count(address)
        return self.refused(401, "unauthorised", "a token is needed: `remit requests tokens add`")

    def _refusal(self, identity: Identity, act: Act | None) -> Response | None:
        """Why a program may not; None once its call is on record."""
        if act is None:
            return self.refused(403, "role", "this is nobody's")
        if wait := self.calls.wait_s(identity.who):
            if not self.told.wait_s(identity.who):
                self.told.count(identity.who)
                self.audit.note(identity, act, REFUSED, "too_many")
            return self.refused(429, "too_many", "too many calls; later", wait)
        self.calls.count(identity.who)
        if not identity.may(act):
            reason = "tenant" if may(identity.role, act) else "role"
            self.audit.note(identity, act, REFUSED, reason)
            return self.refused(403, reason, "the token's role may not: see docs/access.md")
        self.audit.note(identity, act, DONE)
        return None
