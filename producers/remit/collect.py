"""What a request says of itself and how it was answered, as a page view: the same for every door that requests come by.

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

_LISTS: Final = (b"forwarded", b"x-forwarded-for")
_HINT_NAMES: Final = tuple((name.lower().encode(), name) for name in HINTS)
_WSGI_HINTS: Final = tuple((f"HTTP_{name.upper().replace('-', '_')}", name) for name in HINTS)
_READ: Final = frozenset(
    {b"user-agent", b"accept-language", b"referer", b"sec-gpc", b"dnt"}
    | {name for name, _ in _HINT_NAMES}
)
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
        single: dict[bytes, str] = {}
        lists: tuple[list[str], list[str]] = ([], [])
        for name, value in headers:
            if name in _READ:
                if name not in single and len(value) <= HEADER_CHARS_MAX:
                    single[name] = value.decode("latin-1")
            elif name in _LISTS:
                lists[name == b"x-forwarded-for"].append(value.decode("latin-1"))
        get = single.get
        return cls(
            peer,
            _agent(get(b"user-agent"), [(name, get(key)) for key, name in _HINT_NAMES]),
            get(b"accept-language"),
            get(b"referer"),
            *lists,
            _signals(get(b"sec-gpc"), get(b"dnt")),
        )

    @classmethod
    def of_environ(cls, environ: Mapping[str, object]) -> Self:
        """Read a WSGI environment, in which servers have joined a header's lines by commas. Source: PEP 3333."""

        def get(name: str) -> str | None:
            value = environ.get(name)
            return value if isinstance(value, str) and len(value) <= HEADER_CHARS_MAX else None

        def lines(name: str) -> tuple[str, ...]:
            value = environ.get(name)
            return (value,) if isinstance(value, str) else ()

        return cls(
            get("REMOTE_ADDR"),
            _agent(get("HTTP_USER_AGENT"), [(name, get(key)) for key, name in _WSGI_HINTS]),
            get("HTTP_ACCEPT_LANGUAGE"),
            get("HTTP_REFERER"),
            lines("HTTP_FORWARDED"),
            lines("HTTP_X_FORWARDED_FOR"),
            _signals(get("HTTP_SEC_GPC"), get("HTTP_DNT")),
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


def _agent(agent: str | None, hints: list[tuple[str, str | None]]) -> str | None:
    """Write the hints behind the agent string, as the contract wants them."""
    lines = [f"{name}: {value}" for name, value in hints if value is not None]
    if not lines:
        return agent
    return "\n".join([agent or "", *lines])


def _signals(gpc: str | None, dnt: str | None) -> tuple[str, ...]:
    """Name the signals that are sent: each says 1 or nothing."""
    if gpc is None and dnt is None:
        return ()
    return tuple(name for name, value in (("gpc", gpc), ("dnt", dnt)) if value == _YES)
