"""The register of a deployment, opened for whoever takes its steps."""

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.requests.matter import Matters
from remit_consumers.requests.register import Actor, Register

DOMAIN = "requests"
"""The pseudonym domain of the register: nothing else bears these names (D8)."""


def open_register(deployment: Deployment, actor: str, tenant: str | None = None) -> Register:
    """Open the register of requests.

    Args:
        deployment: Where everything lies.
        actor: Who takes the steps, as the record will say.
        tenant: To which they are bound; None where to none.

    Raises:
        RequestRefused: The policy says nothing of requests.
    """
    names = Pseudonyms(deployment.vault, DOMAIN)

    def name(about: SubjectRef) -> str | None:
        return next(iter(names.known(about.tenant, about.subject)), None)

    who = Actor(actor, tenant)
    matters = Matters(deployment.settings.keys, deployment.keys.index_key)
    return Register(deployment.settings.lake, matters, deployment.policy, name, who)
