"""The table of floors: for each closed window, which combinations of traits enough subjects shared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import FLOORS
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import Table, checkpoint
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


Kind = tuple[str, tuple[str, ...]]
"""What a floor decides for: contract and columns."""


def add(table: Table, floor: Floor) -> None:
    """Write a floor, durably, unless that of this window stands already."""
    app = f"floors/{floor.name}"
    if table.delta.transaction_version(app) is not None:
        return
    files = write(table.path, pa.Table.from_pylist([_row(floor)], schema=FLOORS))
    sync(files)
    try:
        version = append(table.path, table.version, Append(files, {app: 1}))
    except StaleWriter:  # another consumer was faster
        for one in files:
            one.file.unlink(missing_ok=True)
        return
    checkpoint(table, version)


def newest(table: Table, now: datetime | None) -> dict[Kind, list[Floor]]:
    """The newest floors of each kind, one for each number of subjects, the newest first.

    Args:
        table: The floors.
        now: Leaves out windows that end later: a clock that was wrong closed them. None: all.
    """
    heads = table.delta.to_pyarrow_table(
        columns=["floor", "contract", "columns", "subjects_min", "ended_at"]
    )
    if now is not None:
        ended = pa.scalar(now, FLOORS.field("ended_at").type)
        heads = heads.filter(pc.less_equal(heads.column("ended_at"), ended))
    last = {
        (row["contract"], row["columns"], row["subjects_min"]): row["floor"]
        for row in heads.sort_by("ended_at").to_pylist()
    }
    found: dict[Kind, list[Floor]] = {}
    for floor in _read(table, list(last.values())):
        found.setdefault((floor.contract, floor.columns), []).append(floor)
    return found


def named(table: Table, name: str) -> Floor | None:
    """The floor of this name: what rows that bear it in their tagset were decided by."""
    return next(iter(_read(table, [name])), None)


def _read(table: Table, names: list[str]) -> list[Floor]:
    """Floors by their names, the newest first."""
    if not names:
        return []
    rows = table.delta.to_pyarrow_dataset().to_table(filter=pc.field("floor").isin(names))
    return [_floor(row) for row in rows.sort_by([("ended_at", "descending")]).to_pylist()]


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
