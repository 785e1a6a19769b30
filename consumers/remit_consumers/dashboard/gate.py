"""Who may look: everybody on this machine in one role, or whoever holds a one-time token, in the role that it is for."""

import hmac
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request

from remit_consumers.access.invitations import stands, take
from remit_consumers.access.limits import CALLS_MAX, FAILED_MAX, LOGINS_MAX, WINDOW_S, Limit
from remit_consumers.access.login import Login, login_of
from remit_consumers.access.provider import Provider, bearer_of, provider_at
from remit_consumers.access.roles import Role
from remit_consumers.access.sessions import LOCAL, Identity, Sessions
from remit_consumers.clock import utc_now

COOKIE: Final = "remit_session"
TLS_COOKIE: Final = f"__Host-{COOKIE}"
"""Under TLS: a browser takes it from this host alone, for every path, and never without TLS (RFC 6265bis, section 4.1.3.2)."""

TOKEN_BYTES: Final = 32
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

PRINTED, INVITED = "printed", "invited:"
"""How the record of reads names who was let in by the printed token, by one of `remit access invite`."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _uncounted(_: str) -> None:
    """Count nothing: a dashboard alone has no metrics."""


@dataclass(slots=True)
class Gate:
    """Lets people in.

    Attributes:
        is_open: Whether whoever reaches the port may look: it listens on this machine alone.
        role: Of whom the machine or the printed token lets in.
        keys: Where one-time tokens of `remit access invite` lie; None where there are none.
        provider: Whose tokens a program may bear instead; None where none is configured.
        login: The way by which people log in there; None where none is configured.
        refused: Told the reason of each call that is refused.
        sessions: Who is in.
        failed: Limits tokens that are none.
        logins: Limits ways to the identity provider.
        calls: Limits calls.
    """

    is_open: bool = True
    role: Role = Role.AUDITOR
    keys: Path | None = None
    provider: Provider | None = None
    refused: Callable[[str], None] = _uncounted
    login: Login | None = None
    sessions: Sessions = field(default_factory=Sessions, repr=False)
    failed: Limit = field(default_factory=lambda: Limit(FAILED_MAX, WINDOW_S), repr=False)
    logins: Limit = field(default_factory=lambda: Limit(LOGINS_MAX, WINDOW_S), repr=False)
    calls: Limit = field(default_factory=lambda: Limit(CALLS_MAX, WINDOW_S), repr=False)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(TOKEN_BYTES), repr=False)
    _token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)

    @classmethod
    def at(
        cls, host: str, role: Role, keys: Path, refused: Callable[[str], None] = _uncounted
    ) -> Self:
        """The gate of an address to listen on, as what lies beside the keys has it.

        Raises:
            PolicyError: What is configured of the identity provider cannot be read.
            SettingsError: The secret that it gave cannot be read, or others can read it.
        """
        provider = provider_at(keys)
        return cls(is_loopback(host), role, keys, provider, refused, login_of(keys, provider))

    @property
    def token(self) -> str:
        """What opens the door once; empty where it stands open, or was opened."""
        return "" if self.is_open else self._token

    def enter(self, token: str) -> str | None:
        """Take a token, which is void afterwards; gives the word of a new session, or None where it is none.

        Raises:
            SettingsError: The file of tokens cannot be read.
        """
        if not token:
            return None
        if self.token and hmac.compare_digest(
            token.encode("utf-8", "replace"), self._token.encode()
        ):
            self._token = ""
            return self.sessions.begin(Identity(PRINTED, self.role))
        found = take(self.keys, token, utc_now()) if self.keys else None
        if found is None:
            return None
        return self.sessions.begin(
            Identity(f"{INVITED}{found.id}", found.role, found.id, found.tenant)
        )

    def identity(self, request: Request) -> Identity | None:
        """Who asks; None where nobody may.

        On this machine alone the name that was asked for must be this machine's: a page elsewhere whose name was made to
        point here would be asked under its own.

        Raises:
            SettingsError: The file of tokens cannot be read.
            KeysOutOfReach: The identity provider does not answer.
        """
        if self.is_open and _name(request) not in LOCAL_NAMES:
            return None
        if self.provider and (token := bearer_of(request.headers.get("authorization", ""))):
            return self.provider.identity(token)
        found = self.sessions.of(word_of(request))
        if found is not None and self._stands(found):
            return found
        return Identity(LOCAL, self.role) if self.is_open else None

    def _stands(self, identity: Identity) -> bool:
        """Whether what let somebody in was not taken away since."""
        if not identity.invitation:
            return True
        return self.keys is not None and stands(self.keys, identity.invitation, utc_now())

    def form_word(self, request: Request, identity: Identity) -> str:
        """The word that forms of a page bear: of this session, or of who comes without one, and of this process alone."""
        word = word_of(request)
        session = word if word and self.sessions.of(word) == identity else ""
        whose = f"{identity.who}\n{session}".encode("utf-8", "replace")
        return hmac.digest(self._secret, whose, "sha256").hex()

    def is_of_session(self, request: Request, identity: Identity, word: str) -> bool:
        """Whether a form bears the word of the page that it says it stands on; in constant time."""
        own = self.form_word(request, identity).encode()
        return hmac.compare_digest(own, word.encode("utf-8", "replace"))

    @staticmethod
    def is_own(request: Request) -> bool:
        """Whether a form comes from a page of ours, as the browser says; else it changes nothing."""
        sent_from = _split(request.headers.get("origin", "")).netloc
        return bool(sent_from) and sent_from == request.headers.get("host", "")


def cookie_of(request: Request) -> str:
    """The name of the session's cookie on the way that a request came."""
    return TLS_COOKIE if request.url.scheme == "https" else COOKIE


def word_of(request: Request) -> str:
    """The word of a session that a browser holds; empty where it holds none."""
    return request.cookies.get(cookie_of(request), "")


def _name(request: Request) -> str:
    """The name under which this machine was asked, without port and brackets."""
    return (_split(f"//{request.headers.get('host', '')}").hostname or "").lower()


def _split(url: str) -> SplitResult:
    """The parts of what may be a URL; what is none has none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
