"""What a request says of itself and how it was answered, as a page view: the same for the edge and every web framework.

Nothing is asked of a browser that it does not send anyway, and of that only what the contract names.

Source: RFC 9110 (header fields); W3C WICG, User-Agent Client Hints, 3; W3C, Global Privacy Control, 3.3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from remit.proxies import Proxies
from remit_schemas.event import now_ms
from remit_schemas.events import PageView

HEADER_CHARS_MAX: Final = 4_096
"""A longer header is left out: browsers send the origin alone where a referrer would be longer (W3C, Referrer Policy,
8.4), and the reducers look at no more of an agent string."""

HINTS: Final = ("Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform")
"""The Client Hints of low entropy, that browsers send unasked; no other is read."""

_SINGLE: Final = ("User-Agent", "Accept-Language", "Referer", "Sec-GPC", "DNT", *HINTS)
"""The headers that are read, in the order in which they are kept below."""

_PLACES: Final = {name.lower().encode(): place for place, name in enumerate(_SINGLE)}
_NO_SINGLE: Final[list[str | None]] = [None] * len(_SINGLE)
_WSGI: Final = tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in _SINGLE)
_FORWARDED: Final = b"forwarded"
_X_FORWARDED_FOR: Final = b"x-forwarded-for"
_LISTS: Final = frozenset((_FORWARDED, _X_FORWARDED_FOR))
_YES: Final = "1"


@dataclass(slots=True)
class Request:
    """What a request says of itself.

    Attributes:
        peer: Who holds the connection, as the server says; None for a Unix socket.
        user_agent: The agent string, and behind it the Client Hints as header lines.
        language: Accept-Language.
        referrer: Referer.
        forwarded: The lines of Forwarded, in their order.
        x_forwarded_for: The lines of X-Forwarded-For, in their order.
        signals: ``gpc`` and ``dnt``, as far as they are sent.
    """

    peer: str | None
    user_agent: str | None
    language: str | None
    referrer: str | None
    forwarded: Sequence[str]
    x_forwarded_for: Sequence[str]
    signals: tuple[str, ...]

    @classmethod
    def of_headers(cls, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """Read header lines as ASGI gives them: names in lower case; of a header that is sent twice, the first counts."""
        lines = list(headers)
        first = dict(reversed(lines))
        single = _NO_SINGLE.copy()
        for name, value in first.items():
            if name in _PLACES and len(value) <= HEADER_CHARS_MAX:
                single[_PLACES[name]] = value.decode("latin-1")
        if _LISTS.isdisjoint(first):
            return cls._of(peer, single, (), ())
        lists = [
            [value.decode("latin-1") for name, value in lines if name == wanted]
            for wanted in (_FORWARDED, _X_FORWARDED_FOR)
        ]
        return cls._of(peer, single, *lists)

    @classmethod
    def of_environ(cls, environ: Mapping[str, object]) -> Self:
        """Read a WSGI environment, in which servers have joined a header's lines by commas. Source: PEP 3333."""
        single = [
            value if isinstance(value, str) and len(value) <= HEADER_CHARS_MAX else None
            for value in map(environ.get, _WSGI)
        ]
        peer, *joined = map(environ.get, ("REMOTE_ADDR", "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR"))
        lists = [(value,) if isinstance(value, str) else () for value in joined]
        return cls._of(peer if isinstance(peer, str) else None, single, *lists)

    @classmethod
    def _of(
        cls,
        peer: str | None,
        single: list[str | None],
        forwarded: Sequence[str],
        x_forwarded_for: Sequence[str],
    ) -> Self:
        agent, language, referrer, gpc, dnt, *hints = single
        return cls(
            peer,
            _agent(agent, hints),
            language,
            referrer,
            forwarded,
            x_forwarded_for,
            _signals(gpc, dnt),
        )

    def client(self, proxies: Proxies) -> str | None:
        """Say whose address it came from; see `Proxies.client`."""
        return proxies.client(self.peer, self.forwarded, self.x_forwarded_for)


@dataclass(slots=True)
class Answer:
    """How a request was answered.

    Attributes:
        method: In capitals.
        page: The route, or the path where no route is known; without a query.
        status: HTTP status code; None where none was sent.
        duration_ms: From the request to the end of the answer.
    """

    method: str | None
    page: str | None
    status: int | None
    duration_ms: int


def collect(request: Request, answer: Answer, proxies: Proxies) -> PageView:
    """Make the page view of an answered request; it occurred when the request came in."""
    now = now_ms()
    return PageView(
        occurred_at=now - answer.duration_ms,
        collected_at=now,
        ip=request.client(proxies),
        user_agent=request.user_agent,
        language=request.language,
        page=answer.page,
        referrer=request.referrer,
        method=answer.method,
        status=answer.status,
        duration_ms=answer.duration_ms,
        platform="web",
    )


def _agent(agent: str | None, hints: list[str | None]) -> str | None:
    """Write the hints behind the agent string, as the contract wants them."""
    if hints.count(None) == len(hints):
        return agent
    lines = [f"{name}: {hint}" for name, hint in zip(HINTS, hints, strict=True) if hint is not None]
    return "\n".join([agent or "", *lines])


def _signals(gpc: str | None, dnt: str | None) -> tuple[str, ...]:
    """Name the signals that are sent: each says 1 or nothing."""
    if gpc is None and dnt is None:
        return ()
    return tuple(name for name, value in (("gpc", gpc), ("dnt", dnt)) if value == _YES)
