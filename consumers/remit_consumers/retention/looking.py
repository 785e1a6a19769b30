"""Looking: which files of an events table may hold something that is due, and what their rows say of it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.keeping import Ends, day_of, says
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.holds import Holds
from remit_consumers.lake.rewrite import EVENTS, day_in, due_files, live_files
from remit_consumers.lake.tables import Table, is_table, open_table, row_tables
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.retention.aging import aging
from remit_consumers.retention.decide import Assessor
from remit_consumers.store.place import parquet
from remit_consumers.withdrawal.narrow import PlanOf
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.errors import ContractError
from remit_schemas.plan import Plan
from remit_schemas.precision import read_decay
from remit_schemas.reducer import listed
from remit_schemas.retention import Cells

OWN = ("subject", "tenant", "tagset", "keep_until")
"""Columns that every question needs."""

Shown = tuple[str, str, tuple[str, ...]]
"""What shows that a purpose is over: an event, its field and the values."""


@dataclass(frozen=True, slots=True)
class Look:
    """A lake at a moment.

    Attributes:
        root: The lake's folder.
        tagsets: The catalogue.
        plan_of: Gives the plan that rows were stored by.
        holds: What is active.
        ends: What has shown that purposes are over.
        now: Aware UTC.
    """

    root: Path
    tagsets: Mapping[str, Mapping[str, str]]
    plan_of: PlanOf
    holds: Holds
    ends: Mapping[Shown, Ends]
    now: datetime

    @classmethod
    def at(cls, root: Path, plan_of: PlanOf, now: datetime) -> Self:
        """Read what decides beside the rows.

        Raises:
            LakeError: The lake cannot be read.
        """
        tagsets = catalogue(root)
        plans = plans_of(tagsets, plan_of)
        holds = Holds.of(root, now, _categories(plans.values()))
        ends = {shown: _shown(root, shown) for shown in _wanted(plans.values())}
        return cls(root, tagsets, plan_of, holds, ends, now)

    def holding(self) -> Holds:
        """The holds that are active by now: some may have been placed since."""
        plans = plans_of(self.tagsets, self.plan_of).values()
        return Holds.of(self.root, self.now, _categories(plans))

    def contracts(self) -> list[str]:
        """The contracts that have a table."""
        return [
            name.removeprefix(EVENTS) for name in row_tables(self.root) if name.startswith(EVENTS)
        ]

    def assessor(
        self, contract: str, anonymised: Callable[[pa.Table, Cells], None] = lambda _, __: None
    ) -> Assessor:
        """What says what is due of a contract's rows, and hands over those that are to be made anonymous."""
        beside = self.holds, self.now, self.ends, anonymised
        return Assessor(contract, self.tagsets, self.plan_of, *beside)

    def plans(self, contract: str) -> dict[str, Plan]:
        """The plans that rows of a contract were stored by, by their tagsets."""
        mine = {name: row for name, row in self.tagsets.items() if row["contract"] == contract}
        return plans_of(mine, self.plan_of)

    def files(self, table: Table, contract: str) -> list[str]:
        """The files of a contract's table in which something may be due, by their paths."""
        plans = self.plans(contract)
        if any(plan.retention and plan.retention.ends_with for plan in plans.values()):
            return live_files(table)
        found = set(due_files(table, self.now))
        changes = {name: first for name, plan in plans.items() if (first := _first_change(plan))}
        youngest = min(changes.values(), default=None)
        for path in live_files(table):
            age = self.now - datetime.combine(day_in(path), datetime.min.time(), UTC)
            if path not in found and youngest is not None and age >= youngest:
                found |= {path} if self._ages(table.path / path, path, plans) else set()
        return sorted(found)

    def categories(self, tagset: str, fields: Iterable[str]) -> set[str]:
        """The categories of fields that rows of a tagset hold; of all that they hold where none is named."""
        told = json.loads(self.tagsets[tagset]["fields"]) if tagset in self.tagsets else {}
        stored = {name: one["category"] for name, one in told.items() if one["purposes"]}
        return {stored[name] for name in tuple(fields) or stored if name in stored}

    def _ages(self, file: Path, path: str, plans: Mapping[str, Plan]) -> bool:
        """Whether something of the tagsets in a file is over by now."""
        column = parquet(file).read(columns=["tagset"]).column(0)
        return any(
            aging(self.tagsets[name], plans[name], day_in(path), self.now) is not None
            for name in pc.unique(column).to_pylist()
            if name in plans
        )

    def columns(self, contract: str, there: Iterable[str]) -> list[str]:
        """The columns of a contract's table that decide what is due."""
        wanted = set(OWN)
        for plan in self.plans(contract).values():
            floor = plan.retention.floor if plan.retention else None
            wanted |= {floor.counted_from, floor.field or ""} if floor else set()
        return [name for name in there if name in wanted]


