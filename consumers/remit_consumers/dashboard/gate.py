"""Who may look: everybody on this machine, or whoever holds the token that was printed, once."""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request

COOKIE: Final = "remit_session"
TOKEN_BYTES: Final = 32
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(slots=True)
class Gate:
    """Lets people in.

    Attributes:
        is_open: Whether whoever reaches the port may look: it listens on this machine alone.
        is_officer: Whether who looks is the privacy officer, to whom small counts are told.
    """

    is_open: bool = True
    is_officer: bool = False
    _token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)
    _sessions: set[str] = field(default_factory=set, repr=False)

    @property
    def token(self) -> str:
        """What opens the door once; empty where it stands open, or was opened."""
        return "" if self.is_open else self._token

    def enter(self, token: str) -> str | None:
        """Take the token, which is void afterwards; gives the session, or None where it is not the one."""
        if not self._token or not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = ""
        session = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions.add(session)
        return session

    def admits(self, request: Request) -> bool:
        """Whether a request may be answered.

        On this machine alone the name that was asked for must be this machine's: a page elsewhere whose name was made to
        point here would be asked under its own.
        """
        if self.is_open:
            return _name(request) in LOCAL_NAMES
        return request.cookies.get(COOKIE, "") in self._sessions

    @staticmethod
    def is_own(request: Request) -> bool:
        """Whether a form comes from a page of ours, as the browser says; else it changes nothing."""
        sent_from = _split(request.headers.get("origin", "")).netloc
        return bool(sent_from) and sent_from == request.headers.get("host", "")


def _name(request: Request) -> str:
    """The name under which this machine was asked, without port and brackets."""
    return (_split(f"//{request.headers.get('host', '')}").hostname or "").lower()


def _split(url: str) -> SplitResult:
    """The parts of what may be a URL; what is none has none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
