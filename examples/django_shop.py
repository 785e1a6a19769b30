"""A shop on Django, in one file: `python examples/django_shop.py runserver`."""

import os
import secrets
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from remit import Client, visitor

HOME = """<title>Shop</title><h1>Shop</h1><p><a href="/orders/17/">Your order</a></p>
<form method="post"><p>May we count which pages are read?
<button formaction="/consent/given">Yes</button> <button formaction="/consent/refused">No</button></form>"""

OPTIONAL = ("analytics.reporting",)
client = Client("django-shop")


def subject(request: HttpRequest) -> str | None:
    """Say whom a request is about: the visitor of its session, once there is one."""
    session = request.COOKIES.get("session")
    return visitor(session) if session else None


def home(request: HttpRequest) -> HttpResponse:
    """Show the shop."""
    return HttpResponse(HOME)


def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show an order."""
    return JsonResponse({"order": order_id})


def consent(request: HttpRequest, answer: str) -> HttpResponse:
    """Take the answer of the banner; the session begins here, if there is none."""
    if request.method != "POST" or answer not in {"given", "refused"}:
        return HttpResponse(status=404)
    session = request.COOKIES.get("session") or secrets.token_urlsafe(16)
    client.consent(
        visitor(session),
        given=OPTIONAL if answer == "given" else (),
        refused=OPTIONAL if answer == "refused" else (),
        method="banner",
    )
    response = HttpResponse(status=204)
    response.set_cookie("session", session, httponly=True, samesite="Lax")
    return response


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the shop is there; no page view."""
    return HttpResponse("ok")


urlpatterns = [
    path("", home),
    path("orders/<int:order_id>/", order),
    path("consent/<slug:answer>", consent),
    path("healthz", healthz),
]
settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
    MIDDLEWARE=["remit.django.RemitMiddleware"],
    REMIT_CLIENT=client,
    REMIT={"subject": subject, "skip": ["/healthz"]},
)
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
