"""Looks at single rows go on record in the table of reads, before anything of them is shown."""

import hashlib
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from remit_consumers.clock import Clock, utc_now
from remit_consumers.lake.queries import DONE, KEEP_FOR, Read, record
from remit_consumers.views.reading import UNKNOWN, user_name
from remit_schemas.policy import Policy

PURPOSE: Final = "essential.service.operations"
"""What somebody looks for: that the service does what it should."""

OFFICER, WATCHER = "privacy_officer", "watcher"
"""Who looks: one who is shown values, one who is shown what became of them."""

AGAIN_AFTER_S: Final = 300.0
"""A look that goes on is put on record again after so long; a page that follows asks twice a second."""


class Audit:
    """Puts looks on record; several threads may."""

    def __init__(self, root: Path, policy: Policy, now: Clock = utc_now) -> None:
        self._root, self._now = root, now
        self._purpose = PURPOSE if PURPOSE in policy.purposes else UNKNOWN
        self._looked: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def look(self, contracts: Sequence[str], rows: int, *, is_officer: bool, begins: bool) -> None:
        """Put a look on record, unless it is one that goes on.

        Args:
            contracts: Of the rows, sorted.
            rows: How many are shown.
            is_officer: Whether their values are.
            begins: Whether somebody opened the page just now.

        Raises:
            LakeError: It cannot be put on record: nothing may be shown then.
        """
        role = OFFICER if is_officer else WATCHER
        key = (role, *contracts)
        with self._lock:
            since = time.monotonic() - self._looked.get(key, float("-inf"))
            if begins or since > AGAIN_AFTER_S:
                record(self._root, self._read(contracts, rows, role))
                self._looked[key] = time.monotonic()

    def _read(self, contracts: Sequence[str], rows: int, role: str) -> Read:
        now = self._now()
        return Read(
            query=uuid.uuid4().hex,
            user=user_name(),
            role=role,
            purpose=self._purpose,
            tenant="",
            tables=",".join(contracts),
            columns="",
            rows=rows,
            sql_sha256=hashlib.sha256(b"dashboard: live").hexdigest(),
            started_at=now,
            ended_at=now,
            outcome=DONE,
            reason="",
            keep_until=now + KEEP_FOR,
        )
