"""`POST /v1/links`: a link to somebody's own page, for a product's own programs. Each call bears a token of the requests API.

    {"subject", "tenant"?, "minutes"?} → 201 {"token", "code", "ends_at"}

The product puts the token behind `#` of the page's address, and sends the code by another way.
"""

from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Call
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit_consumers.access.roles import Act
from remit_consumers.clock import Clock, utc_now
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.my.links import LIVES, LIVES_MAX, Link, Links
from remit_consumers.requests.callers import NO_STORE, Callers
from remit_schemas.errors import KeysOutOfReach, RequestRefused
from remit_schemas.read_json import read_json

BODY_BYTES_MAX = 4 << 10
MINUTE = timedelta(minutes=1)


def handing_out(deployment: Deployment, callers: Callers, now: Clock = utc_now) -> Route:
    """Make the route; calls without a token are refused and counted."""

    async def door(call: Call) -> Response:
        identity = await run_in_threadpool(callers.admitted, call, Act.HAND_OUT_LINKS)
        if isinstance(identity, Response):
            return identity
        try:
            said = identity.bound(await _said(call))
            made = await run_in_threadpool(_made, deployment, said, now)
        except KeysOutOfReach as error:
            return callers.refused(503, "out_of_reach", str(error))
        except RequestRefused as error:
            return callers.refused(400, "refused", str(error))
        told = {"token": made.token, "code": made.code, "ends_at": made.ends_at.isoformat()}
        return JSONResponse(told, 201, NO_STORE)

    return Route("/v1/links", door, methods=["POST"])


async def _said(call: Call) -> dict[str, Any]:
    """The JSON object of a call.

    Raises:
        RequestRefused: It is none that names a subject.
    """
    data = b""
    async for chunk in call.stream():
        data += chunk
        if len(data) > BODY_BYTES_MAX:
            break
    try:
        said = read_json(data[:BODY_BYTES_MAX])
    except ValueError:
        said = None
    if not isinstance(said, dict) or not _is_understood(said):
        raise RequestRefused('a link is for somebody: {"subject": "…"}, and tenant and minutes')
    return said


def _is_understood(said: dict[str, Any]) -> bool:
    """Whether it names somebody, and says nothing that would be passed over: a tenant misspelt would be another's."""
    texts = said.get("subject"), said.get("tenant", "")
    return (
        all(isinstance(text, str) for text in texts)
        and bool(texts[0])
        and not said.keys() - {"subject", "tenant", "minutes"}
    )


def _made(deployment: Deployment, said: dict[str, Any], now: Clock) -> Link:
    """Make the link that was asked for."""
    minutes = said.get("minutes", LIVES // MINUTE)
    most = LIVES_MAX // MINUTE
    if not isinstance(minutes, int) or not 0 < minutes <= most:
        raise RequestRefused(f"minutes are a whole number, 1 to {most}")
    about = SubjectRef(said.get("tenant", ""), said["subject"])
    return Links.of(deployment).make(about, now(), minutes * MINUTE)
