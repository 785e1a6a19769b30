"""Render: from what the page tells to what is sent, in the language that is asked for."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from remit_consumers.my.words import LANGUAGES, Words, preferred, words_of

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"

LANGUAGE_COOKIE: Final = "remit_my_language"

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""What every answer says: nothing comes from elsewhere, nothing is told to others, nothing stays in a cache."""


class Closed:
    """Puts `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer as ASGI asks."""

        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, closed)


def base_of(call: Request) -> str:
    """Where the page is mounted: empty, or a path without a slash at its end."""
    return str(call.scope.get("root_path", "")).rstrip("/")


def words_for(call: Request) -> Words:
    """The words of the language that is asked for: by the address, by what was chosen before, by the browser."""
    for asked in (call.query_params.get("lang"), call.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return words_of(asked)
    return words_of(preferred(call.headers.get("accept-language", "")))


def page(call: Request, name: str, shown: Mapping[str, Any], status: int = 200) -> Response:
    """Send a page.

    Args:
        call: What is answered.
        name: Of the template.
        shown: What it shows; `said` is a sentence by its key, `is_wrong` says that it is no good news.
        status: HTTP status.
    """
    words, said = words_for(call), shown.get("said")
    given = {
        "session": None,
        "is_wrong": False,
        **shown,
        "t": words,
        "base": base_of(call),
        "languages": LANGUAGES,
        "said": words(said) if said else "",
    }
    answer = HTMLResponse(_templates().get_template(f"{name}.html").render(given), status)
    if call.query_params.get("lang") in LANGUAGES:
        path = base_of(call) or "/"
        answer.set_cookie(
            LANGUAGE_COOKIE, words.language, path=path, httponly=True, samesite="strict"
        )
    return answer


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
