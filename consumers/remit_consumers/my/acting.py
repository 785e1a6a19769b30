"""Acting: what a person does on their own page goes the way that it goes everywhere: consent changes, and requests."""

from datetime import datetime

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.requests import Request
from remit_consumers.my.held import ACTOR, asked_by
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.fulfil import Answer, Given, Say, fulfil
from remit_consumers.requests.opened import open_register
from remit_schemas.errors import RequestRefused
from remit_schemas.policy import Policy
from remit_schemas.requests import DeletionGround, ProofKind, Right

LET_IN = ProofKind.ACCOUNT_LOGIN
"""How it was checked who asks: the product made a link for whom it had just recognised."""

STATUSES = ("given", "withdrawn")


def asks_of(policy: Policy) -> list[Right]:
    """What may be asked for on the page; a copy is handed over there and then."""
    rights = policy.requests.rights if policy.requests else ()
    return [right for right in rights if right is not Right.ACCESS]


def change(deployment: Deployment, say: Say, about: SubjectRef, said: tuple[str, str]) -> None:
    """Give or withdraw a consent.

    Args:
        deployment: Where everything lies.
        say: How it is said.
        about: Who says it.
        said: The purpose, and `given` or `withdrawn`.

    Raises:
        RequestRefused: There is no such purpose or answer, or it did not reach the log.

    Source: policy 2021-11-01, clause S089.
    """
    purpose, status = said
    if purpose not in deployment.policy.optional or status not in STATUSES:
        raise RequestRefused("a consent is given or withdrawn, to a purpose that waits for one")
    say(about, status, [purpose])


def begin(
    deployment: Deployment, about: SubjectRef, said: tuple[str, str], now: datetime
) -> Request:
    """Begin a request; whoever answers requests carries it out. Of one right one request is open at a time.

    Args:
        deployment: Where everything lies.
        about: Who asks.
        said: The right, and the ground where something is to be erased.
        now: Aware UTC.

    Raises:
        RequestRefused: There is no such right or ground, or it is asked for already.
        ValueError: The same.
        LakeError: It cannot be put on record.
        KeysOutOfReach: Vault or keys cannot be reached.
    """
    right = Right(said[0])
    if any(one.is_open and one.right == right for one in asked_by(deployment, about)):
        raise RequestRefused("this is asked for already: the answer is on its way")
    ground = DeletionGround(said[1]) if right is Right.DELETE else None
    register = open_register(deployment, ACTOR)
    found = register.receive(about, Asked(right, ground=ground), now)
    return register.verify(found.request, LET_IN, now)


def hand_over(deployment: Deployment, about: SubjectRef, now: datetime) -> Answer:
    """Hand over everything that is held, as a request for access does; errors as `begin`."""
    register = open_register(deployment, ACTOR)
    found = register.receive(about, Asked(Right.ACCESS), now)
    register.verify(found.request, LET_IN, now)
    return fulfil(deployment, register, found.request, Given(), now)
