"""The table of floors: for each closed window, which combinations of traits enough subjects shared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import FLOORS, Table
from remit_schemas.errors import StaleWriter


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many combinations a window had, and how many of them were of few.

    Attributes:
        combinations: Different combinations.
        rare: Those that were seen of fewer subjects than the floor asks for.
        unique: Those that were seen of a single subject: whoever knows the traits knows the subject.
    """

    combinations: int = 0
    rare: int = 0
    unique: int = 0


@dataclass(frozen=True, slots=True)
class Floor:
    """What one window decided for what came after it.

    Attributes:
        name: `<contract>@<beginning of the window>/<signature of columns and number>`; the tagset of rows that it
            decided names it.
        contract: Whose rows.
        columns: The traits, the most useful first.
        subjects_min: How many subjects had to share a combination.
        begun_at: Beginning of the window.
        ended_at: Its end.
        subjects: How many subjects there were, about.
        before: As they came.
        after: As they were stored.
        common: Combinations, or beginnings of combinations, that enough subjects shared.
    """

    name: str
    contract: str
    columns: tuple[str, ...]
    subjects_min: int
    begun_at: datetime
    ended_at: datetime
    subjects: int
    before: Crowd
    after: Crowd
    common: frozenset[tuple[str | None, ...]]


Kind = tuple[str, tuple[str, ...], int]
"""What a floor decides for: contract, columns, number of subjects."""


def add(table: Table, floor: Floor) -> None:
    """Write a floor, durably, unless that of this window stands already."""
    app = f"floors/{floor.name.partition('@')[0]}/{floor.name.rpartition('/')[2]}"
    window = int(floor.begun_at.timestamp())
    if (table.delta.transaction_version(app) or -1) >= window:
        return
    files = write(table.path, pa.Table.from_pylist([_row(floor)], schema=FLOORS))
    sync(files)
    try:
        append(table.path, table.version, Append(files, {app: window}))
    except StaleWriter:  # another consumer was faster
        for one in files:
            one.file.unlink(missing_ok=True)


def newest(table: Table) -> dict[Kind, Floor]:
    """The floor of the last closed window of each kind."""
    rows = table.delta.to_pyarrow_table().sort_by("begun_at").to_pylist()
    floors = map(_floor, rows)
    return {(floor.contract, floor.columns, floor.subjects_min): floor for floor in floors}


def named(table: Table, name: str) -> Floor | None:
    """The floor of this name: what rows that bear it in their tagset were decided by."""
    rows = table.delta.to_pyarrow_table()
    found = rows.filter(pc.equal(rows.column("floor"), name)).to_pylist()
    return _floor(found[0]) if found else None


def _row(floor: Floor) -> dict[str, object]:
    """A floor as a row."""
    return {
        "floor": floor.name,
        "contract": floor.contract,
        "columns": ",".join(floor.columns),
        "subjects_min": floor.subjects_min,
        "begun_at": floor.begun_at,
        "ended_at": floor.ended_at,
        "subjects": floor.subjects,
        "combinations_before": floor.before.combinations,
        "rare_before": floor.before.rare,
        "unique_before": floor.before.unique,
        "combinations_after": floor.after.combinations,
        "rare_after": floor.after.rare,
        "unique_after": floor.after.unique,
        "common": json.dumps(sorted(map(list, floor.common), key=str), ensure_ascii=False),
    }


def _floor(row: Mapping[str, Any]) -> Floor:
    """Read a row."""
    sides = {
        side: Crowd(*(row[f"{name}_{side}"] for name in ("combinations", "rare", "unique")))
        for side in ("before", "after")
    }
    return Floor(
        name=row["floor"],
        contract=row["contract"],
        columns=tuple(row["columns"].split(",")),
        subjects_min=row["subjects_min"],
        begun_at=row["begun_at"],
        ended_at=row["ended_at"],
        subjects=row["subjects"],
        common=frozenset(tuple(values) for values in json.loads(row["common"])),
        **sides,
    )
