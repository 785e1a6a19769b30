"""The application of the person's own page, which the dashboard mounts at /my.

    GET  /         the page, or the door where nobody is in
    POST /enter    {"token"}: a link is used, a session begins
    POST /consent  {"purpose", "status"}
    POST /ask      {"right", "ground"?}: a request begins
    POST /export   {"code"}: the zip, after a second check
    POST /leave

It works without a script but for reading a link's fragment, which can be pasted instead. The session is a cookie that no
other site can send, and every form bears a word of that session; the door's bears a word of its own cookie.

Source: policy 2021-11-01, clauses S077a, S089, S099.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request as Call
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.look import STATIC as LOOK
from remit_consumers.metrics import Metrics
from remit_consumers.my.acting import asks_of, begin, change, hand_over
from remit_consumers.my.forms import (
    DOOR_BYTES,
    DOOR_COOKIE,
    Form,
    door_cookie,
    door_word,
    is_same,
    keep,
    read,
)
from remit_consumers.my.held import held
from remit_consumers.my.links import CODE_DIGITS, Links
from remit_consumers.my.render import STATIC, Closed, base_of, page
from remit_consumers.my.sessions import Session, Sessions
from remit_consumers.requests.fulfil import Say
from remit_schemas.errors import KeysOutOfReach, LakeError, RemitError, RequestRefused

COOKIE: Final = "remit_my"
TELLS: Final = {"consent": "consent.said", "ask": "ask.sent", "ended": "ended"}
"""What the page says after something was done, by the word in its address."""

_Does = Callable[["My", Call, Session, Form], Response]
_Endpoint = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class My:
    """What the page stands on.

    Attributes:
        deployment: Where everything lies.
        say: How a consent is given and withdrawn.
        metrics: Where refused calls are counted.
        now: Tells the time.
        sessions: Who is in.
    """

    deployment: Deployment
    say: Say
    metrics: Metrics
    now: Clock = utc_now
    sessions: Sessions = field(default_factory=Sessions)

    def app(self) -> Starlette:
        """Make the application."""
        return Starlette(
            routes=[
                Route("/", self._guarded(self._look), methods=["GET"]),
                Route("/enter", self._guarded(self._enter), methods=["POST"]),
                *(
                    Route(f"/{name}", self._guarded(self._door(does)), methods=["POST"])
                    for name, does in _DOES.items()
                ),
                Mount("/static/look", StaticFiles(directory=LOOK)),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(Closed)],
        )

    def _guarded(self, answer: _Endpoint) -> _Endpoint:
        """Answer in the page's own words what cannot be done; no message says more than that."""

        async def guarded(call: Call) -> Response:
            try:
                return await answer(call)
            except (KeysOutOfReach, LakeError):
                return self._refused(call, 503, "out_of_reach", "away")
            except (RemitError, ValueError, KeyError):
                return self._refused(call, 400, "refused", "refused")

        return guarded

    def _refused(self, call: Call, status: int, reason: str, said: str) -> Response:
        """Refuse a call, and count it."""
        self.metrics.calls_refused.labels(reason).inc()
        return self.at_the_door(call, {"said": said, "is_wrong": True}, status)

    @staticmethod
    def at_the_door(call: Call, shown: Mapping[str, object], status: int = 200) -> Response:
        """Send the door; its form bears the word of the browser that it is sent to."""
        kept = door_cookie(call) or secrets.token_urlsafe(DOOR_BYTES)
        answer = page(call, "enter", {**shown, "door": door_word(kept)}, status)
        keep(call, answer, DOOR_COOKIE, kept)
        return answer

    async def _look(self, call: Call) -> Response:
        session = self._session(call)
        said = TELLS.get(call.query_params.get("said", ""))
        if session is None:
            return self.at_the_door(call, {"said": said if said == "ended" else None})
        return await run_in_threadpool(self.shown, call, session, said)

    async def _enter(self, call: Call) -> Response:
        form = await read(call)
        token = form.get("token", "").strip().rpartition("#")[2]
        if not is_same(form.get("form", ""), door_word(door_cookie(call))):
            return self._refused(call, 403, "unauthorised", "enter.again")
        try:
            visit = await run_in_threadpool(Links.of(self.deployment).use, token, self.now())
            name = self.sessions.begin(visit, self.now())
        except RequestRefused:
            return self._refused(call, 403, "unauthorised", "enter.refused")
        answer = RedirectResponse(f"{base_of(call)}/", 303)
        keep(call, answer, COOKIE, name)
        answer.delete_cookie(DOOR_COOKIE, path=base_of(call) or "/")
        return answer

    def _door(self, does: _Does) -> _Endpoint:
        """What only somebody who is in may do, by a form of their own page."""

        async def door(call: Call) -> Response:
            session, form = self._session(call), await read(call)
            if session is None or not is_same(form.get("form", ""), session.form):
                return self._refused(call, 403, "unauthorised", "ended")
            return await run_in_threadpool(does, self, call, session, form)

        return door

    def shown(
        self, call: Call, session: Session, said: str | None, *, is_wrong: bool = False
    ) -> Response:
        """Send the page of a session."""
        policy = self.deployment.policy
        shown = {
            "session": session,
            "said": said,
            "is_wrong": is_wrong,
            "held": held(self.deployment, session.about, self.now()),
            "policy": policy,
            "terms": policy.requests,
            "asks": asks_of(policy),
            "digits": CODE_DIGITS,
        }
        return page(call, "my", shown, 403 if is_wrong else 200)

    def _session(self, call: Call) -> Session | None:
        return self.sessions.of(call.cookies.get(COOKIE, ""), self.now())


def _consent(my: My, call: Call, session: Session, form: Form) -> Response:
    change(my.deployment, my.say, session.about, (form["purpose"], form["status"]))
    return RedirectResponse(f"{base_of(call)}/?said=consent", 303)


def _ask(my: My, call: Call, session: Session, form: Form) -> Response:
    begin(my.deployment, session.about, (form["right"], form.get("ground", "")), my.now())
    return RedirectResponse(f"{base_of(call)}/?said=ask", 303)


def _export(my: My, call: Call, session: Session, form: Form) -> Response:
    """Hand everything over, after a second check."""
    name = call.cookies.get(COOKIE, "")
    if not my.sessions.check(name, form.get("code", ""), my.now()):
        my.metrics.calls_refused.labels("unauthorised").inc()
        if my.sessions.of(name, my.now()) is None:
            return my.at_the_door(call, {"said": "ended", "is_wrong": True}, 403)
        return my.shown(call, session, "export.wrong", is_wrong=True)
    answer = hand_over(my.deployment, session.about, my.now())
    file = f'attachment; filename="remit-{answer.request.request}.zip"'
    return Response(answer.file, 200, {"content-disposition": file}, "application/zip")


def _leave(my: My, call: Call, _: Session, __: Form) -> Response:
    my.sessions.end(call.cookies.get(COOKIE, ""))
    answer = RedirectResponse(f"{base_of(call)}/?said=ended", 303)
    answer.delete_cookie(COOKIE, path=base_of(call) or "/")
    return answer


_DOES: Final[Mapping[str, _Does]] = {
    "consent": _consent,
    "ask": _ask,
    "export": _export,
    "leave": _leave,
}
