"""Retention told twice: rows as the product stores and sweeps them, and an independent reference that knows only days.

The reference shares no code with the product: it holds a row as a dict of days and asks, at each sweep, for each field
and row alone, what the policy's words mean. It remembers every end that was ever said, the product must not need to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from remit_consumers.keeping import Ends, day_of, kept_rows, says
from remit_consumers.lake.holds import Hold, Holds, Reach
from remit_consumers.lake.tagsets import Tagset, tagset_of
from remit_consumers.retention.decide import Assessor
from remit_consumers.rows import columns_of, present_in
from remit_consumers.withdrawal.narrow import narrowed, narrowing
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.plan import Plan

BEGIN = date(2026, 1, 1)
FIELDS = ("occurred_at", "method", "progress", "source")
CONSENTED = "analytics.reporting"
PRECISIONS = ("minute", "hour", "day")
TIME = pa.timestamp("us", "UTC")


def moment(day: int) -> datetime:
    """The beginning of a day of the simulation."""
    return datetime.combine(BEGIN, datetime.min.time(), UTC) + timedelta(days=day)


@dataclass(frozen=True)
class Said:
    """An event, as a simulation has it.

    Attributes:
        day: Of its collection.
        occurred: Days before or after that on which it happened.
        subject: Whose; None: nobody's.
        progress: What it says.
        granted: Whether its subject consents.
    """

    day: int
    occurred: int
    subject: str | None
    progress: str
    granted: bool


@dataclass(frozen=True)
class Held:
    """A hold from one day to another, on a subject or on everybody (None)."""

    begins: int
    ends: int
    subject: str | None


@dataclass
class Shelf:
    """Rows as the product keeps them, in memory: every rule is its own code's."""

    plan: Plan
    rows: pa.Table | None = None
    tagsets: dict[str, Tagset] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    swept: int = 0

    def store(self, events: Sequence[Said]) -> None:
        """Take events in."""
        for number, one in enumerate(events):
            row = self._stored(one, number)
            self.rows = row if self.rows is None else pa.concat_tables([self.rows, row])

    def _stored(self, one: Said, number: int) -> pa.Table:
        outcome = self.plan.outcome(frozenset({CONSENTED} if one.granted else ()))
        tagset = tagset_of(self.plan, outcome)
        self.tagsets[tagset.tagset] = tagset
        held = {name for name in FIELDS if outcome.fields[name].decision.value != "refuse"}
        at = moment(one.day + one.occurred) + timedelta(hours=13, minutes=7)
        values = {"occurred_at": at, "method": "alipay", "progress": one.progress, "source": "own"}
        table = pa.table(
            {
                "occurred_at": pa.array([at if "occurred_at" in held else None], TIME),
                **{
                    name: pa.array([values[name] if name in held else None], pa.string())
                    for name in FIELDS[1:]
                },
                "pack": pa.array([f"{one.day}"]),
                "index": pa.array([number], pa.int32()),
                "subject": pa.array([one.subject], pa.string()),
                "tenant": pa.array([""]),
                "tagset": pa.array([tagset.tagset]),
                "day": pa.array([moment(one.day).date()], pa.date32()),
            }
        )
        until = kept_rows(table, outcome.keep_for, self.plan.retention)
        return table.append_column("keep_until", until)

    def withdraw(self, subject: str) -> None:
        """Narrow a subject's rows."""
        if self.rows is None:
            return
        for name in set(self.rows.column("tagset").to_pylist()):
            to = narrowing(self._told(name), frozenset({CONSENTED}), lambda *_: self.plan)
            if to is None:
                continue
            mine = pa.chunked_array(
                [[s == subject and t == name for s, t in zip(*self._both(), strict=True)]]
            )
            if to.tagset is None:
                stays = pa.array([not one for one in mine.to_pylist()])
                self.rows = self.rows.filter(stays)
            else:
                self.tagsets[to.tagset.tagset] = to.tagset
                self.rows = narrowed(self.rows, mine, to)

    def _both(self) -> tuple[list[Any], list[Any]]:
        assert self.rows is not None
        return self.rows.column("subject").to_pylist(), self.rows.column("tagset").to_pylist()

    def _told(self, name: str) -> Mapping[str, str]:
        one = self.tagsets[name]
        return {key: getattr(one, key) for key in one.__dataclass_fields__}

    def sweep(self, day: int, holds: Sequence[Held]) -> None:
        """Do what is due."""
        if self.rows is None or not self.rows.num_rows:
            return
        end = self.plan.retention.ends_with if self.plan.retention else None
        ends = {}
        if end is not None:
            shown = self.rows.filter(pa.array(says(self.rows, end.field, end.values)))
            ends["payment", end.field, end.values] = Ends(keys_of(shown), day_of(shown))
        active = [
            Hold(
                f"{n}",
                "case",
                "S108b",
                "me",
                Reach(subjects=(one.subject,) if one.subject else ()),
                moment(0),
            )
            for n, one in enumerate(holds)
            if one.begins <= day < one.ends
        ]
        catalogue = {name: self._told(name) for name in self.tagsets}
        assessor = Assessor(
            "payment", catalogue, lambda *_: self.plan, Holds(active), moment(day), ends
        )
        change = assessor.change(self.rows)
        if change is None:
            return
        self.rows = change.rows
        self.tagsets |= {one.tagset: one for one in change.tagsets}
        for one in change.removed:
            self.swept += one.rows
            for name, count in one.values.items():
                self.lost[name] = self.lost.get(name, 0) + count

    def seen(self) -> list[tuple[Any, ...]]:
        """Every row that is there: its identity, which fields it has, and how fine its time is."""
        if self.rows is None:
            return []
        found = []
        for row in self.rows.to_pylist():
            at = row["occurred_at"]
            fine = None if at is None else "minute" if at.minute else "hour" if at.hour else "day"
            has = tuple(name for name in FIELDS if row[name] is not None)
            found.append((int(row["pack"]), row["index"], has, fine))
        return sorted(found)

    def present(self) -> dict[str, int]:
        """How many values of each field are there."""
        if self.rows is None:
            return dict.fromkeys(FIELDS, 0)
        columns = columns_of(self.rows.column_names, FIELDS)
        return {name: present_in(self.rows.select(columns[name])) for name in FIELDS}


