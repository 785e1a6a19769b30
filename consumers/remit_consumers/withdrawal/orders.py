"""Orders: whose rows lose what, read from the table of withdrawals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import EVERY_PURPOSE
from remit_consumers.lake.removed import Removal

DENIED, MINOR = "denied", "minor"
"""What brings a removal about."""

_BEGUN = ("rewritten_at", "recorded_at")


@dataclass(frozen=True, slots=True)
class Order:
    """What rows under one name lose.

    Attributes:
        purpose: The purpose that must not have them any more; `EVERY_PURPOSE` takes the rows themselves.
        effect_on: The day from which on it was forbidden.
        spared_from: The first day whose rows may stay; None: none.
    """

    purpose: str
    effect_on: date
    spared_from: date | None = None

    @property
    def erases(self) -> bool:
        """Whether the rows themselves go."""
        return self.purpose == EVERY_PURPOSE

    def holds_on(self, day: date) -> bool:
        """Whether it speaks of rows that were collected on a day."""
        return self.spared_from is None or day < self.spared_from

    def removal_on(self, day: date) -> Removal:
        """What it is called when rows of a day lose something by it.

        Rows know no finer time of their collection than the day: of the day of the effect all count as forbidden.
        """
        if self.erases:
            return Removal.ERASED
        return Removal.REVOKED if day >= self.effect_on else Removal.SWEPT


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of many subjects.

    Attributes:
        keys: What `keys_of` gives of their rows; distinct.
        each: For each key, its orders.
        subjects: Their pseudonyms.
        recorded_at: When the oldest of them was recorded.
    """

    keys: pa.Array
    each: Sequence[Sequence[Order]]
    subjects: pa.Array
    recorded_at: datetime | None = None

    @classmethod
    def of(cls, withdrawn: pa.Table) -> Self:
        """Read rows (columns: `tables.WITHDRAWN`)."""
        found: dict[str, list[Order]] = {}
        names = withdrawn.select(["purpose", "effect_at", "spared_from", *_BEGUN]).to_pylist()
        for key, row in zip(keys_of(withdrawn).to_pylist(), names, strict=True):
            spared_from = row["spared_from"]
            if row["rewritten_at"] is not None:  # what was stored since is lawful
                spared_from = row["recorded_at"].date() + timedelta(days=1)
            order = Order(row["purpose"], row["effect_at"].date(), spared_from)
            found.setdefault(key, []).append(order)
        return cls(
            keys=pa.array(list(found), pa.string()),
            each=list(found.values()),
            subjects=pc.unique(withdrawn.column("subject").combine_chunks()),
            recorded_at=pc.min(withdrawn.column("recorded_at")).as_py(),
        )

    def purposes(self, place: int, day: date) -> Mapping[str, Order]:
        """The orders of the key at a place that hold on a day, the earliest effect of each purpose."""
        held = [order for order in self.each[place] if order.holds_on(day)]
        return {
            order.purpose: order
            for order in sorted(held, key=lambda order: order.effect_on, reverse=True)
        }


def keys_of(rows: pa.Table) -> pa.ChunkedArray:
    """What ties rows to orders: tenant and pseudonym; null where there is no subject.

    Rows of before there were tenants belong to none.
    """
    if "tenant" not in rows.column_names:
        return pc.binary_join_element_wise("", rows.column("subject"), "\x1f")
    tenant = pc.fill_null(rows.column("tenant"), "")
    return pc.binary_join_element_wise(tenant, rows.column("subject"), "\x1f")
