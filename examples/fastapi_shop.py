"""A shop on FastAPI: `uvicorn --app-dir examples fastapi_shop:app`."""

import secrets
from typing import Annotated, Any, Literal

from fastapi import Cookie, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from remit import Client, visitor
from remit.asgi import RemitMiddleware

HOME = """<title>Shop</title><h1>Shop</h1><p><a href="/orders/17">Your order</a></p>
<form method="post"><p>May we count which pages are read?
<button formaction="/consent/given">Yes</button> <button formaction="/consent/refused">No</button></form>"""

OPTIONAL = ("analytics.reporting",)
client = Client("fastapi-shop")


def subject(scope: dict[str, Any]) -> str | None:
    """Say whom a request is about: the visitor of its session, once there is one."""
    session = Request(scope).cookies.get("session")
    return visitor(session) if session else None


app = FastAPI()
app.add_middleware(RemitMiddleware, client=client, subject=subject, skip=("/healthz",))


@app.get("/", response_class=HTMLResponse)
async def home() -> str:
    """Show the shop."""
    return HOME


@app.get("/orders/{order_id}")
async def order(order_id: int) -> dict[str, int]:
    """Show an order."""
    return {"order": order_id}


@app.post("/consent/{answer}", status_code=204)
async def consent(
    answer: Literal["given", "refused"],
    response: Response,
    session: Annotated[str | None, Cookie()] = None,
) -> None:
    """Take the answer of the banner; the session begins here, if there is none."""
    session = session or secrets.token_urlsafe(16)
    response.set_cookie("session", session, httponly=True, samesite="lax")
    client.consent(
        visitor(session),
        given=OPTIONAL if answer == "given" else (),
        refused=OPTIONAL if answer == "refused" else (),
        method="banner",
    )


@app.get("/healthz")
async def healthz() -> str:
    """Say that the shop is there; no page view."""
    return "ok"