@dataclass(frozen=True)
class Words:
    """A policy as its reader understands it, in days.

    Attributes:
        keep: For each field and `collected_at`, its ceiling.
        optional: Fields that only a consent holds.
        both: Fields that a consent holds as well.
        floor: Days that a law keeps rows, whose values it speaks of (None: all), and whether from `occurred_at`.
        end: Values that end a purpose, and days after.
        longer: Days that a consent adds up to.
        decay: Age and precision, in order.
    """

    keep: Mapping[str, int]
    optional: frozenset[str] = frozenset()
    both: frozenset[str] = frozenset()
    floor: tuple[int, tuple[str, ...] | None, bool] | None = None
    end: tuple[tuple[str, ...], int] | None = None
    longer: int | None = None
    decay: tuple[tuple[int, str], ...] = ()
    named: bool = True


@dataclass
class Known:
    """A row of the reference."""

    said: Said
    number: int
    fields: dict[str, str]
    granted: bool
    ends_at: int | None = None


@dataclass
class Reference:
    """What must be there, day by day."""

    words: Words
    rows: list[Known] = field(default_factory=list)
    ends: list[tuple[str, int]] = field(default_factory=list)

    def store(self, events: Sequence[Said]) -> None:
        """Take events in."""
        for number, one in enumerate(events):
            fields = {
                name: "minute" if name == "occurred_at" else "yes"
                for name in FIELDS
                if one.granted or name not in self.words.optional
            }
            self.rows.append(Known(one, number, fields, one.granted))
            if self.words.end and one.subject is not None and one.progress in self.words.end[0]:
                self.ends.append((one.subject, one.day))

    def withdraw(self, subject: str) -> None:
        """Take back a consent."""
        for row in self.rows:
            if row.said.subject == subject and row.granted:
                row.granted = False
                for name in self.words.optional & row.fields.keys():
                    del row.fields[name]

    def sweep(self, day: int, holds: Sequence[Held]) -> None:
        """Leave what must be there."""
        self.rows = [row for row in self.rows if self._stays(row, day, holds)]

    def _stays(self, row: Known, day: int, holds: Sequence[Held]) -> bool:
        who = {None, row.said.subject}
        if any(one.begins <= day < one.ends and one.subject in who for one in holds):
            return True
        law = self._law(row)
        if law is not None and day < law:
            self._age(row, day - row.said.day, self.words.optional)
            return True
        if day >= min(self._ceiling(row), self._over(row)):
            return False
        self._age(row, day - row.said.day, frozenset(FIELDS))
        return True

    def _age(self, row: Known, age: int, some: frozenset[str]) -> None:
        """Take those of some fields whose time is over, and round what must be rounded."""
        for name in list(some & row.fields.keys()) if self.words.named else []:
            if age >= self._kept(name, row):
                del row.fields[name]
        for days, precision in self.words.decay:
            if age >= days and "occurred_at" in some & row.fields.keys():
                row.fields["occurred_at"] = precision

    def _law(self, row: Known) -> int | None:
        if self.words.floor is None:
            return None
        days, values, by_occurrence = self.words.floor
        if values is not None and row.said.progress not in values:
            return None
        return row.said.day + (row.said.occurred if by_occurrence else 0) + 1 + days

    def _kept(self, name: str, row: Known) -> int:
        ceiling = self.words.keep[name]
        is_longer = row.granted and name in self.words.optional | self.words.both
        return max(ceiling, self.words.longer or 0) if is_longer else ceiling

    def _ceiling(self, row: Known) -> int:
        """The end of a row by rules and consents: with the last of its fields, or the first where nothing is named."""
        held = [n for n in FIELDS if row.granted or n not in self.words.optional]
        lengths = [self._kept(name, row) for name in held] + [self.words.keep["collected_at"]]
        return row.said.day + (max if self.words.named else min)(lengths)

    def _over(self, row: Known) -> int:
        if self.words.end is None or row.said.subject is None:
            return 10**9
        later = [d for who, d in self.ends if who == row.said.subject and d >= row.said.day]
        return min(later) + 1 + self.words.end[1] if later else 10**9

    def seen(self) -> list[tuple[Any, ...]]:
        """Every row that must be there, as `Shelf.seen` tells it."""
        return sorted(
            (
                row.said.day,
                row.number,
                tuple(name for name in FIELDS if name in row.fields),
                row.fields.get("occurred_at"),
            )
            for row in self.rows
        )


__all__ = ["Held", "Reference", "Said", "Shelf", "Words", "moment", "replace"]
