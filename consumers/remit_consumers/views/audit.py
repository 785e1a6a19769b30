"""Looks at single rows, what is handed over and what a role may not go on record in the table of reads, before anything is shown."""

import hashlib
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from remit_consumers.access.roles import Act
from remit_consumers.access.sessions import LOCAL, Identity
from remit_consumers.clock import Clock, utc_now
from remit_consumers.lake.queries import DONE, KEEP_FOR, Read, record
from remit_consumers.views.reading import UNKNOWN, user_name
from remit_schemas.policy import Policy

PURPOSE: Final = "essential.service.operations"
"""What somebody looks for: that the service does what it should."""

AGAIN_AFTER_S: Final = 300.0
"""A look that goes on is put on record again after so long; a page that follows asks twice a second."""


class Audit:
    """Puts looks on record; several threads may."""

    def __init__(
        self, root: Path, policy: Policy, now: Clock = utc_now, *, door: str = "dashboard"
    ) -> None:
        """Put looks on record.

        Args:
            root: The lake's folder.
            policy: The policy in force.
            now: Tells the time.
            door: Through which they come: what is done stands behind its name.
        """
        self._root, self._now, self._door = root, now, door
        self._purpose = PURPOSE if PURPOSE in policy.purposes else UNKNOWN
        self._looked: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def look(
        self, contracts: Sequence[str], rows: int, *, identity: Identity, begins: bool
    ) -> None:
        """Put a look on record, unless it is one that goes on.

        Args:
            contracts: Of the rows, sorted.
            rows: How many are shown.
            identity: Who looks.
            begins: Whether somebody opened the page just now.

        Raises:
            LakeError: It cannot be put on record: nothing may be shown then.
        """
        key = (identity.who, identity.role, *contracts)
        with self._lock:
            since = time.monotonic() - self._looked.get(key, float("-inf"))
            if begins or since > AGAIN_AFTER_S:
                record(self._root, self._read(identity, ",".join(contracts), rows, DONE))
                self._looked[key] = time.monotonic()

    def note(self, identity: Identity, act: Act, outcome: str, reason: str = "") -> None:
        """Put on record that somebody is about to do something, or was refused it.

        Args:
            identity: Who.
            act: What.
            outcome: `done` or `refused`.
            reason: Why it was refused, from a closed list.

        Raises:
            LakeError: It cannot be put on record: nothing may be done then.
        """
        found = self._read(identity, f"{self._door}:{act}", 0, outcome)
        record(self._root, replace(found, reason=reason))

    def _read(self, identity: Identity, tables: str, rows: int, outcome: str) -> Read:
        now = self._now()
        return Read(
            query=uuid.uuid4().hex,
            user=user_name() if identity.who == LOCAL else identity.who,
            role=identity.role,
            purpose=self._purpose,
            tenant=identity.tenant or "",
            tables=tables,
            columns="",
            rows=rows,
            sql_sha256=hashlib.sha256(b"dashboard: live").hexdigest(),
            started_at=now,
            ended_at=now,
            outcome=outcome,
            reason="",
            keep_until=now + KEEP_FOR,
        )
