"""What is being collected now: the newest commits of the lake, and the last values that they stored.

Everything shown was minimized before: it is read from the lake, and nothing is opened for it. A subject is never shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.history import links_after
from remit_consumers.lake.log import entry
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.receipts import Link, heads, laid_out
from remit_consumers.lake.tables import row_tables
from remit_consumers.proof.outcomes import grouped
from remit_consumers.proof.report import Report, told
from remit_consumers.rows import OWN_COLUMNS
from remit_consumers.store.place import parquet
from remit_schemas.errors import LakeError

EVENTS = "events/"
"""What the tables of events are called before their contract."""

NEVER_SHOWN = frozenset(OWN_COLUMNS)
"""Columns that are not of a contract: whom a row is about, and how it is found again."""

ROWS_LOOKED_AT = 64
"""Last rows of a commit in which a value is looked for."""

COMMITS_LOOKED_AT = 16
"""Newest commits of a table that are looked at first, for fields that rarely have a value: a few milliseconds each."""

_FIELD_KEYS = ["contract", "field", "category", "decision", "reducer", "clause", "purposes"]


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """What became of the values of a field, for one decision.

    Attributes:
        contract: The contract.
        field: The field.
        category: What it is.
        decision: keep, reduce or refuse.
        reducer: How it was made smaller; empty if it was not.
        clause: The sentence that says so.
        purposes: What it is stored for, joined by commas.
        values_in: Values that came.
        values_out: Values that were stored.
    """

    contract: str
    field: str
    category: str
    decision: str
    reducer: str
    clause: str
    purposes: str
    values_in: int
    values_out: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that came while one watched.

    Attributes:
        contract: Of its events; empty in quarantine where nobody knows it.
        receipt: What it says of them.
        examples: For each field that stored a value, the last of them as text.
    """

    contract: str
    receipt: Receipt
    examples: Mapping[str, str]


class Lookout:
    """Watches a lake.

    Attributes:
        examples: For each contract and field, the last value stored, as text.
    """

    def __init__(self, lake: Lake) -> None:
        """Read what there is.

        Raises:
            LakeError: The lake cannot be read.
        """
        self.examples: dict[str, dict[str, str]] = {}
        self._root = lake.root
        self._receipts = lake.receipts()
        self._stands = heads(self._receipts)
        for table, (version, _) in self._stands.items():
            for earlier in range(max(0, version - COMMITS_LOOKED_AT + 1), version + 1):
                self._remember(table, earlier)

    def look(self) -> list[Commit]:
        """Read what was committed since; of the consent ledger, of rewrites and of cuts nothing: such commits count no events.

        Raises:
            LakeError: The lake cannot be read.
        """
        with reaching(self._root):
            fresh = [
                link
                for name in row_tables(self._root)
                for link in links_after(self._root, name, *self._stands.get(name, (-1, None)))
            ]
        if fresh:
            self._receipts = pa.concat_tables([self._receipts, laid_out(fresh)])
            self._stands |= {link.table: (link.version, link.head) for link in fresh}
        commits = [self._commit(link) for link in fresh if link.table != CONSENTS_TABLE]
        return [commit for commit in commits if _is_of_events(commit.receipt)]

    def report(self) -> Report:
        """What became of everything so far; the same as `remit report` tells."""
        return told(self._receipts)

    def fields(self) -> Iterator[FieldSeen]:
        """What became of each field's values so far."""
        rows = self._receipts.filter(pc.equal(self._receipts["kind"], "field"))
        for row in grouped(rows, _FIELD_KEYS, ["values_in", "values_out"]):
            yield FieldSeen(
                contract=str(row["contract"]),
                field=str(row["field"]),
                category=str(row["category"]),
                decision=str(row["decision"]),
                reducer=str(row["reducer"]),
                clause=str(row["clause"]),
                purposes=str(row["purposes"]),
                values_in=int(row["values_in"]),
                values_out=int(row["values_out"]),
            )

    def _commit(self, link: Link) -> Commit:
        receipt = Receipt.from_json(link.text)
        return Commit(receipt.contract, receipt, self._remember(link.table, link.version))

    def _remember(self, table: str, version: int) -> Mapping[str, str]:
        """Note the last values of a commit; gives them."""
        contract = table.removeprefix(EVENTS)
        if contract == table:
            return {}
        fields = [
            str(name)
            for name in self._receipts.filter(
                pc.and_(
                    pc.equal(self._receipts["contract"], contract),
                    pc.equal(self._receipts["kind"], "field"),
                )
            )["field"].unique()
        ]
        found: Mapping[str, str] = {}
        with suppress(LakeError, OSError, pa.ArrowException):  # compacted or erased meanwhile
            found = _examples(self._last_rows(table, version), fields)
        self.examples.setdefault(contract, {}).update(found)
        return found

    def _last_rows(self, table: str, version: int) -> pa.Table:
        """The last rows that a commit added."""
        added = entry(self._root / table, version).added
        if not added:
            return pa.table({})
        file = parquet(self._root / table / added[-1].path)
        names = [name for name in file.schema_arrow.names if name not in NEVER_SHOWN]
        rows = file.read_row_group(file.num_row_groups - 1, columns=names)
        return rows.slice(max(0, rows.num_rows - ROWS_LOOKED_AT))


def _examples(rows: pa.Table, fields: Sequence[str]) -> dict[str, str]:
    """For each field, the columns of the last row that has a value of it, side by side."""
    found = {}
    for field in fields:
        columns = [
            name
            for name in rows.column_names
            if name == field or (name.startswith(f"{field}_") and name not in fields)
        ]
        if values := _last(rows.select(columns)):
            found[field] = " · ".join(map(_shown, values))
    return found


def _last(rows: pa.Table) -> list[Any]:
    """What the last row with anything in it holds: of two rows' values together nobody sent the like."""
    held = ([one for one in row.values() if one is not None] for row in reversed(rows.to_pylist()))
    return next(filter(None, held), [])


def _shown(value: object) -> str:
    """A stored value as a person reads it: one line."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return " ".join(text.split()) or "(empty)"


def _is_of_events(receipt: Receipt) -> bool:
    """Whether a commit brought events: those of maintenance come from no log."""
    return bool(receipt.log)
