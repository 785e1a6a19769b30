"""The table of requests: each step of each, appended and never changed; how they stand, and how many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.columns import REQUESTS, REQUESTS_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.tables import is_table, open_table
from remit_schemas.errors import StaleWriter
from remit_schemas.requests import Right


class State(StrEnum):
    """How far a request is."""

    RECEIVED = "received"
    """Nobody has checked yet who asks."""
    IN_WORK = "in_work"
    """Who asks is checked."""
    DONE = "done"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands; the fields are the columns of `tables.REQUESTS`."""

    request: str
    step: int
    state: str
    at: datetime
    right: str
    requester: str
    channel: str
    jurisdiction: str
    tenant: str
    subject: str | None
    received_at: datetime
    due_at: datetime
    policy_version: str
    proof: str
    ground: str
    reason: str
    clause: str
    scope: str
    may_charge: bool
    evidence: str
    actor: str
    keep_until: datetime

    @property
    def is_open(self) -> bool:
        """Whether an answer is still due."""
        return self.state not in {State.DONE, State.DENIED}

    def public(self) -> dict[str, Any]:
        """What may be shown of it: everything but its pseudonym."""
        return {key: value for key, value in asdict(self).items() if key != "subject"}


def record(root: Path, step: Mapping[str, object]) -> None:
    """Put a step on record, durably; of two that are taken of one request at once only one stands.

    Args:
        root: The lake's folder.
        step: Columns: `tables.REQUESTS`.

    Raises:
        LakeError: It cannot be written.
        StaleWriter: Somebody else has taken a step of the same request.
    """
    with reaching(root):
        table = open_table(root, REQUESTS_TABLE)
        name, number = f"request/{step['request']}", int(str(step["step"]))
        if (table.delta.transaction_version(name) or 0) >= number:
            message = "somebody else has taken a step of this request: look at it again"
            raise StaleWriter(message)
        append_rows(table, pa.Table.from_pylist([dict(step)], schema=REQUESTS), {name: number})


def steps(root: Path) -> pa.Table:
    """All steps, oldest first (columns: `tables.REQUESTS`).

    Raises:
        LakeError: The lake cannot be read.
    """
    if not is_table(root, REQUESTS_TABLE):
        return REQUESTS.empty_table()
    with reaching(root):
        rows = open_table(root, REQUESTS_TABLE).delta.to_pyarrow_table(columns=REQUESTS.names)
    return rows.cast(REQUESTS).sort_by([("at", "ascending"), ("step", "ascending")])


def standing(steps: pa.Table) -> list[Request]:
    """Every request as its last step leaves it, the oldest first (columns: `tables.REQUESTS`)."""
    last: dict[str, Request] = {}
    for one in read(steps):
        if one.request not in last or one.step > last[one.request].step:
            last[one.request] = one
    return sorted(last.values(), key=lambda one: one.received_at)


def read(steps: pa.Table) -> list[Request]:
    """Steps as they were taken (columns: `tables.REQUESTS`)."""
    return [Request(**row) for row in steps.to_pylist()]


def counted(requests: Sequence[Request], now: datetime) -> Mapping[str, Mapping[str, int]]:
    """Count requests.

    Returns:
        `rights` (`<right>.<state>`), `requesters`, `channels`, `grounds`, `jurisdictions`, `denials`, `delays`, `repeats`
        (may_charge) and `clause` (open, late, and days_left, the fewest of an open one); empty where there are none.
    """
    if not requests:
        return {}
    open_ = [one for one in requests if one.is_open]
    left = days_left(open_, now)
    clock = {"open": len(open_), "late": sum(one.due_at < now for one in open_)}
    return {
        "clause": clock | ({"days_left": min(left.values())} if left else {}),
        "rights": _count(f"{one.right}.{one.state}" for one in requests),
        "requesters": _count(one.requester for one in requests),
        "channels": _count(one.channel for one in requests),
        "jurisdictions": _count(one.jurisdiction or "unknown" for one in requests),
        "grounds": _count(one.ground for one in requests),
        "denials": _count(one.reason for one in requests if one.state == "denied"),
        "delays": _count(one.reason for one in open_),
        "repeats": {"may_charge": sum(one.may_charge for one in requests)},
    }


def days_left(requests: Iterable[Request], now: datetime) -> Mapping[Right, int]:
    """For each right, the fewest whole days that an open request has left."""
    left: dict[Right, int] = {}
    for one in requests:
        if one.is_open:
            right, days = Right(one.right), (one.due_at - now).days
            left[right] = min(days, left.get(right, days))
    return left


def _count(words: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(word for word in words if word).items()))
