"""The register of requests: received, verified, answered or denied; each step is on record before it has an effect."""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake import requests as table
from remit_consumers.lake.requests import Request, State
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.clock import due_at
from remit_consumers.requests.matter import Matters
from remit_schemas.errors import RequestRefused, RequestUnknown
from remit_schemas.policy import Policy
from remit_schemas.requests import (
    Delay,
    Denial,
    ProofKind,
    Requester,
    RequestTerms,
    Right,
)

COUNTRY: Final = re.compile(r"[A-Z]{2}")
"""How a jurisdiction is written: it is counted by, so nothing else may stand there."""

ID_BYTES: Final = 6
"""Random bytes of a request's id: short enough to be said on the phone, and of a million two are the same with a chance
of 1 in 563."""

KEPT_FOR: Final = timedelta(days=1095)
"""How long a request stays on record: for three years a claim can be brought (Civil Code of the PRC, article 188)."""


Name = Callable[[SubjectRef], str | None]
"""Gives the pseudonym that the register knows a subject by; None where nothing is known of them."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes the steps.

    Attributes:
        name: As the record will say.
        tenant: To which they are bound: of others they can neither see nor take anything; None where to none.
    """

    name: str
    tenant: str | None = None


class Register:
    """All requests of an installation."""

    def __init__(
        self, lake: Path, matters: Matters, policy: Policy, name: Name, actor: Actor
    ) -> None:
        """Open the register.

        Args:
            lake: The lake's folder.
            matters: Whom open requests are about.
            policy: The policy in force.
            name: Names subjects.
            actor: Who takes the steps.

        Raises:
            RequestRefused: The policy says nothing of requests.
        """
        if policy.requests is None:
            message = f'policy {policy.name} {policy.version} takes no requests: give it a section "requests"'
            raise RequestRefused(message)
        self.terms: RequestTerms = policy.requests
        self.matters = matters
        self._lake, self._policy, self._name = lake, policy, name
        self._actor, self._tenant = actor.name, actor.tenant

    def receive(self, about: SubjectRef, asked: Asked, now: datetime) -> Request:
        """Take a request; its clock starts.

        Raises:
            RequestRefused: The policy knows no such right, requester, channel or ground, or the tenant is another.
            LakeError: It cannot be put on record.
            KeysOutOfReach: Vault or keys cannot be reached.
        """
        self._check(asked)
        if not self._is_own(about.tenant):
            raise RequestRefused("the request is of another tenant than who takes it is bound to")
        subject = self._name(about)
        request = Request(
            request=secrets.token_hex(ID_BYTES),
            step=1,
            state=State.RECEIVED,
            at=now,
            right=asked.right,
            requester=asked.requester,
            channel=asked.channel,
            jurisdiction=asked.jurisdiction,
            tenant=about.tenant,
            subject=subject,
            received_at=now,
            due_at=due_at(now, self.terms),
            policy_version=self._policy.version,
            proof="",
            ground=asked.ground or "",
            reason="",
            clause=self.terms.rights[asked.right].clause,
            scope=json.dumps(asked.scope.to_dict()),
            may_charge=self._is_repeated(subject, asked.right, now),
            evidence="",
            actor=self._actor,
            keep_until=now + KEPT_FOR,
        )
        self.matters.keep(request.request, about)
        table.record(self._lake, asdict(request))
        return request

    def verify(self, request: str, proof: ProofKind, now: datetime) -> Request:
        """Record that it was checked who asks, and how; nothing of the check is kept.

        Raises:
            RequestRefused: The request is closed or was checked, or this proves nothing of such a requester.
        """
        found = self.open(request)
        allowed = self.terms.requesters[Requester(found.requester)].proofs
        if proof not in allowed:
            message = f"{proof} proves no {found.requester}; one of {', '.join(allowed)} does"
            raise RequestRefused(message)
        return self._step(found, now, state=State.IN_WORK, proof=proof, reason="")

    def delay(self, request: str, why: Delay, now: datetime) -> Request:
        """Record why an answer takes its time; it is due no later for that.

        Raises:
            RequestRefused: The request is closed, or the policy has no such reason.
        """
        terms = self.terms.delays.get(why)
        if terms is None:
            raise _not_in_policy("reason for a delay", self.terms.delays)
        return self._step(self.open(request), now, reason=why, clause=terms.clause)

    def deny(self, request: str, why: Denial, now: datetime) -> Request:
        """Deny a request for a reason that the policy has; whom it was about is forgotten.

        Raises:
            RequestRefused: The request is closed, or the policy has no such reason.
        """
        terms = self.terms.denials.get(why)
        if terms is None:
            raise _not_in_policy("reason for a denial", self.terms.denials)
        return self._close(self.open(request), now, State.DENIED, reason=why, clause=terms.clause)

    def done(self, request: str, evidence: str, now: datetime) -> Request:
        """Record that a request was answered; whom it was about is forgotten.

        Args:
            request: Its id.
            evidence: SHA-256 of what was handed over, or of the certificate.
            now: Aware UTC.

        Raises:
            RequestRefused: It is closed, or nobody checked who asks.
        """
        found = self.ready(request)
        return self._close(found, now, State.DONE, evidence=evidence, reason="")

    def all(self) -> list[Request]:
        """Every request as it stands, the oldest first; of one tenant where who asks is bound to it.

        Raises:
            LakeError: The lake cannot be read.
        """
        return [one for one in self._every() if self._is_own(one.tenant)]

    def of(self, about: SubjectRef) -> list[Request]:
        """The requests about one subject that is known, the oldest first; errors as `all`."""
        subject = self._name(about)
        if subject is None:
            return []
        return [one for one in self.all() if (one.tenant, one.subject) == (about.tenant, subject)]

    def history(self, request: str) -> list[Request]:
        """The steps of one request, the oldest first.

        Raises:
            RequestUnknown: There is no such request.
        """
        found = [one for one in table.read(table.steps(self._lake)) if one.request == request]
        if not found or not self._is_own(found[0].tenant):
            raise RequestUnknown("there is no such request: see `remit requests list`")
        return found

    def open(self, request: str) -> Request:
        """A request that still waits for its answer.

        Raises:
            RequestRefused: There is none, or it is closed.
        """
        found = self.history(request)[-1]
        if not found.is_open:
            raise RequestRefused(f"this request is closed: {found.state} on {found.at:%Y-%m-%d}")
        return found

    def ready(self, request: str) -> Request:
        """A request that can be carried out.

        Raises:
            RequestRefused: There is none, it is closed, or nobody checked who asks.
        """
        found = self.open(request)
        if found.state != State.IN_WORK:
            message = "nobody has checked who asks: `remit requests verify` first"
            raise RequestRefused(message)
        return found

    def about(self, found: Request) -> SubjectRef:
        """Whom an open request is about.

        Raises:
            RequestRefused: That has been lost.
        """
        about = self.matters.of(found.request)
        if about is None:
            message = "whom this request is about is not known any more: deny it, and take it anew"
            raise RequestRefused(message)
        return about

    def tidy(self) -> None:
        """Forget whom requests were about that are closed, or never came on record: a crash may have left some."""
        kept = self.matters.kept()
        open_ = {one.request for one in self._every() if one.is_open} if kept else set()
        for request in kept:
            if request not in open_:
                self.matters.forget(request)

    def _every(self) -> list[Request]:
        """Every request of every tenant."""
        return table.standing(table.steps(self._lake))

    def _is_own(self, tenant: str) -> bool:
        """Whether who takes the steps may know of a tenant's requests."""
        return self._tenant is None or tenant == self._tenant

    def _check(self, asked: Asked) -> None:
        """Refuse what the policy does not know."""
        terms = self.terms
        for what, word, known in (
            ("right", asked.right, terms.rights),
            ("requester", asked.requester, terms.requesters),
            ("channel", asked.channel, terms.channels),
        ):
            if word not in known:
                raise _not_in_policy(what, known)
        if asked.jurisdiction and not COUNTRY.fullmatch(asked.jurisdiction):
            raise RequestRefused("a jurisdiction is two capital letters of ISO 3166-1, such as CN")
        if (asked.ground is not None) != (asked.right is Right.DELETE):
            raise RequestRefused("a deletion has a ground, and nothing else has")
        if asked.ground is not None and asked.ground not in terms.grounds:
            raise _not_in_policy("ground", terms.grounds)
        if not asked.scope.is_whole and asked.right is not Right.DELETE:
            raise RequestRefused("only a deletion can be of a part")

    def _is_repeated(self, subject: str | None, right: Right, now: datetime) -> bool:
        """Whether a fee may be asked: more of the same than is free. Source: policy 2021-11-01, clause S103b."""
        repeats = self.terms.repeats
        if repeats is None or subject is None:
            return False
        before = [
            one
            for one in self._every()
            if (one.subject, one.right) == (subject, right)
            and one.received_at > now - repeats.within
        ]
        return len(before) >= repeats.free

    def _close(self, found: Request, now: datetime, state: State, **changes: str) -> Request:
        closed = self._step(found, now, state=state, **changes)
        self.matters.forget(found.request)
        return closed

    def _step(self, found: Request, now: datetime, **changes: str) -> Request:
        step = {"step": found.step + 1, "at": now, "actor": self._actor}
        taken = Request(**(asdict(found) | step | changes))
        table.record(self._lake, asdict(taken))
        return taken


def _not_in_policy(what: str, known: Iterable[str] | Mapping[Any, Any]) -> RequestRefused:
    return RequestRefused(f"the policy has no such {what}; there are {', '.join(map(str, known))}")
