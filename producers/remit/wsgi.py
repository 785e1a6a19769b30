"""Page views of a WSGI app: `app.wsgi_app = RemitMiddleware(app.wsgi_app, client)`.

An answer counts once its server has closed it, so that its duration is that of the sending too.

Source: PEP 3333.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

from remit.client import Client
from remit.collect import Answer, Request
from remit.proxies import Proxies
from remit.template import template
from remit.visit import Naming, Visit, Visits, proxies_of, status_of

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class RemitMiddleware:
    """Emits one page view for each answered request."""

    def __init__(  # noqa: PLR0913  # the public surface, as of the ASGI middleware
        self,
        app: App,
        client: Client,
        *,
        proxies: Proxies | str | None = None,
        skip: Sequence[str] = (),
        subject: Naming | None = None,
        tenant: Naming | None = None,
    ) -> None:
        """Stand before an app.

        Args:
            app: The app.
            client: Takes the page views.
            proxies: Whose `Forwarded` or `X-Forwarded-For` is believed; None reads REMIT_PROXIES.
            skip: Paths that are not counted, such as ``/healthz``; ``/static/`` stands for all below it.
            subject: Names whom a request is about, from its environment, once it is answered.
            tenant: Names whose customer that is, likewise.

        Raises:
            SettingsError: `proxies` is no rule.
        """
        self._app = app
        self._visits = Visits(client, proxies_of(proxies, os.environ), tuple(skip), subject, tenant)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = _path(environ)
        if self._visits.leaves_out(environ.get("REQUEST_METHOD"), path):
            return self._app(environ, start_response)
        visit = _Visit(self._visits, environ, path)

        def start(status: str, *rest: object) -> object:
            visit.starts(status)
            return start_response(status, *rest)

        try:
            body = self._app(environ, start)
        except BaseException as error:
            visit.end(status_of(error))
            raise
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            visit.end(None)  # the server sends the file by itself, if it gets it as it is
            return body
        return _Body(body, visit)


class _Visit(Visit):
    __slots__ = ("_path", "_request", "_status")

    def __init__(self, visits: Visits, environ: Environ, path: str) -> None:
        super().__init__(visits, environ)
        self._path = path  # now: what mounts apps changes it
        self._request: object = None
        self._status: str | None = None

    def starts(self, status: str) -> None:
        """Note how the app begins to answer; only now does Flask leave its request where it can be found."""
        self._status = status
        self._request = self._context.get("werkzeug.request")

    def _read(self, status: int | None, duration_ms: int) -> tuple[Request, Answer]:
        environ = self._context
        rule = getattr(getattr(self._request, "url_rule", None), "rule", None)
        named = template(rule) if isinstance(rule, str) else None
        page = self._path if named is None else f"{environ.get('SCRIPT_NAME', '')}{named}"
        if self._status is not None:
            status = int(self._status[:3])
        answer = Answer(environ.get("REQUEST_METHOD"), page, status, duration_ms)
        return Request.of_environ(environ), answer


class _Body:
    """The body of an answer, handed on block by block; closing it ends the visit."""

    __slots__ = ("_blocks", "_body", "_visit")

    def __init__(self, body: Iterable[bytes], visit: _Visit) -> None:
        self._body = body
        self._blocks: Iterator[bytes] | None = None
        self._visit = visit

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            if self._blocks is None:
                self._blocks = iter(self._body)
            return next(self._blocks)
        except StopIteration:
            raise
        except BaseException as error:
            self._visit.end(status_of(error))
            raise

    def __len__(self) -> int:
        """Give the number of blocks, from which servers derive a length; what has none raises `TypeError`."""
        return len(self._body)  # type: ignore[arg-type]  # as the app's body would

    def close(self) -> None:
        """Close the app's body; whatever that does, the visit is over."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._visit.end(None)


def _path(environ: Environ) -> str:
    """Give the path that was asked for. Source: PEP 3333, "Unicode Issues"."""
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    if path.isascii():
        return path
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
