"""Forms of the person's own page: who may send one, what one says, and what their browser keeps for that."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request as Call
from starlette.responses import Response

from remit_consumers.my.render import base_of
from remit_consumers.my.sessions import LIVES
from remit_schemas.errors import RequestRefused

BODY_BYTES_MAX: Final = 4 << 10
"""A form of this page is a few words; a link's token has 160 characters."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts of this machine: there the cookie may go without TLS."""

DOOR_COOKIE: Final = "remit_my_door"
"""Before somebody is in: without it another site could let them in as somebody else, whose page they then took for theirs."""

DOOR_BYTES: Final = 16
DOOR: Final = re.compile(r"[\w-]{22}", re.ASCII)
"""How 16 random bytes are written; nothing else is taken for them, or said again."""

Form = Mapping[str, str]
"""What a form says, by its fields."""


async def read(call: Call) -> Form:
    """Read a form, as browsers send one.

    Raises:
        RequestRefused: Another site sent it, or it is longer than any of the page.
    """
    if _is_foreign(call):
        raise RequestRefused("a form of another site")
    data = b""
    async for chunk in call.stream():
        data += chunk
        if len(data) > BODY_BYTES_MAX:
            raise RequestRefused(f"a form has at most {BODY_BYTES_MAX:,} bytes")
    return dict(parse_qsl(data.decode(), max_num_fields=10))


def door_cookie(call: Call) -> str:
    """What a browser kept of the door; empty where it kept nothing of ours."""
    found = call.cookies.get(DOOR_COOKIE, "")
    return found if DOOR.fullmatch(found) else ""


def door_word(kept: str) -> str:
    """What the door's form bears where a browser keeps this; nothing where it keeps nothing."""
    return hashlib.sha256(kept.encode("utf-8", "replace")).hexdigest() if kept else ""


def is_same(given: str, own: str) -> bool:
    """Whether a form bears the word that it has to, in constant time; no word is never the same."""
    return bool(own) and hmac.compare_digest(given.encode("utf-8", "replace"), own.encode())


def keep(call: Call, answer: Response, cookie: str, word: str) -> None:
    """Have the browser keep a word for this page alone, where no script and no other site gets it."""
    answer.set_cookie(
        cookie,
        word,
        max_age=int(LIVES.total_seconds()),
        path=base_of(call) or "/",
        secure=call.url.scheme == "https" or call.url.hostname not in LOOPBACK,
        httponly=True,
        samesite="strict",
    )


def _is_foreign(call: Call) -> bool:
    """Whether a browser says that another site sends a form.

    What is no browser says nothing, and a page without a referrer, as ours, has it say `null` (Fetch, "append a request Origin").
    """
    if call.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = call.headers.get("origin", "null")
    return origin != "null" and _place(origin) != call.headers.get("host", "")


def _place(origin: str) -> str:
    """Host and port of an origin; of what is none, nothing that a host is called."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return "["
