"""Waiting: erasures that are on record and not done yet, since when and why, so that nobody overlooks one.

Any consumer tries again each minute. Why it could not be done lies beside the ledger, one JSON object a file::

    erasures.waiting     {erasure: {"tried_at": time, "why": words}}
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from remit_consumers.erasure.ledger import Erasure, ErasureLedger
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.lake import withdrawn
from remit_consumers.lake.columns import EVERY_PURPOSE
from remit_consumers.lake.receipt import canonical
from remit_consumers.settings import Settings
from remit_schemas.durable import replace_file
from remit_schemas.errors import KeysOutOfReach

FILE: Final = "erasures.waiting"

MINOR: Final = "minor"
"""What is said in place of an id where a minor's rows are to go: it was found, and nobody asked for it."""

ORDERED: Final = "ordered"
"""The kind of those that somebody asked for."""

AT_ONCE: Final = timedelta(minutes=1)
"""How long an erasure may be under way before it counts as one that waits."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An erasure that is not done.

    Attributes:
        erasure: Its id, or `minor`.
        since: When it was ordered or found, aware UTC.
        why: What it waits for; empty: it is under way, or nobody has tried yet.
        tried_at: When it was tried last; None: not known.
    """

    erasure: str
    since: datetime
    why: str = ""
    tried_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether somebody has to look at it."""
        return bool(self.why) or now - self.since > AT_ONCE

    def to_dict(self) -> dict[str, object]:
        """What `remit erasure list --json` prints."""
        tried = self.tried_at.isoformat() if self.tried_at else None
        return {
            "erasure": self.erasure,
            "since": self.since.isoformat(),
            "why": self.why,
            "tried_at": tried,
        }


def waiting(keys: Path, root: Path) -> list[Waiting]:
    """The erasures that are not done, the oldest first: those that were ordered, and those of minors.

    Args:
        keys: REMIT_KEYS.
        root: The lake's folder.

    Raises:
        KeysOutOfReach: The ledger cannot be read.
        LakeError: The lake cannot be read.
    """
    told = _told(keys)
    ordered = [_of(one, told) for one in ErasureLedger.open(keys).pending(root)]
    return sorted([*ordered, *_minors(root)], key=lambda one: one.since)


def ages(settings: Settings, now: datetime) -> dict[str, list[float]]:
    """Since how many seconds erasures wait, by kind: `minor`, or `ordered`.

    Raises:
        KeysOutOfReach: The ledger cannot be read.
        LakeError: The lake cannot be read.
    """
    found: dict[str, list[float]] = {ORDERED: [], MINOR: []}
    for one in waiting(settings.keys, settings.lake):
        kind = MINOR if one.erasure == MINOR else ORDERED
        found[kind].append(max(0.0, (now - one.since).total_seconds()))
    return found


def waits_for(keys: Path, root: Path, about: SubjectRef) -> Waiting | None:
    """The erasure of a subject that is not done; None where there is none.

    Raises:
        KeysOutOfReach: Ledger or suppression list cannot be read.
        LakeError: The lake cannot be read.
    """
    mine = Suppression.open(keys).index_of(about.tenant, about.subject).hex()
    told = _told(keys)
    for one in ErasureLedger.open(keys).pending(root):
        if any(named.suppression == mine for named in one.named):
            return _of(one, told)
    return None


def note(keys: Path, erasure: str, why: str, now: datetime) -> None:
    """Write down why an erasure could not be done; the ledger's lock is held.

    Raises:
        KeysOutOfReach: It cannot be written.
    """
    _write(keys, {**_told(keys), erasure: {"tried_at": now.isoformat(), "why": why}})


def forget(keys: Path, erasure: str) -> None:
    """Forget why an erasure could not be done: it is. The ledger's lock is held.

    Raises:
        KeysOutOfReach: It cannot be written.
    """
    told = _told(keys)
    if erasure in told:
        _write(keys, {name: one for name, one in told.items() if name != erasure})


def _of(one: Erasure, told: Mapping[str, Mapping[str, str]]) -> Waiting:
    """An erasure of the ledger, and what was written down of it."""
    said = told.get(one.erasure)
    if said is None:
        return Waiting(one.erasure, one.at)
    return Waiting(one.erasure, one.at, said["why"], datetime.fromisoformat(said["tried_at"]))


def _minors(root: Path) -> list[Waiting]:
    """The erasures of minors that are not done: one for all that were found at a time."""
    rows = withdrawn.pending(root)
    rows = rows.filter(pc.equal(rows.column("purpose"), EVERY_PURPOSE))
    each = rows.group_by(["recorded_at"]).aggregate([("left", "max"), ("rewritten_at", "max")])
    return [
        Waiting(MINOR, one["recorded_at"], _why(one["left_max"]), one["rewritten_at_max"])
        for one in each.to_pylist()
    ]


def _why(left: str | None) -> str:
    """What the erasure of minors waits for; None: nobody has tried yet."""
    if left is None:
        return ""
    return (
        f"{left} must wait: the log of a consumer says why" if left else "a young file of no commit"
    )


def _told(keys: Path) -> dict[str, dict[str, str]]:
    """What is written down."""
    try:
        told = json.loads((keys / FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    except OSError as error:
        raise _away(error) from None
    return dict(told)


def _write(keys: Path, told: Mapping[str, Mapping[str, str]]) -> None:
    try:
        replace_file(keys / FILE, canonical(told).encode())
    except OSError as error:
        raise _away(error) from None


def _away(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"{FILE} beside the keys cannot be used: {error.strerror}")
