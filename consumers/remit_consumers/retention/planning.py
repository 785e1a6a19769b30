"""Planning: what goes by a day, by which sentence, and what is held back; nothing is changed.

A moment is an argument: asked for a day in the future, a plan says what will be due then, if nothing else happens until.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.fault import reaching
from remit_consumers.lake.rewrite import EVENTS, day_in
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.retention.decide import Due, Finding
from remit_consumers.retention.looking import Look
from remit_consumers.retention.sweep import OWN_TABLES, own_rewriting
from remit_consumers.store.place import parquet
from remit_consumers.withdrawal.narrow import PlanOf
from remit_consumers.withdrawal.orders import keys_of

FEW = 10
"""Fewer subjects than this are told as `<10` (D10)."""

Key = tuple[str, Due, tuple[str, ...], str, str, str]


@dataclass(slots=True)
class Item:
    """One line of a plan.

    Attributes:
        table: `events/<contract>` or a table of remit's own.
        due: What is due.
        fields: Fields that it is about; empty where it is the row.
        clause: The sentence by which it is due, or held back.
        at_end: `delete` or `anonymise`.
        held_by: A hold's id, or `floor`; empty where nothing holds it.
        rows: How many rows.
        tagsets: Rows by what they bear.
        keys: Who they are about, as rows tell it.
    """

    table: str
    due: Due
    fields: tuple[str, ...]
    clause: str
    at_end: str
    held_by: str
    rows: int = 0
    tagsets: dict[str, int] = field(default_factory=dict)
    keys: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))

    @property
    def subjects(self) -> str:
        """How many subjects, a few of them as `<10`."""
        return told(len(self.keys))

    def to_dict(self) -> dict[str, object]:
        """What `remit sweep --plan --json` prints."""
        return {
            "table": self.table,
            "due": self.due.value,
            "fields": list(self.fields),
            "rows": self.rows,
            "subjects": self.subjects,
            "clause": self.clause,
            "at_end": self.at_end,
            "held_by": self.held_by or None,
        }


def told(subjects: int) -> str:
    """A count of subjects as it may be shown."""
    return f"{subjects:,}" if subjects == 0 or subjects >= FEW else f"<{FEW}"


def plan(
    root: Path, plan_of: PlanOf, now: datetime, progress: Callable[[str], None] = lambda _: None
) -> list[Item]:
    """Say what is due in a lake at a moment.

    Args:
        root: The lake's folder.
        plan_of: Gives the plan that rows were stored by.
        now: Aware UTC; may lie in the future.
        progress: Called with the name of each table.

    Raises:
        LakeError: The lake cannot be read.
    """
    with reaching(root):
        return _items(Look.at(root, plan_of, now), progress)


def _items(look: Look, progress: Callable[[str], None] = lambda _: None) -> list[Item]:
    """What is due in a lake as it was looked at."""
    items: dict[Key, Item] = {}
    for contract in look.contracts():
        progress(f"{EVENTS}{contract}")
        for rows, finding in _findings(look, contract):
            _count(items, f"{EVENTS}{contract}", rows, finding)
    for name in OWN_TABLES:
        if is_table(look.root, name):
            progress(name)
            _count_own(items, look.root, name, look.now)
    return sorted(items.values(), key=lambda one: (one.table, one.due, one.fields, one.held_by))


def _findings(look: Look, contract: str) -> Iterator[tuple[pa.Table, Finding]]:
    """What is due in the files of a contract, with the columns that tell it."""
    table = open_table(look.root, f"{EVENTS}{contract}")
    assessor = look.assessor(contract)
    for path in look.files(table, contract):
        opened = parquet(table.path / path)
        rows = opened.read(columns=look.columns(contract, opened.schema_arrow.names))
        day = pa.scalar(day_in(path), pa.date32())
        rows = rows.append_column("day", pa.repeat(day, rows.num_rows))
        for finding in assessor.findings(rows):
            yield rows, finding


def _count(items: dict[Key, Item], table: str, rows: pa.Table, finding: Finding) -> None:
    """Add what was found in one file."""
    key = (
        *(table, finding.due, finding.fields),
        *(finding.clause, finding.at_end, finding.held_by),
    )
    item = items.setdefault(key, Item(*key))
    mask = pa.array(finding.rows)
    count = int(finding.rows.sum())
    item.rows += count
    item.tagsets[finding.tagset] = item.tagsets.get(finding.tagset, 0) + count
    mine = pc.unique(keys_of(rows).filter(mask)).drop_null()
    item.keys = pc.unique(pa.chunked_array([item.keys, mine], pa.string()))


def _count_own(items: dict[Key, Item], root: Path, name: str, now: datetime) -> None:
    """Add what is due in a table of remit's own."""
    table = open_table(root, name)
    what = own_rewriting(root, name, now)
    for path in what.find(table):
        change = what.decide(parquet(table.path / path).read())
        if change:
            key = (name, Due.ROW, (), OWN_CLAUSE, "delete", "")
            gone = sum(one.rows for one in change.removed)
            gone += sum(one.count for one in change.replayed)
            items.setdefault(key, Item(*key)).rows += gone


OWN_CLAUSE = ""
"""Tables of remit's own go by the `keep_until` that was given to each row: no one sentence of a policy says it."""


def overdue(root: Path, plan_of: PlanOf, now: datetime) -> dict[str, int]:
    """Rows that are due and still there, by the categories of what they hold.

    Raises:
        LakeError: The lake cannot be read.
    """
    found: dict[str, int] = {}
    with reaching(root):
        look = Look.at(root, plan_of, now)
        for item in _items(look):
            if item.due in {Due.ROW, Due.FIELD}:
                for tagset, rows in item.tagsets.items():
                    for category in look.categories(tagset, item.fields):
                        found[category] = found.get(category, 0) + rows
    return found
