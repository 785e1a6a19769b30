"""The pseudonyms of visitors without an account: keyed for a day, and never in the vault."""

import struct
from collections.abc import Sequence
from datetime import date, timedelta
from hmac import digest

from remit_consumers.reducers.pseudonym import PSEUDONYM_BYTES
from remit_consumers.visitor_keys import VisitorKeys

REMEMBERED_MAX = 100_000
"""Pseudonyms remembered, some 15 MB; making one again costs 2 µs."""

EPOCH = date(1970, 1, 1)
"""The day that days are counted from."""


class VisitorNames:
    """Turns visitors into the pseudonyms of one domain. Their sessions live in this process's memory only."""

    def __init__(self, keys: VisitorKeys, domain: str) -> None:
        self._keys = keys
        self._domain = domain
        self._known: dict[tuple[date, str], dict[str, str]] = {}
        self._count = 0

    def days(self) -> list[date]:
        """The days under whose keys a visitor may be known now, the newest first."""
        return self._keys.days()

    def days_begun(self) -> list[date]:
        """Those of them that have a key already."""
        return self._keys.days_begun()

    def day_of(self, collected_on: date) -> date:
        """See `VisitorKeys.day_of`."""
        return self._keys.day_of(collected_on)

    def names(self, tenant: str, collected_on: date, subjects: Sequence[str]) -> list[str | None]:
        """Give the pseudonyms of distinct visitors; None where the key of their day is gone.

        Args:
            tenant: Whose visitors.
            collected_on: UTC day on which their events were collected.
            subjects: What `remit.visitor` gave.

        Raises:
            KeysOutOfReach: The key cannot be read or made.
        """
        day = self.day_of(collected_on)
        key = self._keys.key(day)
        if key is None:
            return [None] * len(subjects)
        self._make_room(len(subjects))
        known = self._known.setdefault((day, tenant), {})
        fresh = [subject for subject in subjects if subject not in known]
        known.update((subject, self._name(key, tenant, subject)) for subject in fresh)
        self._count += len(fresh)
        return [known[subject] for subject in subjects]

    def forget_gone(self) -> None:
        """Forget the visitors of days whose keys are gone, and these keys."""
        self._keys.forget_gone()
        live = set(self.days())
        for scope in [scope for scope in self._known if scope[0] not in live]:
            self._count -= len(self._known.pop(scope))

    def _make_room(self, more: int) -> None:
        """Forget everything where it would become too much."""
        if self._count + more > REMEMBERED_MAX:
            self._known.clear()
            self._count = 0

    def _name(self, key: bytes, tenant: str, subject: str) -> str:
        """The lengths stand first, so that no two of domain, tenant and session give the same bytes."""
        parts = [part.encode("utf-8", "surrogatepass") for part in (self._domain, tenant, subject)]
        message = b"".join(struct.pack("<I", len(part)) + part for part in parts)
        return digest(key, message, "sha256")[:PSEUDONYM_BYTES].hex()


def day_numbered(number: int) -> date:
    """The day with a number, counted from 1970-01-01."""
    return EPOCH + timedelta(days=number)
