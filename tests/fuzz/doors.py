"""Targets at the doors of people and programs: tokens of an identity provider, bearers, signed links, bodies of calls."""

import asyncio
import json
import time
from datetime import UTC, datetime
from functools import cache

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.requests import Request as Call

from fuzz.target import ROOM, Target, of_text
from remit_consumers.access.invitations import take
from remit_consumers.access.provider import Provider, ProviderSettings, bearer_of
from remit_consumers.access.roles import Role
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.my.handing_out import _said
from remit_consumers.my.links import Links
from remit_consumers.requests.api import _blamed, _body, _scope
from remit_schemas.errors import RemitError, RequestRefused

ISSUER, AUDIENCE = "https://id.example", "remit"
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
NOW = datetime.now(UTC)


class Known(Provider):
    """A provider whose keys are here already: what is fuzzed is what comes from strangers."""

    def _read(self) -> KeySet:
        return KeySet([KEY])


PROVIDER = Known(
    ProviderSettings(issuer=ISSUER, audience=AUDIENCE, roles={"privacy": Role.OFFICER})
)


def _token(**other: object) -> bytes:
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "roles": ["privacy"], **other}
    return jwt.encode(
        {"alg": "ES256", "kid": "one"}, {"exp": int(time.time()) + 86_400, **said}, KEY
    ).encode()


GOOD = _token()


def _identity(token: str) -> None:
    """What is not signed as it stands opens nothing, whatever was changed."""
    if PROVIDER.identity(token) is not None:
        assert token.encode() in SIGNED


SIGNED = (GOOD, _token(roles="privacy"), _token(roles=[["privacy"], 7, None, "privacy"]))


@cache
def _links() -> tuple[Links, bytes]:
    links = Links(ROOM / "links", bytes(32), lambda *_: bytes(32))
    return links, links.make(SubjectRef("", "ann"), NOW).token.encode()


def _link(token: str) -> None:
    links, good = _links()
    if token.encode() != good:
        links.use(token, NOW)


def _call(data: bytes) -> Call:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": data, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [], "path": "/", "query_string": b""}
    return Call(scope, receive)


def _request(data: bytes) -> None:
    """As the door answers: what is no word of the API is told by one sentence, whatever Python said of it."""
    try:
        said = asyncio.run(_body(_call(data)))
        _scope(said.get("scope", {}))
    except (RemitError, ValueError, KeyError, TypeError) as error:
        raise RequestRefused(_blamed(error)[2]) from None


REQUEST = json.dumps(
    {
        "right": "erase",
        "subject": "ann",
        "scope": {"categories": ["identity"], "from": "2026-01-01", "to": "2026-02-01"},
    }
).encode()

TARGETS = (
    Target("identity_token", of_text(_identity), SIGNED),
    Target("bearer", of_text(bearer_of), (b"Bearer abc.def.ghi", b"bearer  x")),
    Target("invitation", of_text(lambda token: take(ROOM / "keys", token, NOW)), (b"A" * 43,)),
    Target("signed_link", of_text(_link), (_links()[1],)),
    Target("request_body", _request, (REQUEST,)),
    Target(
        "link_body",
        lambda data: asyncio.run(_said(_call(data))),
        (b'{"subject":"ann","minutes":5}',),
    ),
)
