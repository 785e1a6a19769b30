"""A shop on Flask: `gunicorn --chdir examples --workers 4 flask_shop:app`."""

import secrets
from typing import Any

from flask import Flask, Request, request
from flask.typing import ResponseReturnValue

from remit import Client, visitor
from remit.wsgi import RemitMiddleware

HOME = """<title>Shop</title><h1>Shop</h1><p><a href="/orders/17">Your order</a></p>
<form method="post"><p>May we count which pages are read?
<button formaction="/consent/given">Yes</button> <button formaction="/consent/refused">No</button></form>"""

OPTIONAL = ("analytics.reporting",)
client = Client("flask-shop")


def subject(environ: dict[str, Any]) -> str | None:
    """Say whom a request is about: the visitor of its session, once there is one."""
    session = Request(environ, populate_request=False).cookies.get("session")
    return visitor(session) if session else None


app = Flask(__name__)
app.wsgi_app = RemitMiddleware(  # type: ignore[method-assign]  # as Flask documents it
    app.wsgi_app, client, subject=subject, skip=("/healthz",)
)


@app.get("/")
def home() -> str:
    """Show the shop."""
    return HOME


@app.get("/orders/<int:order_id>")
def order(order_id: int) -> dict[str, int]:
    """Show an order."""
    return {"order": order_id}


@app.post("/consent/<any(given, refused):answer>")
def consent(answer: str) -> ResponseReturnValue:
    """Take the answer of the banner; the session begins here, if there is none."""
    session = request.cookies.get("session") or secrets.token_urlsafe(16)
    client.consent(
        visitor(session),
        given=OPTIONAL if answer == "given" else (),
        refused=OPTIONAL if answer == "refused" else (),
        method="banner",
    )
    response = app.response_class(status=204)
    response.set_cookie("session", session, httponly=True, samesite="Lax")
    return response


@app.get("/healthz")
def healthz() -> str:
    """Say that the shop is there; no page view."""
    return "ok"
