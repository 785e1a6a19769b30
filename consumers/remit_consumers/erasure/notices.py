"""Notices: whoever got something of an erased subject is told, under the name it knows, until it says that it is done.

A table of the lake, only ever appended to: of several rows of one notice the newest holds. A notice is on record before
the rows that say to whom something went are gone, and its name of the subject goes once the recipient has acknowledged.

Source: policy 2021-11-01, clauses S086a, S086b.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.erasure.strike import Struck, strike
from remit_consumers.lake.append import append_rows
from remit_consumers.lake.tables import is_table, open_table
from remit_schemas.errors import SettingsError

TABLE: Final = "notices"
OUTBOX: Final = "outbox"
"""The folder below the data folder where notices lie for recipients without an address."""

ANSWER_WITHIN: Final = timedelta(days=15)
"""How long a recipient has to answer: as long as the operator itself. Source: policy 2021-11-01, clause S101."""

RETRY: Final = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""How long after each try the next one comes; after the last, once a day."""

EXCEPTIONS: Final = ("legal_obligation", "independent_authorisation")
"""Why a recipient may keep what it got. Source: policy 2021-11-01, clause S086b."""

KINDS: Final = ("erased", "corrected", "restricted", "withdrawn", "breach")

_TIME = pa.timestamp("us", "UTC")

NOTICES = pa.schema(
    {
        "notice": pa.string(),
        "to": pa.string(),
        "kind": pa.string(),
        "reference": pa.string(),
        "subjects": pa.string(),
        "made_at": _TIME,
        "due_at": _TIME,
        "tries": pa.int32(),
        "tried_at": _TIME,
        "acknowledged_at": _TIME,
        "exception": pa.string(),
        "keep_until": _TIME,
    }
)
"""Who is told what: `subjects` are the names under which the recipient knows one subject, joined by commas, and empty
once it has acknowledged; `reference` is the erasure; `exception` is from `EXCEPTIONS`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; the fields are those of the table."""

    notice: str
    to: str
    kind: str
    reference: str
    subjects: str
    made_at: datetime
    due_at: datetime
    keep_until: datetime
    tries: int = 0
    tried_at: datetime | None = None
    acknowledged_at: datetime | None = None
    exception: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.acknowledged_at is None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be sent now, for the first time or again."""
        if not self.is_open:
            return False
        if self.tried_at is None:
            return True
        return now >= self.tried_at + RETRY[min(self.tries, len(RETRY)) - 1]

    def told(self, now: datetime) -> dict[str, object]:
        """What is shown of it: nobody's name."""
        form = {name: value for name, value in asdict(self).items() if name != "subjects"}
        state = "open" if self.is_open else "acknowledged"
        return form | {"state": "overdue" if self.is_open and now > self.due_at else state}

    def to_json(self) -> dict[str, object]:
        """What its recipient gets."""
        return {
            "v": 1,
            "notice": self.notice,
            "to": self.to,
            "kind": self.kind,
            "subjects": self.subjects.split(","),
            "made_at": self.made_at.isoformat(),
            "answer_by": self.due_at.isoformat(),
            "exceptions": list(EXCEPTIONS),
        }


def make(to: str, kind: str, reference: str, subjects: Sequence[str], now: datetime) -> Notice:
    """Make a notice; the same again is the same notice.

    Args:
        to: Name of the recipient.
        kind: From `KINDS`.
        reference: What it is about: an erasure.
        subjects: The names under which the recipient knows one subject.
        now: Aware UTC.
    """
    told = "\x1f".join((to, kind, reference, *sorted(subjects)))
    name = hashlib.sha256(told.encode()).hexdigest()[:32]
    due = now + ANSWER_WITHIN
    return Notice(
        name, to, kind, reference, ",".join(sorted(subjects)), now, due, now + timedelta(days=1_096)
    )


def notices(root: Path) -> list[Notice]:
    """All notices as they stand, the oldest first."""
    if not is_table(root, TABLE):
        return []
    rows = open_table(root, TABLE, NOTICES).delta.to_pyarrow_table().cast(NOTICES)
    newest: dict[str, Notice] = {}
    for row in rows.to_pylist():
        one = Notice(**row)
        stands = newest.get(one.notice)
        if stands is None or _rank(one) > _rank(stands):
            newest[one.notice] = one
    return sorted(newest.values(), key=lambda one: (one.made_at, one.notice))


def record(root: Path, fresh: Sequence[Notice]) -> int:
    """Put notices on record, durably, each once; gives how many are new."""
    known = {one.notice for one in notices(root)}
    new = [one for one in fresh if one.notice not in known]
    _append(root, new)
    return len(new)


def acknowledge(root: Path, name: str, now: datetime, exception: str | None = None) -> Notice:
    """Note that a recipient has done what it was told, or why it need not; its names of the subject go.

    Raises:
        SettingsError: There is no such notice, or no such exception.
    """
    if exception is not None and exception not in EXCEPTIONS:
        message = f"an exception is one of {', '.join(EXCEPTIONS)}"
        raise SettingsError(message)
    found = next((one for one in notices(root) if one.notice == name), None)
    if found is None:
        message = "there is no such notice: `remit notices list` shows them"
        raise SettingsError(message)
    done = replace(found, acknowledged_at=now, exception=exception, subjects="")
    _replace(root, done)
    return done


def tried(root: Path, one: Notice, now: datetime) -> None:
    """Note that a notice was sent."""
    _append(root, [replace(one, tries=one.tries + 1, tried_at=now)])


def whose(
    root: Path, stored: Mapping[str, Sequence[str]], contract: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    """Say to whom something of subjects went: tenant, recipient, and those of their stored pseudonyms that went there.

    Args:
        root: The lake's folder.
        stored: By tenant, pseudonyms as the rows bear them.
        contract: Only of these events; empty for all.
    """
    if not is_table(root, "disclosed"):
        return
    columns = ["tenant", "subject", "recipient", *(["contract"] if contract else [])]
    rows = open_table(root, "disclosed").delta.to_pyarrow_table(columns=columns)
    if contract:
        rows = rows.filter(pc.equal(rows.column("contract"), contract))
    for tenant, names in stored.items():
        mine = pc.and_(
            pc.equal(rows.column("tenant"), tenant),
            pc.is_in(rows.column("subject"), pa.array(list(names), pa.string())),
        )
        found: dict[str, set[str]] = {}
        for row in rows.filter(mine).to_pylist():
            found.setdefault(row["recipient"], set()).add(row["subject"])
        for to, theirs in sorted(found.items()):
            yield tenant, to, sorted(theirs)


def _rank(one: Notice) -> tuple[bool, int]:
    """Which of two rows of a notice is the newer one."""
    return one.acknowledged_at is not None, one.tries


def _append(root: Path, rows: Sequence[Notice]) -> None:
    """Append rows, durably."""
    if not rows:
        return
    table = open_table(root, TABLE, NOTICES)
    append_rows(table, pa.Table.from_pylist([asdict(one) for one in rows], NOTICES))


def _replace(root: Path, done: Notice) -> None:
    """Put a row on record that says it is done, and take away the earlier ones, which name the subject."""
    _append(root, [done])
    name = pa.array([done.notice], pa.string())

    def change(rows: pa.Table) -> pa.Table:
        mine = pc.is_in(rows.column("notice"), name)
        return rows.filter(pc.invert(pc.and_(mine, rows.column("acknowledged_at").is_null())))

    strike(root, Struck(TABLE, ["notice"], name, change))
