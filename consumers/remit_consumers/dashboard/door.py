"""The door's own pages, for who is not in: why not, and how one comes in. Programs read a line of text."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from remit_consumers.dashboard.asked import language_of, theme_of
from remit_consumers.dashboard.render import HEADERS, environment
from remit_consumers.dashboard.words import words_of

MISTAKES = frozenset({"no_token", "no_login", "away"})
"""What is said aloud: somebody tried, and it did not open."""


def door(request: Request, why: str, status: int, *, has_login: bool) -> Response:
    """Say why somebody is not in.

    Args:
        request: What is answered.
        why: `no_session`, `no_token`, `no_login`, `away` or `left`.
        status: HTTP status.
        has_login: Whether one can log in at an identity provider.
    """
    if "text/html" not in request.headers.get("accept", ""):
        words = words_of("en")
        how = f" {words('door.how')}" if why == "no_session" else ""
        return PlainTextResponse(f"{words(f'door.{why}')}{how}\n", status, headers=HEADERS)
    return _page(
        request, status, why=why, is_wrong=why in MISTAKES, has_login=has_login, onward=False
    )


def onward(request: Request) -> Response:
    """Lead somebody who just came in to the first page."""
    return _page(request, 200, why="entered", is_wrong=False, has_login=False, onward=True)


def _page(request: Request, status: int, **shown: object) -> Response:
    given = {**shown, "t": words_of(language_of(request)), "theme": theme_of(request)}
    return HTMLResponse(
        environment().get_template("door.html").render(given), status, headers=HEADERS
    )
