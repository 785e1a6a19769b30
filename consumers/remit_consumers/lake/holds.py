"""Legal holds: rows that must stay although their time is over, because a court, a regulator or a contract says so.

A hold has an owner who answers for it, a ground and an end. It keeps rows as they are: they neither go, nor lose a field,
nor become coarser. It lengthens no purpose: who may read them stays as it was.

Source: policy 2021-11-01, clause S108b.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.durable import discard, sync, write
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.log import newest_version
from remit_consumers.lake.promises import is_kept, keep_promised
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import open_table
from remit_schemas.category import is_under
from remit_schemas.errors import LakeError, StaleWriter

_TIME = pa.timestamp("us", "UTC")

HOLDS = pa.schema(
    {
        "hold": pa.string(),
        "ground": pa.string(),
        "clause": pa.string(),
        "owner": pa.string(),
        "contracts": pa.list_(pa.string()),
        "categories": pa.list_(pa.string()),
        "tenants": pa.list_(pa.string()),
        "subjects": pa.list_(pa.string()),
        "from_day": pa.date32(),
        "to_day": pa.date32(),
        "placed_at": _TIME,
        "ends_at": _TIME,
        "lifted_at": _TIME,
    }
)
"""Legal holds: what rows they lie on (an empty list leaves all), who answers for them and until when. `subjects` are
pseudonyms as events tables store them; of two rows of one hold the one with `lifted_at` holds."""

HOLDS_TABLE = "holds"
"""The name of the table of legal holds."""

NOBODY = "erased"
"""What stands for the name of who was erased: a hold on nobody else must not come to lie on everybody."""

NO_HOLD = -1
"""The place of a row's hold where none lies on it."""

_LISTS = ("contracts", "categories", "tenants", "subjects")


@dataclass(frozen=True, slots=True)
class Reach:
    """What rows a hold lies on: those that every part names; a part that names nothing leaves all.

    Attributes:
        contracts: Names of contracts.
        categories: Contracts that store something of one of these categories, or of one below it.
        tenants: Of the rows; an empty name is a single shop's.
        subjects: Pseudonyms as the rows bear them.
        from_day: The first day of collection.
        to_day: The last.
    """

    contracts: Sequence[str] = ()
    categories: Sequence[str] = ()
    tenants: Sequence[str] = ()
    subjects: Sequence[str] = ()
    from_day: date | None = None
    to_day: date | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold.

    Attributes:
        hold: Its id.
        ground: Why, in words: a case, an order, a contract; never somebody's name.
        clause: The sentence of the policy, or the article of a law, that it rests on.
        owner: Who answers for it.
        reach: What it lies on.
        placed_at: Since when.
        ends_at: When it ends by itself, or is looked at again; None: when somebody ends it.
        lifted_at: When somebody ended it.
    """

    hold: str
    ground: str
    clause: str
    owner: str
    reach: Reach
    placed_at: datetime
    ends_at: datetime | None = None
    lifted_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Whether it holds at a moment. One that is on record holds, also where who placed it has a clock that is ahead."""
        return all(now < at for at in (self.ends_at, self.lifted_at) if at is not None)

    def to_dict(self) -> dict[str, object]:
        """What `remit holds list --json` prints: how many subjects, and not which."""
        reach = self.reach
        days = {"from_day": reach.from_day, "to_day": reach.to_day}
        times = {"placed_at": self.placed_at, "ends_at": self.ends_at, "lifted_at": self.lifted_at}
        return {
            "hold": self.hold,
            "ground": self.ground,
            "clause": self.clause,
            "owner": self.owner,
            "contracts": list(reach.contracts),
            "categories": list(reach.categories),
            "tenants": list(reach.tenants),
            "subjects": len(reach.subjects),
            **{name: at.isoformat() if at else None for name, at in (days | times).items()},
        }


