"""The newest rows of the lake, beside what became of each of their fields.

They are read from the lake and from nowhere else: what is shown was minimized, committed and counted before, and nothing
is opened for it. A row's subject, pack and index are never looked at, its tenant only to leave others' rows out.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.dashboard.moments import Moments
from remit_consumers.lake.log import entry, versions
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.rows import OWN_COLUMNS
from remit_consumers.store.place import parquet
from remit_schemas.errors import LakeError

ROWS_MAX = 40
"""Rows that are kept at hand: some screens, so that at five events a second one stays for eight seconds."""

ROWS_OF_COMMIT = 16
"""Rows of one commit that are shown: of a large import it is the end that one sees."""

COMMITS_LOOKED_AT = 4
"""Newest commits of a table that are looked at where none was before."""

NEVER_SHOWN = frozenset(OWN_COLUMNS) - {"tagset"}

EARLIEST = datetime.min.replace(tzinfo=UTC)
"""When a row is taken to have been committed where the log no longer says."""


@dataclass(frozen=True, slots=True)
class SeenField:
    """What became of a field of one event.

    Attributes:
        field: Its name in the contract.
        category: What it is.
        decision: keep, reduce or refuse.
        reducer: How it was made smaller; empty if it was not.
        clause: The sentence that says so.
        value: What is stored, as one line; empty where nothing is.
    """

    field: str
    category: str
    decision: str
    reducer: str
    clause: str
    value: str


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One event as it was stored.

    Attributes:
        number: Counts the rows that were seen; the newest has the highest.
        contract: Its contract.
        at: When it was committed, aware UTC.
        fields: In the order of the catalogue.
        file: Where it stands: what is rewritten, erased or swept is shown no more.
    """

    number: int
    contract: str
    at: datetime | None
    fields: tuple[SeenField, ...]
    file: Path


class Recent:
    """Keeps the newest rows of one lake at hand; several threads may ask."""

    def __init__(self, root: Path, moments: Moments, tenant: str | None = None) -> None:
        """Begin with none.

        Args:
            root: The lake's folder.
            moments: Tells when a commit was.
            tenant: Whose rows; None for everybody's. Rows are numbered among these alone, so that no number tells of others.
        """
        self._root, self._moments, self._tenant = root, moments, tenant
        self._of: dict[str, Recent] = {}
        self._rows: deque[SeenRow] = deque(maxlen=ROWS_MAX)
        self._looked: dict[str, int] = {}
        self._tagsets: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()
        self._count = 0

    def of(self, tenant: str | None) -> "Recent":
        """The newest rows of one tenant; of everybody for None. Tenants are those that somebody was bound to: few."""
        if tenant == self._tenant:
            return self
        with self._lock:
            if tenant not in self._of:
                self._of[str(tenant)] = Recent(self._root, self._moments, tenant)
            return self._of[str(tenant)]

    def rows(self) -> Sequence[SeenRow]:
        """The newest rows, the newest first.

        Raises:
            LakeError: The lake cannot be read.
        """
        with self._lock:
            fresh = [
                row
                for name in row_tables(self._root)
                if name.startswith(EVENTS)
                for row in self._look(name)
            ]
            for row in sorted(fresh, key=lambda row: row.at or EARLIEST):
                self._count += 1
                self._rows.append(replace(row, number=self._count))
            return tuple(row for row in reversed(self._rows) if row.file.exists())

    def _look(self, name: str) -> list[SeenRow]:
        """What was committed to a table since it was looked at."""
        there = versions(self._root / name)
        fresh = [at for at in there if at > self._looked.get(name, -1)][-COMMITS_LOOKED_AT:]
        self._looked[name] = max(there, default=-1)
        found: list[SeenRow] = []
        for version in fresh:
            with suppress(LakeError, OSError, pa.ArrowException):  # compacted or erased meanwhile
                found += self._last(name, version)
        return found

    def _last(self, name: str, version: int) -> list[SeenRow]:
        """The last rows of a commit; one that removed files only rewrote what was seen before."""
        found = entry(self._root / name, version)
        if not found.added or found.removed:
            return []
        path = self._root / name / found.added[-1].path
        file = parquet(path)
        columns = [one for one in file.schema_arrow.names if one not in NEVER_SHOWN]
        rows = self._own(file.read_row_group(file.num_row_groups - 1, columns=[*columns, "tenant"]))
        at = self._moments.at(name, version)
        contract = name.removeprefix(EVENTS)
        return [
            SeenRow(0, contract, at, tuple(_fields(self._tagset(row["tagset"]), row)), path)
            for row in rows.slice(max(0, rows.num_rows - ROWS_OF_COMMIT)).to_pylist()
        ]

    def _own(self, rows: pa.Table) -> pa.Table:
        """The rows that may be shown, without whose they are."""
        if self._tenant is not None:
            rows = rows.filter(pc.equal(rows.column("tenant"), self._tenant))  # null is nobody's
        return rows.drop_columns(["tenant"])

    def _tagset(self, tagset: str) -> Mapping[str, Mapping[str, Any]]:
        """What the catalogue says of a tagset; nothing where it does not have it."""
        if tagset not in self._tagsets and is_table(self._root, "tagsets"):
            rows = open_table(self._root, "tagsets").delta.to_pyarrow_table()
            for row in rows.select(["tagset", "fields"]).to_pylist():
                self._tagsets[row["tagset"]] = json.loads(row["fields"])
        return self._tagsets.get(tagset, {})


def _fields(
    told: Mapping[str, Mapping[str, Any]], row: Mapping[str, object]
) -> Iterator[SeenField]:
    """What became of each field of a row."""
    for name, one in told.items():
        columns = [
            column
            for column in row
            if column == name or (column.startswith(f"{name}_") and column not in told)
        ]
        values = [_line(row[column], column.removeprefix(f"{name}_")) for column in columns]
        yield SeenField(
            field=name,
            category=str(one["category"]),
            decision=str(one["decision"]),
            reducer=str(one["reducer"] or ""),
            clause=str(one["clause"] or ""),
            value=" · ".join(filter(None, values)),
        )


def _line(value: object, part: str) -> str:
    """A stored value as one line; of what is or is not, the name of the part where it is."""
    if value is None or isinstance(value, bool):
        return part if value else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return " ".join(str(value).split())
