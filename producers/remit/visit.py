"""What every web framework's middleware does with an answered request; none of its faults reaches the app."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

from remit.client import Client
from remit.collect import Answer, Request, collect
from remit.proxies import NOBODY, Proxies
from remit.route import NOWHERE
from remit_schemas.events import PageView

PREFLIGHT: Final = "OPTIONS"
"""The method that browsers ask for leave with: no page is viewed (Fetch, CORS-preflight fetch)."""

SERVER_ERROR: Final = 500
"""What servers answer where an app raises."""

_STATUSES: Final = range(400, 600)

Naming = Callable[[Any], str | None]
"""Names the subject or tenant of a request, from what the framework calls a request: a scope, an environment."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Turns answered requests into page views.

    Attributes:
        client: Takes them.
        proxies: Who is believed when they say for whom they ask.
        skip: Paths that are not counted; one that ends in a slash stands for all below it.
        subject: Names whom a request is about; None for nobody.
        tenant: Names whose customer that is.
    """

    client: Client
    proxies: Proxies = NOBODY
    skip: tuple[str, ...] = ()
    subject: Naming | None = None
    tenant: Naming | None = None
    _folders: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Tell the folders from the paths."""
        folders = tuple(path for path in self.skip if path.endswith("/"))
        object.__setattr__(self, "_folders", folders)

    def leaves_out(self, method: object, path: str) -> bool:
        """Whether a request is no page view."""
        return method == PREFLIGHT or path in self.skip or path.startswith(self._folders)

    def add(self, context: object, read: Callable[[], tuple[Request, Answer]]) -> None:
        """Emit the page view of an answered request; what goes wrong is counted as refused.

        Args:
            context: What `subject` and `tenant` are asked with.
            read: Gives what the request says of itself, and how it was answered.
        """
        try:
            request, answer = read()
            self.client.emit(
                collect(request, answer, self.proxies),
                subject=None if self.subject is None else self.subject(context),
                tenant=None if self.tenant is None else self.tenant(context),
                signals=request.signals,
            )
        except Exception:  # noqa: BLE001  # the promise: no fault of ours, or of a callable given to us, reaches the app
            with suppress(Exception):
                self.client.count(self.client.route_of(PageView) or NOWHERE, None, "other")


class Visit(ABC):
    """One request on its way through an app."""

    __slots__ = ("_begun", "_context", "_is_over", "_visits")

    def __init__(self, visits: Visits, context: Any) -> None:  # noqa: ANN401  # frameworks differ
        self._visits = visits
        self._context = context
        self._is_over = False
        self._begun = perf_counter()

    def end(self, status: int | None) -> None:
        """Count the visit, once.

        Args:
            status: What it is answered with, if the app has not begun to answer.
        """
        if self._is_over:
            return
        self._is_over = True
        duration_ms = int((perf_counter() - self._begun) * 1000)
        self._visits.add(self._context, lambda: self._read(status, duration_ms))

    @abstractmethod
    def _read(self, status: int | None, duration_ms: int) -> tuple[Request, Answer]:
        """Give what the request says of itself, and how it was answered."""


def status_of(error: BaseException) -> int | None:
    """Give the status that an app's exception is answered with: Litestar's and Werkzeug's carry theirs.

    Returns:
        None for what is no error of the app: it was cancelled, or the process ends.
    """
    if not isinstance(error, Exception):
        return None
    said: object = getattr(error, "status_code", None)
    return said if isinstance(said, int) and said in _STATUSES else SERVER_ERROR


def proxies_of(given: Proxies | str | None, environ: Mapping[str, str]) -> Proxies:
    """Give the rule that a middleware was given, or that of the environment.

    Raises:
        SettingsError: It is none.
    """
    if isinstance(given, Proxies):
        return given
    return Proxies.from_env(environ) if given is None else Proxies.parse(given)
