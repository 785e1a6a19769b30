"""Fulfil: what each right does. A request is carried out first and closed then: what a crash interrupts is done again."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import EVERYTHING, erase
from remit_consumers.erasure.notice import CORRECTED, RESTRICTED, Happened
from remit_consumers.erasure.scope import ACCOUNT_CANCELLED, Scope, SubjectRef
from remit_consumers.erasure.telling import tell_change
from remit_consumers.lake.requests import Request
from remit_consumers.lake.restrictions import KEPT_FOR, restrict
from remit_consumers.requests.access import export
from remit_consumers.requests.correct import correct
from remit_consumers.requests.correction import Correction
from remit_consumers.requests.found import names_of
from remit_consumers.requests.register import Register
from remit_consumers.views.renewing import renew
from remit_schemas.errors import RequestRefused
from remit_schemas.requests import Right

Say = Callable[[SubjectRef, str, Sequence[str]], None]
"""Says `given` or `withdrawn` for a subject to some purposes, and returns when that is durable."""

Withdraw = Callable[[SubjectRef], None]
"""Says for a subject that they agree to nothing optional any more, and returns when that is durable."""


@dataclass(frozen=True, slots=True)
class Given:
    """What carrying out a request needs beside the request.

    Attributes:
        withdraw: Withdraws every consent; None where that cannot be done from here.
        correction: What is to be put right.
        is_reviewed: Whether a human being has looked at what a program decided.
    """

    withdraw: Withdraw | None = None
    correction: Correction | None = None
    is_reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to.

    Attributes:
        request: As it stands now.
        detail: In words, without a value.
        file: What is handed over; None for rights that hand nothing over.
    """

    request: Request
    detail: str
    file: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    evidence: str
    detail: str
    file: bytes | None = None


def fulfil(
    deployment: Deployment, register: Register, request: str, given: Given, now: datetime
) -> Answer:
    """Carry out a request that was checked, and close it.

    Raises:
        RequestRefused: It is closed, nobody checked who asks, or something is missing that it needs.
        LakeError: The lake cannot be read or written; the request stays open.
        KeysOutOfReach: Vault or keys cannot be reached; the request stays open.
    """
    found = register.ready(request)
    about = register.about(found)
    done = _HOW[Right(found.right)](deployment, register, (found, about), given, now)
    return Answer(register.done(request, done.evidence, now), done.detail, done.file)


_About = tuple[Request, SubjectRef]
_How = Callable[[Deployment, Register, _About, Given, datetime], _Done]


def _access(
    deployment: Deployment, register: Register, of: _About, _: Given, now: datetime
) -> _Done:
    found, about = of
    theirs = [one for one in register.all() if one.request == found.request or _same(one, found)]
    file = export(deployment, about, theirs, now)
    return _Done(hashlib.sha256(file).hexdigest(), f"a zip of {len(file):,} bytes", file)


def _same(one: Request, other: Request) -> bool:
    """Whether two requests are about one subject that is known."""
    return one.subject is not None and (one.tenant, one.subject) == (other.tenant, other.subject)


def _correct(
    deployment: Deployment, register: Register, of: _About, given: Given, now: datetime
) -> _Done:
    found, about = of
    asked = given.correction
    if asked is None:
        raise RequestRefused("say what is right: a contract and its fields")
    if asked.fills != (found.right == Right.SUPPLEMENT):
        raise RequestRefused(f"this request is to {found.right}")
    names = names_of(deployment, about, now)
    clause = register.terms.rights[Right(found.right)].clause
    done = correct(deployment, about, names, asked, clause)
    told = 0
    if done.rows:
        scope = {"contract": asked.contract, "fields": sorted(asked.values)}
        told = tell_change(deployment, about, names, Happened(CORRECTED, found.request, scope), now)
        renew(deployment.settings, deployment.policy, lambda: now)
    fields = " ".join(f"{name}={count}" for name, count in sorted(done.fields.items()))
    words = f"{done.rows:,} rows of {asked.contract} looked at and put right"
    return _Done(
        f"{asked.contract}: {fields}",
        f"{words}; told: {told} recipients and sources" if told else words,
    )


def _restrict(deployment: Deployment, _: Register, of: _About, __: Given, now: datetime) -> _Done:
    found, about = of
    names = names_of(deployment, about, now)
    later = names_of(deployment, about, now, KEPT_FOR)  # names change with time, and it stands
    restrict(deployment.settings.lake, found.request, about.tenant, later, now)
    renew(deployment.settings, deployment.policy, lambda: now)
    tell_change(deployment, about, names, Happened(RESTRICTED, found.request, {}), now)
    words = "kept and used for nothing, until it is lifted" if names else "nothing is held"
    return _Done(f"names={len(names)}", words)


def _withdraw(_: Deployment, __: Register, of: _About, given: Given, ___: datetime) -> _Done:
    if given.withdraw is None:
        raise RequestRefused("a consent cannot be withdrawn from here: use `remit requests fulfil`")
    given.withdraw(of[1])
    return _Done("consent_change", "no optional purpose is agreed to any more")


def _object(_: Deployment, __: Register, ___: _About, given: Given, ____: datetime) -> _Done:
    if not given.is_reviewed:
        raise RequestRefused("a human being has to look at the decision first: then say --reviewed")
    return _Done("reviewed", "looked at by a human being")


def _delete(deployment: Deployment, _: Register, of: _About, __: Given, now: datetime) -> _Done:
    found, about = of
    scope = Scope.from_dict(json.loads(found.scope))
    certificate = erase(deployment, [about], scope, found.ground, now)
    return _Done(certificate.sha256, f"certificate {certificate.number}")


def _cancel(deployment: Deployment, _: Register, of: _About, __: Given, now: datetime) -> _Done:
    certificate = erase(deployment, [of[1]], EVERYTHING, ACCOUNT_CANCELLED, now, until_agreed=True)
    words = f"certificate {certificate.number}; nothing is taken of it until somebody agrees anew"
    return _Done(certificate.sha256, words)


_HOW: dict[Right, _How] = {
    Right.ACCESS: _access,
    Right.CORRECT: _correct,
    Right.SUPPLEMENT: _correct,
    Right.DELETE: _delete,
    Right.CANCEL_ACCOUNT: _cancel,
    Right.RESTRICT: _restrict,
    Right.WITHDRAW: _withdraw,
    Right.OBJECT: _object,
}
"""What each right does."""
