"""Partitions that stand still at a pack which cannot be read yet: its key is out of reach, or its policy not here."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from remit_consumers.clock import Clock, utc_now
from remit_consumers.lake.reasons import Elsewhere, Reason
from remit_consumers.plans import Plans
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Failed, Fate, Opened

RETRY_S = 1.0
"""How often a waiting pack is tried again."""

NEWER_POLICY_WAIT = timedelta(hours=1)
"""How long a pack waits for the bundle of a newer policy before it is quarantined (D3)."""

LOST_KEY_WAIT = timedelta(minutes=10)
"""How long packs wait for a key whose file is missing while the key store is there, before they are quarantined: a copy that
is on its way arrives in that time, and once the key is back later, a replay reads them."""

VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
"""What a policy version looks like in a message; anything else a producer wrote there is not repeated."""

_MEND: Mapping[Reason | Elsewhere, str] = {
    Reason.NEWER_POLICY: "put its file into the policy's folder",
    Reason.KEY_LOST: "put its file back into REMIT_KEYS",
    Elsewhere.KEYS_OUT_OF_REACH: "bring the key store back (REMIT_KEYS)",
    Elsewhere.KEYS_UNCONFIRMED: "say tenants, campaigns and stops again, then `remit keys confirm`",
}
"""What ends a wait, by its reason."""


@dataclass(slots=True)
class _Stand:
    """Where a partition stands still, since when, and when it is tried again (monotonic seconds; 0 = now)."""

    offset: int
    since: datetime
    retry_at: float
    reason: Reason | Elsewhere
    policy_version: str


class Waiting:
    """Which partitions wait, and for what. Nothing behind a waiting pack is read, so that order holds."""

    def __init__(self, now: Clock = utc_now) -> None:
        self._now = now
        self._stands: dict[int, _Stand] = {}
        self._missed: dict[str | bytes, datetime] = {}  # since when a policy or a key is

    def __len__(self) -> int:
        return len(self._stands)

    @property
    def reason(self) -> Reason | Elsewhere | None:
        """Why packs wait, if any do."""
        return next((stand.reason for stand in self._stands.values()), None)

    @property
    def advice(self) -> str | None:
        """Why packs wait, if any do, and what ends the wait."""
        stand = next(iter(self._stands.values()), None)
        if stand is None:
            return None
        named = VERSION.fullmatch(stand.policy_version)
        version = (
            f" {stand.policy_version}" if stand.reason is Reason.NEWER_POLICY and named else ""
        )
        mend = f"; {_MEND[stand.reason]}" if stand.reason in _MEND else ""
        return f"{len(self._stands)} partitions wait ({stand.reason}{version}){mend}"

    def clear(self) -> None:
        """Forget every wait: what waits is still on the log."""
        self._stands.clear()

    def blocks(self, partition: int) -> bool:
        """Whether nothing may be taken from a partition now."""
        stand = self._stands.get(partition)
        return stand is not None and stand.retry_at > 0

    def hold(self, failed: Failed) -> None:
        """Let a partition stand still at a pack."""
        sealed = failed.sealed
        since = self.since(sealed)
        retry_at = time.monotonic() + RETRY_S
        version = failed.header.policy_version if failed.header else ""
        self._stands[sealed.partition] = _Stand(
            sealed.offset, since, retry_at, failed.reason, version
        )

    def passed(self, sealed: Sealed) -> None:
        """Learn that a pack could be taken: its partition goes on."""
        self._stands.pop(sealed.partition, None)

    def since(self, sealed: Sealed) -> datetime:
        """When a pack began to wait; now, if it does not wait yet."""
        stand = self._stands.get(sealed.partition)
        return stand.since if stand and stand.offset == sealed.offset else self._now()

    def due(self) -> Mapping[int, int]:
        """The partitions to read again, and from which offset; they are no longer blocked."""
        now = time.monotonic()
        due = {
            number: stand.offset
            for number, stand in self._stands.items()
            if 0 < stand.retry_at <= now
        }
        for number in due:
            self._stands[number].retry_at = 0
        return due

    def judge(self, item: Opened | Failed, plans: Plans) -> Opened | Failed:
        """Hold a pack whose policy version or key is missing; what is missing for too long sends it to quarantine.

        The time runs from the first pack that misses it on: those behind do not wait all over again.
        """
        if isinstance(item, Failed):
            return self._judge_lost(item) if item.reason is Reason.KEY_LOST else item
        if self._missed:
            self._missed.pop(item.header.key_id, None)
        if plans.knows(item.header.policy_version):
            return item
        version = item.header.policy_version
        is_newer = version > plans.newest
        holds = is_newer and not self._is_over(version, NEWER_POLICY_WAIT)
        return Failed(
            sealed=item.sealed,
            header=item.header,
            outcome=Fate.WAIT if holds else Fate.QUARANTINED,
            reason=Reason.NEWER_POLICY if is_newer else Reason.UNKNOWN_POLICY,
            count=len(item.datums) + len(item.datums.malformed),
            sha256=item.sha256,
        )

    def _judge_lost(self, item: Failed) -> Failed:
        """Send a pack to quarantine whose key is lost for too long."""
        key_id = item.header.key_id if item.header else b""
        return (
            replace(item, outcome=Fate.QUARANTINED)
            if self._is_over(key_id, LOST_KEY_WAIT)
            else item
        )

    def _is_over(self, what: str | bytes, wait: timedelta) -> bool:
        """Whether something is missing for longer than packs wait for it."""
        now = self._now()
        return now - self._missed.setdefault(what, now) >= wait