class Holds:
    """The holds of a lake that are active at a moment."""

    def __init__(
        self,
        active: Sequence[Hold],
        categories: Mapping[str, frozenset[str]] | None = None,
        version: int = -1,
    ) -> None:
        """Take in active holds, for each contract the categories of what it stores, and the table's version."""
        self.active = tuple(active)
        self._categories = categories or {}
        self._version = version

    @classmethod
    def of(
        cls, root: Path, now: datetime, categories: Mapping[str, frozenset[str]] | None = None
    ) -> Self:
        """Read those that are active in a lake at a moment.

        Raises:
            LakeError: The lake cannot be read.
        """
        version = newest_version(root / HOLDS_TABLE)  # before they are read: others place some
        return cls([hold for hold in holds(root) if hold.is_active(now)], categories, version)

    def check(self, root: Path) -> None:
        """See that none was placed or ended since they were read.

        Raises:
            StaleWriter: One was: what was decided by them does not count.
        """
        if newest_version(root / HOLDS_TABLE) != self._version:
            message = "a legal hold was placed or ended meanwhile"
            raise StaleWriter(message)

    def held(self, contract: str, rows: pa.Table) -> npt.NDArray[np.int64]:
        """For each row the place in `active` of the first hold on it, or `NO_HOLD`.

        Args:
            contract: Of the rows.
            rows: With `day`, `subject` and, if they know it, `tenant`.
        """
        found = np.full(rows.num_rows, NO_HOLD, np.int64)
        for place, hold in reversed(list(enumerate(self.active))):
            if self._speaks_of(hold.reach, contract):
                found[_within(hold.reach, rows)] = place
        return found

    def mask(self, contract: str, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """Which rows of a contract some hold lies on; arguments as in `held`."""
        return np.asarray(self.held(contract, rows) != NO_HOLD, np.bool_)

    def _speaks_of(self, reach: Reach, contract: str) -> bool:
        """Whether a hold lies on any row of a contract; where its categories are not known, it does."""
        if reach.contracts and contract not in reach.contracts:
            return False
        known = self._categories.get(contract)
        if not reach.categories or known is None:
            return True
        return any(is_under(one, reach.categories) for one in known)


def _within(reach: Reach, rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Which rows of a contract a hold lies on."""
    found = np.ones(rows.num_rows, np.bool_)
    days = rows.column("day")
    if reach.from_day:
        found &= _truths(pc.greater_equal(days, pa.scalar(reach.from_day, pa.date32())))
    if reach.to_day:
        found &= _truths(pc.less_equal(days, pa.scalar(reach.to_day, pa.date32())))
    for name, wanted in (("tenant", reach.tenants), ("subject", reach.subjects)):
        if wanted and name in rows.column_names:
            column = pc.fill_null(rows.column(name).cast(pa.string()), "")
            found &= _truths(pc.is_in(column, value_set=pa.array(list(wanted), pa.string())))
    return found


def _truths(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    return np.asarray(column.to_numpy(), np.bool_)


def holds(root: Path) -> list[Hold]:
    """All holds of a lake, the oldest first; the last word on each.

    Raises:
        LakeError: The lake cannot be read, or the table was there and has gone: nothing would be held any more.
    """
    if not is_kept(root, HOLDS_TABLE):
        return []
    with reaching(root):
        rows = open_table(root, HOLDS_TABLE).delta.to_pyarrow_table()
    said: dict[str, Hold] = {}
    for row in rows.to_pylist():
        one = _read(row)
        before = said.get(one.hold)
        if before is None or one.lifted_at is not None:
            said[one.hold] = one
    return sorted(said.values(), key=lambda one: (one.placed_at, one.hold))


def place(root: Path, hold: Hold) -> Hold:
    """Write a hold, durably; gives it with the id that it got.

    Raises:
        LakeError: The lake cannot be written.
    """
    named = replace(hold, hold=hold.hold or uuid.uuid4().hex[:12])
    _add(root, named)
    return named


def lift(root: Path, name: str, now: datetime) -> Hold:
    """End a hold, durably; one that was ended stays as it is.

    Raises:
        LakeError: There is no such hold, or the lake cannot be written.
    """
    found = next((one for one in holds(root) if one.hold == name), None)
    if found is None:
        message = "there is no hold of this id: remit holds list names them"
        raise LakeError(message)
    if found.lifted_at is not None:
        return found
    lifted = replace(found, lifted_at=now)
    _add(root, lifted)
    return lifted


def _add(root: Path, hold: Hold) -> None:
    """Commit one row."""
    reach = hold.reach
    row = {
        **{name: getattr(hold, name) for name in ("hold", "ground", "clause", "owner")},
        **{name: list(getattr(reach, name)) for name in _LISTS},
        "from_day": reach.from_day,
        "to_day": reach.to_day,
        **{name: getattr(hold, name) for name in ("placed_at", "ends_at", "lifted_at")},
    }
    is_kept(root, HOLDS_TABLE)
    with reaching(root):
        table = open_table(root, HOLDS_TABLE, HOLDS)
        files = write(table.path, pa.Table.from_pylist([row], HOLDS))
        try:
            sync(files)
            append(table.path, table.version, Append(files, {}))
        except StaleWriter:
            discard(files)
            raise
    keep_promised(root, [HOLDS_TABLE])


def _read(row: Mapping[str, Any]) -> Hold:
    """Read one row."""
    contracts, categories, tenants, subjects = (tuple(row[name] or ()) for name in _LISTS)
    return Hold(
        hold=row["hold"],
        ground=row["ground"],
        clause=row["clause"],
        owner=row["owner"],
        reach=Reach(contracts, categories, tenants, subjects, row["from_day"], row["to_day"]),
        placed_at=row["placed_at"],
        ends_at=row["ends_at"],
        lifted_at=row["lifted_at"],
    )
