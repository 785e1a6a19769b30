"""Requests: what people asked for, how much time is left, and the forms to take one and to work it.

Source: policy 2021-11-01, clauses S101, S102.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from starlette.responses import Response

from remit_consumers.access.roles import Act
from remit_consumers.dashboard.asked import Asked
from remit_consumers.dashboard.render import HEADERS
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.requests import Request, standing, steps
from remit_consumers.requests.asked import Asked as What
from remit_consumers.requests.clock import due
from remit_consumers.requests.fulfil import Given, fulfil
from remit_consumers.requests.opened import open_register
from remit_consumers.requests.register import Register
from remit_schemas.errors import RequestRefused
from remit_schemas.requests import (
    Channel,
    Delay,
    DeletionGround,
    Denial,
    ProofKind,
    Requester,
    RequestTerms,
    Right,
)

CLOSED_SHOWN: Final = 50
BACK: Final = "/requests"

Form = Mapping[str, str]

Word = TypeVar("Word", bound=StrEnum)


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    terms, now = asked.site.policy.requests, asked.site.now()
    tenant = asked.identity.tenant
    known = standing(steps(asked.site.lake.root))
    found = [one for one in known if tenant is None or one.tenant == tenant]
    open_ = sorted((one for one in found if one.is_open), key=lambda one: one.due_at)
    closed = sorted((one for one in found if not one.is_open), key=lambda one: one.at)[::-1]
    return {
        "terms": terms,
        "is_empty": not found,
        "open": [(one, _left(one, terms, now)) for one in open_],
        "closed": closed[:CLOSED_SHOWN],
        "closed_count": len(closed),
        "late": sum(one.due_at < now for one in open_),
        "can_work": asked.may(Act.WORK_REQUESTS) and asked.site.deployment is not None,
        "kinds": _kinds(terms),
    }


def _kinds(terms: RequestTerms | None) -> Mapping[str, tuple[str, ...]]:
    """What the forms offer: what the policy has, and nothing else."""
    if terms is None:
        return {}
    known: Mapping[str, Iterable[str]] = {
        "right": terms.rights,
        "requester": terms.requesters,
        "channel": terms.channels,
        "ground": terms.grounds,
        "denial": terms.denials,
        "delay": terms.delays,
    }
    proofs = {proof for one in terms.requesters.values() for proof in one.proofs}
    kinds = {name: tuple(str(one) for one in words) for name, words in known.items()}
    return kinds | {"proof": tuple(str(one) for one in ProofKind if one in proofs)}


def _left(one: Request, terms: RequestTerms | None, now: datetime) -> Mapping[str, object]:
    """How an open request stands in time."""
    if terms is None:
        return {"days": 0, "alert": 0, "is_late": False}
    stands = due(one.received_at, one.due_at, terms, now)
    return {"days": stands.days_left, "alert": stands.alert, "is_late": stands.is_late}


def receive(asked: Asked, form: Form) -> str:
    """Take a request; gives where to go on.

    Raises:
        RequestRefused: Nobody is named, or the policy has nothing of that kind.
    """
    _, register = _desk(asked)
    subject = form.get("subject", "").strip()
    if not subject:
        raise RequestRefused("name whom the request is about, as the app knows them")
    right = _one(Right, form, "right")
    what = What(
        right=right,
        requester=_one(Requester, form, "requester"),
        channel=_one(Channel, form, "channel"),
        jurisdiction=form.get("jurisdiction", "").strip().upper(),
        ground=_one(DeletionGround, form, "ground") if right is Right.DELETE else None,
    )
    bound = asked.identity.tenant
    tenant = form.get("tenant", "").strip() if bound is None else bound
    register.receive(SubjectRef(tenant, subject), what, asked.site.now())
    return BACK


def work(asked: Asked, form: Form) -> str | Response:
    """Take the next step of a request; gives where to go on, or what is handed over.

    Raises:
        RequestRefused: The request is closed, or the policy has nothing of that kind.
    """
    deployment, register = _desk(asked)
    request, now = str(asked.request.path_params["request"]), asked.site.now()
    step = form.get("step", "")
    if step == "verify":
        register.verify(request, _one(ProofKind, form, "proof"), now)
    elif step == "delay":
        register.delay(request, _one(Delay, form, "delay"), now)
    elif step == "deny":
        register.deny(request, _one(Denial, form, "denial"), now)
    elif step == "fulfil":
        given = Given(asked.site.told.withdraw, None, form.get("reviewed") == "yes")
        answer = fulfil(deployment, register, request, given, now)
        if answer.file is not None:
            return _handed_over(request, answer.file)
    else:
        raise RequestRefused("a request is verified, fulfilled, delayed or denied")
    return BACK


def _handed_over(request: str, file: bytes) -> Response:
    """The file for whoever asked."""
    named = {"Content-Disposition": f'attachment; filename="remit-{request}.zip"'}
    return Response(file, media_type="application/zip", headers={**HEADERS, **named})


def _desk(asked: Asked) -> tuple[Deployment, Register]:
    """Keys, vault and register, for the privacy officer alone.

    Raises:
        RequestRefused: Somebody else asks, or they cannot be had from here.
    """
    if not asked.may(Act.WORK_REQUESTS) or asked.site.deployment is None:
        raise RequestRefused(
            "requests are worked by the privacy officer: `remit dashboard --role privacy_officer`"
        )
    deployment = asked.site.deployment()
    return deployment, open_register(deployment, asked.signed(), asked.identity.tenant)


def _one(kind: type[Word], form: Form, name: str) -> Word:
    """A word of a closed list.

    Raises:
        RequestRefused: It is none.
    """
    try:
        return kind(form.get(name, ""))
    except ValueError:
        message = f"choose one of the {name} that the policy has"
        raise RequestRefused(message) from None
