"""`/v1/requests`: the register for a helpdesk's own programs. Each call bears a token; what bears none is refused and counted.

    POST /v1/requests                 take one: {"right", "subject", "tenant"?, "requester"?, "channel"?, "jurisdiction"?, "ground"?, "scope"?}
    GET  /v1/requests                 the open ones; ?all=1 closed ones, too
    GET  /v1/requests/ID              its steps
    POST /v1/requests/ID/verify       {"proof"}
    POST /v1/requests/ID/fulfil       {"correction"?, "reviewed"?}; access answers with the zip
    POST /v1/requests/ID/delay, deny  {"why"}

201 taken, 200 done, 400 not so, 401 no token, 403 not in this role, 404 no such request, 409 not at this moment, 429 too often, 503 lake, vault or keys are out of reach.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Call
from starlette.responses import Response
from starlette.routing import Route

from remit_consumers.access.roles import Act, act_of
from remit_consumers.access.sessions import Identity
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import EVERYTHING
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.lake.requests import Request
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.callers import NO_STORE, Callers
from remit_consumers.requests.correction import Correction
from remit_consumers.requests.fulfil import Answer, Given, Withdraw, fulfil
from remit_consumers.requests.opened import open_register
from remit_consumers.requests.register import Register
from remit_schemas.errors import (
    KeysOutOfReach,
    LakeError,
    RemitError,
    RequestRefused,
    RequestUnknown,
    StaleWriter,
)
from remit_schemas.read_json import read_json
from remit_schemas.requests import (
    Channel,
    Delay,
    DeletionGround,
    Denial,
    ProofKind,
    Requester,
    Right,
)

BODY_BYTES_MAX: Final = 64 << 10
"""A request is a few words; a correction a few fields."""

Said = Mapping[str, Any]
_Does = Callable[["Api", Register, str, Said], Request | Answer | Said]


@dataclass(frozen=True, slots=True)
class Api:
    """What answers calls.

    Attributes:
        deployment: Where everything lies.
        withdraw: How consents are withdrawn.
        callers: Who may call.
    """

    deployment: Deployment
    withdraw: Withdraw
    callers: Callers

    def routes(self) -> list[Route]:
        """What it answers to."""
        return [
            self._route("POST", "/v1/requests", _take),
            self._route("GET", "/v1/requests", _list),
            self._route("GET", "/v1/requests/{request}", _show),
            *(
                self._route("POST", f"/v1/requests/{{request}}/{name}", does)
                for name, does in _STEPS.items()
            ),
        ]

    def _route(self, method: str, path: str, does: _Does) -> Route:
        return Route(path, self._door(does, act_of(method, path)), methods=[method])

    def _door(self, does: _Does, act: Act | None) -> Callable[[Call], Any]:
        async def door(call: Call) -> Response:
            identity = await run_in_threadpool(self.callers.admitted, call, act)
            if isinstance(identity, Response):
                return identity
            try:
                said = await _body(call)
                answer = await run_in_threadpool(
                    self._done, does, identity, call.path_params.get("request", ""), said
                )
            except (RemitError, ValueError, KeyError, TypeError) as error:
                return self.callers.refused(*_blamed(error))
            return _response(answer, 201 if does is _take else 200)

        return door

    def _done(
        self, does: _Does, identity: Identity, request: str, said: Said
    ) -> Request | Answer | Said:
        _only(said, _WORDS[does], "this call")
        register = open_register(self.deployment, identity.program or identity.who, identity.tenant)
        return does(self, register, request, identity.bound(said))


def _blamed(error: Exception) -> tuple[int, str, str]:
    """Status, reason and message for what the caller did."""
    if isinstance(error, StaleWriter):
        return 409, "stale", str(error)
    if isinstance(error, KeysOutOfReach | LakeError):
        return 503, "out_of_reach", str(error)
    if isinstance(error, RequestUnknown):
        return 404, "unknown", str(error)
    if isinstance(error, RequestRefused):
        return 400, "refused", str(error)
    return 400, "not_understood", "this is no request: see docs/requests.md for its words"


async def _body(call: Call) -> Said:
    """The JSON object of a call; empty where it has none, its query where it is a question."""
    if call.method == "GET":
        return dict(call.query_params)
    data = b""
    async for chunk in call.stream():
        data += chunk
        if len(data) > BODY_BYTES_MAX:
            raise RequestRefused(f"a call has at most {BODY_BYTES_MAX:,} bytes")
    said = read_json(data or b"{}")
    if not isinstance(said, dict):
        raise TypeError
    return said


def _response(answer: Request | Answer | Said, status: int) -> Response:
    """Answer a call: a file as it is, everything else as JSON."""
    if isinstance(answer, Answer) and answer.file is not None:
        name = f"remit-{answer.request.request}.zip"
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            **NO_STORE,
        }
        return Response(answer.file, status, headers, "application/zip")
    if isinstance(answer, Answer):
        told: Said = {**answer.request.public(), "detail": answer.detail}
    else:
        told = answer.public() if isinstance(answer, Request) else answer
    text = json.dumps(told, ensure_ascii=False, default=str)
    return Response(text, status, NO_STORE, "application/json")


def _take(_: Api, register: Register, __: str, said: Said) -> Request:
    subject = _text(said, "subject")
    if not subject:
        raise RequestRefused("a request names its subject")
    ground = said.get("ground")
    asked = Asked(
        right=Right(said["right"]),
        requester=Requester(said.get("requester", Requester.SELF)),
        channel=Channel(said.get("channel", Channel.SUPPORT)),
        jurisdiction=_text(said, "jurisdiction"),
        scope=_scope(said.get("scope", {})),
        ground=DeletionGround(ground) if ground else None,
    )
    return register.receive(SubjectRef(_text(said, "tenant"), subject), asked, _now())


def _scope(said: Said) -> Scope:
    """Read a scope; a word that it does not know is refused, since without it the scope would be everything."""
    everything = EVERYTHING.to_dict()
    if not isinstance(said, dict):
        raise TypeError
    _only(said, everything.keys(), "a scope")
    if any(not isinstance(said.get(name, []), list) for name in ("categories", "purposes")):
        raise RequestRefused("categories and purposes of a scope are lists")
    return Scope.from_dict({**everything, **said})


def _text(said: Said, name: str) -> str:
    """A word of a call that is text; empty where it is not said.

    Raises:
        RequestRefused: It is something else.
    """
    text = said.get(name, "")
    if not isinstance(text, str):
        raise RequestRefused(f"{name} is text")
    return text


def _only(said: Said, words: Collection[str], what: str) -> None:
    """See that nothing is said that would be passed over.

    Raises:
        RequestRefused: There is such a word; it is not repeated.
    """
    if said.keys() - words:
        known = ", ".join(sorted(words)) or "none"
        raise RequestRefused(f"{what} has a word that it does not know; it knows: {known}")


def _list(_: Api, register: Register, __: str, said: Said) -> Said:
    register.tidy()
    found = [one.public() for one in register.all() if said.get("all") or one.is_open]
    return {"requests": found}


def _show(_: Api, register: Register, request: str, __: Said) -> Said:
    return {"steps": [one.public() for one in register.history(request)]}


def _verify(_: Api, register: Register, request: str, said: Said) -> Request:
    return register.verify(request, ProofKind(said["proof"]), _now())


def _delay(_: Api, register: Register, request: str, said: Said) -> Request:
    return register.delay(request, Delay(said["why"]), _now())


def _deny(_: Api, register: Register, request: str, said: Said) -> Request:
    return register.deny(request, Denial(said["why"]), _now())


def _fulfil(api: Api, register: Register, request: str, said: Said) -> Answer:
    correction = said.get("correction")
    given = Given(
        withdraw=api.withdraw,
        correction=Correction.of(correction, fills=register.open(request).right == Right.SUPPLEMENT)
        if correction
        else None,
        is_reviewed=said.get("reviewed") is True,
    )
    return fulfil(api.deployment, register, request, given, _now())


_STEPS: Mapping[str, _Does] = {
    "verify": _verify,
    "fulfil": _fulfil,
    "delay": _delay,
    "deny": _deny,
}

_WORDS: Final[Mapping[_Does, frozenset[str]]] = {
    _take: frozenset(
        {
            "channel",
            "ground",
            "jurisdiction",
            "requester",
            "right",
            "scope",
            "subject",
            "tenant",
        }
    ),
    _list: frozenset({"all"}),
    _show: frozenset(),
    _verify: frozenset({"proof"}),
    _fulfil: frozenset({"correction", "reviewed"}),
    _delay: frozenset({"why"}),
    _deny: frozenset({"why"}),
}
"""What each call may say."""


def _now() -> datetime:
    return datetime.now(UTC)
