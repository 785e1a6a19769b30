"""A period that something is told of: whole UTC days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from remit_schemas.errors import SettingsError

_TIME = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from a first to a last one, both of them in it.

    Attributes:
        first: None: since ever.
        last: None: until now.
    """

    first: date | None = None
    last: date | None = None

    @classmethod
    def named(cls, first: str, last: str) -> Self:
        """Read a period as a command line has it; empty: open at that end.

        Raises:
            SettingsError: A day is none, or the last is before the first.
        """
        try:
            begin, end = (date.fromisoformat(one) if one else None for one in (first, last))
        except ValueError:
            raise SettingsError("a day is written as 2026-11-30") from None
        if begin and end and end < begin:
            raise SettingsError("the last day is before the first")
        return cls(begin, end)

    @property
    def is_all(self) -> bool:
        """Whether it is open at both ends."""
        return self.first is None and self.last is None

    @property
    def begin(self) -> datetime | None:
        """Its first moment."""
        return datetime.combine(self.first, time(), UTC) if self.first else None

    @property
    def end(self) -> datetime | None:
        """The first moment after it."""
        after = self.last + timedelta(days=1) if self.last else None
        return datetime.combine(after, time(), UTC) if after else None

    def where(self, column: str) -> pc.Expression | None:
        """What rows meet whose time is in it; None where all do."""
        found = None
        if self.begin:
            found = pc.field(column) >= pa.scalar(self.begin, _TIME)
        if self.end:
            is_before = pc.field(column) < pa.scalar(self.end, _TIME)
            found = is_before if found is None else found & is_before
        return found

    def of(self, rows: pa.Table, column: str) -> pa.Table:
        """The rows whose time is in it."""
        meets = self.where(column)
        return rows if meets is None else rows.filter(meets)

    def has(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return not (
            (self.begin is not None and moment < self.begin)
            or (self.end is not None and moment >= self.end)
        )

    def to_dict(self) -> dict[str, str | None]:
        """As JSON."""
        ends = {"from": self.first, "to": self.last}
        return {name: day.isoformat() if day else None for name, day in ends.items()}


EVER = Period()
"""All that there is."""
