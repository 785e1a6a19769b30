"""Sessions: who is on their own page at this moment. They stand in this process's memory only, and end by themselves."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.my.links import Visit
from remit_schemas.errors import RequestRefused

LIVES: Final = timedelta(minutes=15)
"""How long a session lives, used or not: long enough to read a page, too short for the next person at that screen."""

SESSIONS_MAX: Final = 10_000
"""Sessions at a time, some 5 MB; beyond that nobody is let in until others have ended."""

TRIES_MAX: Final = 5
"""Wrong codes after which a session ends: the link was used, so that there is no other try with it."""


@dataclass(slots=True)
class Session:
    """One person on their own page.

    Attributes:
        about: Who.
        code: What an export asks for.
        ends_at: Aware UTC.
        form: Random; every form bears it, so that no other site can send one.
        wrong: Wrong codes so far.
    """

    about: SubjectRef
    code: str
    ends_at: datetime
    form: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    wrong: int = 0


class Sessions:
    """All sessions of a process."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}
        self._lock = Lock()

    def begin(self, visit: Visit, now: datetime) -> str:
        """Begin a session; gives what the browser shows for it, which nobody can read again.

        Raises:
            RequestRefused: There are too many.
        """
        name = secrets.token_urlsafe(24)
        with self._lock:
            for key in [key for key, one in self._open.items() if one.ends_at <= now]:
                del self._open[key]
            if len(self._open) >= SESSIONS_MAX:
                raise RequestRefused(
                    "too many people are on their pages: come back in a few minutes"
                )
            self._open[_key(name)] = Session(visit.about, visit.code, now + LIVES)
        return name

    def of(self, name: str, now: datetime) -> Session | None:
        """The session that a browser shows; None where it has ended."""
        found = self._open.get(_key(name))
        return found if found and found.ends_at > now else None

    def check(self, name: str, code: str, now: datetime) -> bool:
        """Check the code, and end the session after too many wrong ones."""
        with self._lock:
            found = self.of(name, now)
            if found is None:
                return False
            if hmac.compare_digest(found.code.encode(), code.strip().encode()):
                return True
            found.wrong += 1
            if found.wrong >= TRIES_MAX:
                del self._open[_key(name)]
            return False

    def end(self, name: str) -> None:
        """End a session."""
        with self._lock:
            self._open.pop(_key(name), None)


def _key(name: str) -> str:
    """What memory has of a session's name."""
    return hashlib.sha256(name.encode()).hexdigest()
