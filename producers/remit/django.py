"""Page views of a Django project: ``MIDDLEWARE = ["remit.django.RemitMiddleware", …]``.

The setting ``REMIT_CLIENT`` names or holds the client; ``REMIT`` holds the rest:
``{"proxies": "1", "skip": ["/healthz"], "subject": "shop.people.subject", "tenant": …}``.

Source: Django 5.2, "Middleware"; "Asynchronous support".
"""

# Django ships no types, and its stubs are a plugin of mypy's.
# pyright: reportMissingTypeStubs=false

import os
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from remit.client import Client
from remit.collect import Answer, Request
from remit.template import template
from remit.visit import Visit, Visits, proxies_of, status_of
from remit_schemas.errors import SettingsError

_CLIENT: Final = "REMIT_CLIENT"
_KNOWN: Final = frozenset({"source", "proxies", "skip", "subject", "tenant"})


class RemitMiddleware(MiddlewareMixin):  # type: ignore[misc]  # Django has no types
    """Emits one page view for each answered request; first in the list, it sees them all."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Stand before the rest of the chain.

        Raises:
            SettingsError: ``REMIT`` has a key that is none, or says nothing of a client.
        """
        super().__init__(get_response)
        self._visits = _visits(getattr(settings, "REMIT", {}))

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve one request."""
        if self.async_mode:
            return self._answer_async(request)
        visit = _Visit(self._visits, request)
        try:
            response: HttpResponseBase = self.get_response(request)
        except BaseException as error:
            visit.end(status_of(error))
            raise
        return visit.ends_with(response)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        visit = _Visit(self._visits, request)
        try:
            response: HttpResponseBase = await self.get_response(request)
        except BaseException as error:
            visit.end(status_of(error))
            raise
        return visit.ends_with(response)


class _Visit(Visit):
    __slots__ = ()

    def __init__(self, visits: Visits, request: HttpRequest) -> None:
        super().__init__(visits, request)
        self._is_over = visits.leaves_out(request.method, request.path)

    def ends_with(self, response: HttpResponseBase) -> HttpResponseBase:
        """End with a whole answer now, and with a stream when the server closes it: it is sent then.

        A whole answer is left as it is: caches pickle them.
        """
        if not getattr(response, "streaming", False):
            self.end(response.status_code)
            return response
        close = response.close

        def closed() -> None:
            try:
                close()
            finally:
                self.end(response.status_code)

        response.close = closed  # servers call it, and their file wrappers take it along
        return response

    def _read(self, status: int | None, duration_ms: int) -> tuple[Request, Answer]:
        request = self._context
        answer = Answer(request.method, _page(request), status, duration_ms)
        return Request.of_environ(request.META), answer


def _page(request: HttpRequest) -> str:
    """Give the route of a request, and its path where no pattern fits."""
    match = request.resolver_match
    route = getattr(match, "route", None)
    named = template(route) if isinstance(route, str) else None
    if named is None:
        path: str = request.path
        return path
    return f"{request.META.get('SCRIPT_NAME', '')}{named}"


def _visits(options: dict[str, Any]) -> Visits:
    """Take down what the settings say."""
    if unknown := set(options) - _KNOWN:
        nearest = ", ".join(sorted(_KNOWN))
        message = f"the setting REMIT has {len(unknown)} keys that are none; there are {nearest}"
        raise SettingsError(message)
    subject, tenant = (_loaded(options.get(name)) for name in ("subject", "tenant"))
    proxies = proxies_of(options.get("proxies"), os.environ)
    return Visits(_client(options), proxies, tuple(options.get("skip", ())), subject, tenant)


def _client(options: dict[str, Any]) -> Client:
    """Give the project's client, or make one of its own."""
    client = _loaded(getattr(settings, _CLIENT, None))
    if isinstance(client, Client):
        return client
    if client is not None or "source" not in options:
        message = f'set {_CLIENT} to a remit.Client or to where one is, or REMIT["source"]'
        raise SettingsError(message)
    return Client(options["source"])


def _loaded(given: Any) -> Any:  # noqa: ANN401  # a setting is what a project makes it
    """Import what is given by its dotted name."""
    return import_string(given) if isinstance(given, str) else given