def plans_of(tagsets: Mapping[str, Mapping[str, str]], plan_of: PlanOf) -> dict[str, Plan]:
    """The plans of tagsets whose policy version is on record, by the tagset's name."""
    found: dict[str, Plan] = {}
    for name, row in tagsets.items():
        try:
            found[name] = plan_of(row["contract"], row["policy_version"])
        except (KeyError, ContractError):
            continue
    return found


def not_on_record(root: Path, plan_of: PlanOf) -> set[tuple[str, str]]:
    """The contracts and policy versions that rows were stored by and that are not on record.

    Such rows go by the end that stands on them, no field of theirs goes before, and what is to be erased of them waits.

    Raises:
        LakeError: The lake cannot be read.
    """
    with reaching(root):
        tagsets = catalogue(root)
        lost = tagsets.keys() - plans_of(tagsets, plan_of).keys()
        there: set[str] = set()
        for name in (name for name in row_tables(root) if lost and name.startswith(EVENTS)):
            rows = open_table(root, name).delta.to_pyarrow_dataset()
            mine = rows.to_table(["tagset"], filter=pc.field("tagset").isin(sorted(lost)))
            there |= set(pc.unique(mine.column("tagset")).to_pylist())
    return {(tagsets[one]["contract"], tagsets[one]["policy_version"]) for one in there}


def _categories(plans: Iterable[Plan]) -> dict[str, frozenset[str]]:
    """For each contract, the categories of what any of its plans stores."""
    found: dict[str, frozenset[str]] = {}
    for plan in plans:
        stored = frozenset(field.category for field in plan.fields.values() if field.keep_for)
        found[plan.contract] = found.get(plan.contract, frozenset()) | stored
    return found


def _wanted(plans: Iterable[Plan]) -> Iterator[Shown]:
    """What the plans ask of other rows."""
    for plan in plans:
        end = plan.retention.ends_with if plan.retention else None
        if end is not None:
            yield end.event or plan.contract, end.field, end.values


def _shown(root: Path, shown: Shown) -> Ends:
    """On which days events showed that subjects' purposes are over."""
    event, name, values = shown
    nobody = pa.chunked_array([], pa.string())
    if not is_table(root, f"{EVENTS}{event}"):
        return Ends(nobody, day_of(pa.table({"day": pa.array([], pa.date32())})))
    dataset = open_table(root, f"{EVENTS}{event}").delta.to_pyarrow_dataset()
    columns = [one for one in ("subject", "tenant", "day", name) if one in dataset.schema.names]
    rows = dataset.to_table(columns=columns)
    rows = rows.filter(pa.array(says(rows, name, values)))
    return Ends(keys_of(rows), day_of(rows))


def _first_change(plan: Plan) -> timedelta | None:
    """The age at which the first field of a plan goes or becomes coarser while its row stays; None: never."""
    ages = [
        timedelta(days=step.age_days)
        for field in plan.fields.values()
        for step in read_decay(listed(field.parameters, "decay"))
    ]
    if plan.retention is not None:
        ages += [field.keep_for for field in plan.fields.values() if field.keep_for]
    return min(ages, default=None)
