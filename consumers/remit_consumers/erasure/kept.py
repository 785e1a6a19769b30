"""Kept: rows that an erasure leaves, because a legal hold or a legal floor is on them, each counted with its clause."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.keeping import EPOCH, NONE, floors, microseconds
from remit_consumers.lake.holds import NO_HOLD, Holds
from remit_consumers.lake.restrictions import OBLIGED, Whose
from remit_consumers.withdrawal.narrow import PlanOf, plan_of_rows, tagset_on_record
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.plan import Plan

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ground:
    """What keeps rows.

    Attributes:
        contract: Whose rows.
        kind: `hold` or `floor`.
        clause: The sentence that says so.
    """

    contract: str
    kind: str
    clause: str


@dataclass(slots=True)
class Keeping:
    """Says which rows must stay, and counts them.

    Attributes:
        holds: Those that are active.
        tagsets: The catalogue: for each tagset its row.
        plan_of: Gives the plan that rows were stored by.
        now: Aware UTC.
        rows: How many rows each ground keeps.
        until: Until when the longest floor keeps any.
        whose: Tenant and pseudonym of each subject that rows are kept of.
        waiting: For each table of which nothing could be decided or done yet, why: one line.
    """

    holds: Holds
    tagsets: Mapping[str, Mapping[str, str]]
    plan_of: PlanOf
    now: datetime
    rows: Counter[Ground] = field(default_factory=Counter)
    until: dict[Ground, datetime] = field(default_factory=dict)
    whose: set[Whose] = field(default_factory=set)
    waiting: dict[str, str] = field(default_factory=dict)
    _counting: Lock = field(default_factory=Lock)

    def held(self, rows: pa.Table, *, count: Mask) -> Mask:
        """Say which rows must stay; those under a mask are counted.

        Raises:
            LakeError: A row under the mask was stored by what is not on record: nobody knows what a law says of it.
        """
        kept = np.zeros(rows.num_rows, np.bool_)
        coded = rows.column("tagset").combine_chunks().dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        for code, tagset in enumerate(coded.dictionary.to_pylist()):
            mine = codes == code
            if (mine & count).any():
                told = tagset_on_record(self.tagsets, tagset)
                plan = plan_of_rows(told, self.plan_of)
                kept |= self._by_holds(plan.contract, rows, mine, count)
                kept |= self._by_floor(plan, rows, mine, count)
        self._note(rows, kept & count)
        return kept

    def begin(self, contract: str) -> None:
        """Count the rows of a contract anew: its table is looked at from the beginning."""
        for ground in [ground for ground in self.rows if ground.contract == contract]:
            del self.rows[ground]
            self.until.pop(ground, None)

    def told(self) -> list[dict[str, object]]:
        """What a certificate says of them."""
        return [
            {
                "contract": ground.contract,
                "rows": rows,
                "by": ground.kind,
                "clause": ground.clause,
                "until": self.until[ground].isoformat() if ground in self.until else None,
                "code": OBLIGED,
            }
            for ground, rows in sorted(self.rows.items(), key=lambda one: str(one[0]))
        ]

    def _by_holds(self, contract: str, rows: pa.Table, mine: Mask, count: Mask) -> Mask:
        """Which rows of one tagset a hold is on."""
        if not self.holds.active:
            return np.zeros(rows.num_rows, np.bool_)
        places = self.holds.held(contract, rows)
        for place, hold in enumerate(self.holds.active):
            found = int((mine & count & (places == place)).sum())
            self._count(Ground(contract, "hold", hold.clause), found, None)
        return np.asarray(mine & (places != NO_HOLD))

    def _by_floor(self, plan: Plan, rows: pa.Table, mine: Mask, count: Mask) -> Mask:
        """Which rows of one tagset a law keeps."""
        floor = plan.retention.floor if plan.retention else None
        if floor is None:
            return np.zeros(rows.num_rows, np.bool_)
        until = floors(rows, floor)
        kept = mine & (until != NONE) & (until > microseconds(self.now - EPOCH))
        found = kept & count
        if found.any():
            last = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(until[found].max()))
            self._count(Ground(plan.contract, "floor", floor.clause), int(found.sum()), last)
        return np.asarray(kept)

    def _note(self, rows: pa.Table, kept: Mask) -> None:
        """Note whose rows are kept; several threads do."""
        if kept.any():
            some = pc.unique(keys_of(rows.filter(pa.array(kept)))).drop_null().to_pylist()
            with self._counting:
                self.whose |= {(tenant, name) for tenant, _, name in map(_parted, some)}

    def _count(self, ground: Ground, rows: int, until: datetime | None) -> None:
        """Count rows; several threads do."""
        if not rows:
            return
        with self._counting:
            self.rows[ground] += rows
            if until is not None:
                self.until[ground] = max(until, self.until.get(ground, until))


def _parted(key: str) -> tuple[str, str, str]:
    """Tenant and pseudonym of what `keys_of` gives."""
    return key.partition("\x1f")
