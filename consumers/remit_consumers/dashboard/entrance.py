"""Coming in and leaving: by a token that opens once, or by the identity provider; a cookie keeps the door open for one browser."""

import logging
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from remit_consumers.access.login import WAY_S
from remit_consumers.access.provider import BACK
from remit_consumers.dashboard.door import door, onward
from remit_consumers.dashboard.gate import Gate, cookie_of, word_of
from remit_consumers.dashboard.paths import ENTRANCE, LEAVE, LOGIN
from remit_consumers.dashboard.render import HEADERS
from remit_schemas.errors import RemitError

log = logging.getLogger("remit.dashboard")

LOGIN_COOKIE: Final = "remit_login"
"""While somebody is at the identity provider. It is SameSite=Lax, and the one that is: they come back from another site."""

Endpoint = Callable[[Request], Response]


def entrances(gate: Gate) -> list[Route]:
    """The ways in and out of a gate."""
    return [
        Route(ENTRANCE, _or_away(gate, _enter(gate))),
        Route(LOGIN, _or_away(gate, _login(gate))),
        Route(BACK, _or_away(gate, _back(gate))),
        Route(LEAVE, _leave(gate), methods=["POST"]),
    ]


def _or_away(gate: Gate, answer: Endpoint) -> Endpoint:
    """Let nobody in where it cannot be said who they are."""

    def answered(request: Request) -> Response:
        try:
            return answer(request)
        except RemitError as error:
            log.warning("nobody could be let in: %s", error)
            gate.refused("out_of_reach")
            return door(request, "away", 503, has_login=False)

    return answered


def _enter(gate: Gate) -> Endpoint:
    """The door: a token opens it once, and a cookie keeps it open for that browser until the session ends."""

    def answer(request: Request) -> Response:
        session = gate.enter(request.query_params.get("token", ""))
        if session is None:
            return _nobody(gate, request, "no_token")
        return _let_in(gate, request, session, RedirectResponse("/", 303, headers=HEADERS))

    return answer


def _login(gate: Gate) -> Endpoint:
    """The way to the identity provider."""

    def answer(request: Request) -> Response:
        if gate.login is None:
            return PlainTextResponse("No identity provider is configured.\n", 404, headers=HEADERS)
        word, address = gate.login.begin()
        sent = RedirectResponse(address, 303, headers=HEADERS)
        sent.set_cookie(
            _login_cookie(request),
            word,
            max_age=int(WAY_S),
            httponly=True,
            samesite="lax",
            secure=_is_tls(request),
        )
        return sent

    return answer


def _back(gate: Gate) -> Endpoint:
    """The way back; the next page is asked for by a page of ours, because a strict cookie goes with no other."""

    def answer(request: Request) -> Response:
        word, said = request.cookies.get(_login_cookie(request), ""), request.query_params
        is_told_once = len(said.multi_items()) == len(said)
        identity = gate.login.finish(word, said) if gate.login and is_told_once else None
        if identity is None:
            came = _nobody(gate, request, "no_login")
        else:
            came = _let_in(gate, request, gate.sessions.begin(identity), onward(request))
        came.delete_cookie(
            _login_cookie(request), httponly=True, samesite="lax", secure=_is_tls(request)
        )
        return came

    return answer


def _leave(gate: Gate) -> Endpoint:
    """The way out: the session ends here and in the browser."""

    def answer(request: Request) -> Response:
        gate.sessions.end(word_of(request))
        left = door(request, "left", 200, has_login=gate.login is not None)
        left.delete_cookie(
            cookie_of(request), httponly=True, samesite="strict", secure=_is_tls(request)
        )
        return left

    return answer


def _nobody(gate: Gate, request: Request, reason: str) -> Response:
    """Let nobody in, and remember from where they tried."""
    gate.failed.count(request.client.host if request.client else "")
    gate.refused(reason)
    return door(request, reason, 403, has_login=gate.login is not None)


def _let_in(gate: Gate, request: Request, session: str, answer: Response) -> Response:
    """Have a browser keep a new session; the one that it had ends."""
    gate.sessions.end(word_of(request))
    answer.set_cookie(
        cookie_of(request), session, httponly=True, samesite="strict", secure=_is_tls(request)
    )
    return answer


def _login_cookie(request: Request) -> str:
    return f"__Host-{LOGIN_COOKIE}" if _is_tls(request) else LOGIN_COOKIE


def _is_tls(request: Request) -> bool:
    return request.url.scheme == "https"
