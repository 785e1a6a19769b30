"""Decide: which rows of a file are due at a moment, what of them, by which sentence, and what holds others back."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from remit_consumers.keeping import (
    DAY_US,
    EPOCH,
    NONE,
    Ends,
    Moments,
    day_of,
    ended,
    floors,
    microseconds,
    moments,
    until,
)
from remit_consumers.lake.holds import NO_HOLD, Holds
from remit_consumers.lake.removed import ANONYMISED, DECAYED, EXPIRED, Removal, RemovedCount
from remit_consumers.lake.rewrite import Change, joined
from remit_consumers.retention.aging import Aging, Law, aging
from remit_consumers.rows import COLLECTED_AT
from remit_consumers.withdrawal.decide import lost_values
from remit_consumers.withdrawal.narrow import PlanOf, lessened, plan_on_record
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.plan import Plan
from remit_schemas.retention import Cells

Mask = npt.NDArray[np.bool_]
"""A truth for each row of a file."""

FLOOR = "floor"
"""What holds rows back that a law keeps."""


class Due(StrEnum):
    """What is due of rows."""

    ROW = "row"
    """They go."""
    FIELD = "field"
    """Some of their fields go."""
    COARSER = "coarser"
    """Some of their times become coarser, or a consent or a law alone holds them from here on."""
    HELD = "held"
    """They would go, and a hold or a legal floor keeps them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows of one file that have in common what is due of them.

    Attributes:
        due: What.
        rows: Which rows: a truth for each of the file.
        tagset: What they bear.
        aging: What is left of them, where something is and changes.
        fields: Fields that it is about; empty where it is the row.
        clause: The sentence by which it is due, or by which it is held back.
        held_by: The id of a hold, or `floor`; empty where nothing holds them.
        cells: What is left of rows that go; None: nothing.
        until: Until when each row of the file is kept, holds left out; only of what is held back.
    """

    due: Due
    rows: Mask
    tagset: str
    aging: Aging | None = None
    fields: tuple[str, ...] = ()
    clause: str = ""
    held_by: str = ""
    cells: Cells | None = None
    until: Moments | None = None

    @property
    def at_end(self) -> str:
        """What becomes of rows that go."""
        return "delete" if self.cells is None else "anonymise"


@dataclass(slots=True)
class Assessor:
    """Says what is due of the rows of a contract at a moment.

    Attributes:
        contract: Name of the contract.
        tagsets: The catalogue: for each tagset its row.
        plan_of: Gives the plan that rows were stored by; a version that is not on record leaves their `keep_until` to decide.
        holds: What is active.
        ends: What has shown that purposes are over, by the event that shows it.
        now: Aware UTC.
        anonymised: Takes rows that go and are to be made anonymous.
    """

    contract: str
    tagsets: Mapping[str, Mapping[str, str]]
    plan_of: PlanOf
    holds: Holds
    now: datetime
    ends: Mapping[tuple[str, str, tuple[str, ...]], Ends] = field(default_factory=dict)
    anonymised: Callable[[pa.Table, Cells], None] = lambda _, __: None
    _aged: dict[tuple[str, int, Law], Aging | None] = field(default_factory=dict)

    def findings(self, rows: pa.Table) -> Iterator[Finding]:
        """Say what is due of rows: each row is in one finding about rows at most, and in one about what is left of it."""
        tagsets = rows.column("tagset").combine_chunks().dictionary_encode()
        codes = np.asarray(tagsets.indices.to_numpy(), np.int64)
        held = self.holds.held(self.contract, rows)
        for code, tagset in enumerate(tagsets.dictionary.to_pylist()):
            yield from self._of_tagset(rows, tagset, codes == code, held)

    def _of_tagset(
        self, rows: pa.Table, tagset: str, mine: Mask, held: npt.NDArray[np.int64]
    ) -> Iterator[Finding]:
        """What is due of the rows of one tagset."""
        plan = plan_on_record(self.tagsets, self.plan_of, tagset)
        now_us = microseconds(self.now - EPOCH)
        bounds = self._bounds(rows, plan, tagset)
        over = mine & (bounds.sooner <= now_us)
        gone = over & (bounds.until <= now_us) & (held == NO_HOLD)
        cells = plan.retention.cells if plan and plan.retention else None
        clause = clause_of(plan)
        if gone.any():
            yield Finding(Due.ROW, gone, tagset, clause=clause, cells=cells)
        for place, hold in enumerate(self.holds.active):
            kept = over & (held == place)
            if kept.any():
                told = hold.clause, hold.hold
                yield Finding(Due.HELD, kept, tagset, None, (), *told, cells, bounds.until)
        by_law = over & (bounds.until > now_us) & (held == NO_HOLD)
        if by_law.any() and plan and plan.retention and plan.retention.floor:
            told = plan.retention.floor.clause, FLOOR
            yield Finding(Due.HELD, by_law, tagset, None, (), *told, cells, bounds.until)
        if plan is not None:
            stays = mine & ~gone & (held == NO_HOLD)
            law = (bounds.floor > now_us) * (1 + (bounds.sooner <= now_us))
            yield from self._left(rows, tagset, plan, stays, law)

    def _bounds(self, rows: pa.Table, plan: Plan | None, tagset: str) -> "Bounds":
        """Until when rows are kept, and until when they would be without a law."""
        stored = moments(rows.column("keep_until"), 0)
        terms = plan.retention if plan else None
        if plan is None or terms is None:
            return Bounds(stored, stored, np.full(rows.num_rows, NONE, np.int64))
        days = day_of(rows)
        floor = floors(rows, terms.floor)
        end = terms.ends_with
        shown = self.ends.get((end.event or self.contract, end.field, end.values)) if end else None
        over = ended(keys_of(rows), days, shown, end)
        ceiling = np.minimum(stored, days + microseconds(self._ceiling(plan, tagset)))
        return Bounds(np.minimum(ceiling, over), until(stored, floor, over), floor)

    def _ceiling(self, plan: Plan, tagset: str) -> timedelta:
        """How long rules and consents let the rows of a tagset be kept."""
        lengths = [
            plan.kept_for(name, told["purposes"])
            for name, told in json.loads(self.tagsets[tagset]["fields"]).items()
            if told["purposes"]
        ]
        return max(lengths, default=timedelta())

    def _left(
        self, rows: pa.Table, tagset: str, plan: Plan, stays: Mask, law: Moments
    ) -> Iterator[Finding]:
        """What is due of rows that stay: few days and one law make few groups, however many rows there are."""
        codes = day_of(rows) // DAY_US * len(Law) + law
        for code in np.unique(codes[stays]).tolist():
            day, asked = divmod(code, len(Law))
            to = self._aging(tagset, plan, day, Law(asked))
            if to is not None:
                fields = tuple(sorted(to.gone)) or tuple(name for name, _ in to.coarser)
                yield Finding(
                    due=Due.FIELD if to.gone else Due.COARSER,
                    rows=stays & (codes == code),
                    tagset=tagset,
                    aging=to,
                    fields=fields,
                    clause=",".join(sorted({plan.fields[name].clause or "" for name in fields})),
                )

    def _aging(self, tagset: str, plan: Plan, day: int, law: Law) -> Aging | None:
        """What is left of the rows of a tagset and a day."""
        key = tagset, day, law
        if key not in self._aged:
            collected_on = date.fromordinal(day + EPOCH.toordinal())
            before = self.tagsets[tagset]
            self._aged[key] = aging(before, plan, collected_on, self.now, law)
        return self._aged[key]

    def change(self, rows: pa.Table) -> Change | None:
        """Carry out what is due of the rows of a file; None: all stay as they are."""
        stays = np.ones(rows.num_rows, np.bool_)
        after, removed, tagsets = rows, list[RemovedCount](), {}
        for finding in self.findings(rows):
            if finding.due is Due.ROW:
                stays &= ~finding.rows
                if finding.cells is not None:
                    self.anonymised(rows.filter(pa.array(finding.rows)), finding.cells)
                reason = EXPIRED if finding.cells is None else ANONYMISED
                removed.append(self._counted(rows, None, finding, reason))
            elif finding.aging is not None:
                to = finding.aging
                mask = pa.chunked_array([pa.array(finding.rows)])
                after = lessened(after, mask, to.tagset, to.gone, to.coarser)
                tagsets[to.tagset.tagset] = to.tagset
                reason = EXPIRED if to.gone else DECAYED
                removed.append(self._counted(rows, after, finding, reason))
            elif finding.until is not None:
                after = _dated(after, finding.rows, finding.until)
        if not removed and after is rows:
            return None
        return Change(after.filter(pa.array(stays)), joined(removed), list(tagsets.values()))

    def _counted(
        self, before: pa.Table, after: pa.Table | None, finding: Finding, reason: str
    ) -> RemovedCount:
        """Count what the rows of a finding lost."""
        mask = pa.array(finding.rows)
        was = before.filter(mask)
        now = was.slice(0, 0) if after is None else after.filter(mask)
        told = self.tagsets.get(finding.tagset)
        return RemovedCount(
            removal=Removal.SWEPT,
            reason=reason,
            rows=was.num_rows if after is None else 0,
            narrowed=0 if after is None else was.num_rows,
            values=lost_values(was, now, json.loads(told["fields"])) if told else {},
        )


def _dated(rows: pa.Table, mask: Mask, until_us: Moments) -> pa.Table:
    """The rows, those that something holds back dated by their end: what showed it may go before they do."""
    stored = moments(rows.column("keep_until"), 0)
    earlier = np.where(mask, np.minimum(stored, until_us), stored)
    if (earlier == stored).all():
        return rows
    place = rows.schema.get_field_index("keep_until")
    kind = rows.schema.field(place)
    return rows.set_column(place, kind, pa.array(earlier, pa.int64()).cast(kind.type))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Until when each row is kept.

    Attributes:
        sooner: By rules, consents and the end of its purpose.
        until: By a law as well.
        floor: By a law alone; `NONE` where none speaks of it.
    """

    sooner: Moments
    until: Moments
    floor: Moments


def clause_of(plan: Plan | None) -> str:
    """The sentence by which rows of a plan go: of their retention, else of the day they count from."""
    if plan is None:
        return ""
    if plan.retention is not None:
        return plan.retention.clause
    return plan.fields[COLLECTED_AT].clause or "" if COLLECTED_AT in plan.fields else ""
