"""Sessions: who is in, on the server's side alone; the browser holds a random word that says nothing."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remit_consumers.access.roles import Act, Role, may
from remit_schemas.errors import RequestRefused

LOCAL: Final = "local"
"""Who asks where nobody came in: whoever is at this machine."""

WORD_BYTES: Final = 32
IDLE_S: Final = 3_600.0
"""A session ends when nothing was asked for so long; an open page asks every few seconds."""

ENDS_S: Final = 12 * 3_600.0
"""A session ends after so long, whatever was asked."""

SESSIONS_MAX: Final = 1_000
"""Sessions at once; the one that was used longest ago ends first."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks.

    Attributes:
        who: Opaque; what the record of reads says.
        role: In which role.
        invitation: Id of the one-time token that let them in; empty where none of the file did.
        tenant: To which they are bound; None where they are bound to none, and see the whole installation.
        program: The name of the program that calls, for people; the record of a request's steps says it.
    """

    who: str
    role: Role
    invitation: str = ""
    tenant: str | None = None
    program: str = ""

    def bound(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """What a call says, of the tenant that who calls is bound to.

        Raises:
            RequestRefused: It names another: the same subject there is somebody else.
        """
        if self.tenant is None:
            return dict(said)
        if said.get("tenant", self.tenant) != self.tenant:
            raise RequestRefused("this call is of another tenant than who calls is bound to")
        return {**said, "tenant": self.tenant}

    def may(self, act: Act) -> bool:
        """Whether who asks may do something."""
        return may(self.role, act, is_bound=self.tenant is not None)


@dataclass(slots=True)
class _Session:
    identity: Identity
    began: float
    used: float


class Sessions:
    """Everybody who is in; several threads may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, identity: Identity) -> str:
        """Let somebody in; gives the word that their browser holds, always a new one."""
        word, now = secrets.token_urlsafe(WORD_BYTES), self._clock()
        with self._lock:
            self._sessions[_key(word)] = _Session(identity, now, now)
            while len(self._sessions) > SESSIONS_MAX:
                self._sessions.popitem(last=False)
        return word

    def of(self, word: str) -> Identity | None:
        """Who holds a word; None where the session ended or never was."""
        key, now = _key(word), self._clock()
        with self._lock:
            found = self._sessions.get(key)
            if found is None:
                return None
            if now >= found.used + IDLE_S or now >= found.began + ENDS_S:
                del self._sessions[key]
                return None
            found.used = now
            self._sessions.move_to_end(key)
            return found.identity

    def end(self, word: str) -> None:
        """End a session, if there is one."""
        with self._lock:
            self._sessions.pop(_key(word), None)


def _key(word: str) -> bytes:
    """What is kept of a word."""
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()
