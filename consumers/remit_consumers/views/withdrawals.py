"""Whose rows have left a purpose before they were rewritten, or are used for nothing: asked at every read."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import WITHDRAWN_TABLE
from remit_consumers.lake.promises import is_kept
from remit_consumers.lake.restrictions import standing as restrictions
from remit_consumers.lake.tables import open_table

ALL_PURPOSES = ""
"""A record that names no purpose holds for every one: what is not understood is not shown."""

_SAID = ["tenant", "subject", "purpose", "effect_at"]
_COLUMNS = [*_SAID, "recorded_at", "applied_at"]


def withdrawn(root: Path, purpose: str) -> pa.Table:
    """Who withdrew a purpose and still has rows of it, or is under a restriction: one row each.

    Returns:
        `person`, as `person_of` names it, and `until`, the last day whose rows are out.
    """
    both = pa.concat_tables([_withdrawn(root, purpose), _restricted(root)])
    last = both.group_by("person").aggregate([("until", "max")])
    return last.rename_columns(["person", "until"])


def _restricted(root: Path) -> pa.Table:
    """Whose rows are used for nothing: whenever they were collected, or until some day."""
    rows = restrictions(root)
    person = person_of(rows.column("tenant"), rows.column("subject"))
    until = pc.fill_null(rows.column("to_day"), pa.scalar(date.max, pa.date32()))
    return pa.table({"person": person, "until": until})


def _withdrawn(root: Path, purpose: str) -> pa.Table:
    """Who withdrew a purpose."""
    none = pa.table({"person": pa.array([], pa.string()), "until": pa.array([], pa.date32())})
    if not is_kept(root, WITHDRAWN_TABLE):
        return none
    rows = open_table(root, WITHDRAWN_TABLE).delta.to_pyarrow_table(columns=_COLUMNS)
    rows = rows.filter(pc.is_in(rows.column("purpose"), pa.array([purpose, ALL_PURPOSES])))
    said = rows.group_by(_SAID).aggregate([("recorded_at", "max"), ("applied_at", "count")])
    open_ = said.filter(pc.equal(said.column("applied_at_count"), 0))
    if not open_.num_rows:
        return none
    days = pc.floor_temporal(open_.column("recorded_at_max"), unit="day").cast(pa.date32())
    person = person_of(open_.column("tenant"), open_.column("subject"))
    return pa.table({"person": person, "until": days})


def person_of(tenant: pa.ChunkedArray, subject: pa.ChunkedArray) -> pa.ChunkedArray:
    """Name each row's subject with its tenant; null where a row has no subject."""
    return pc.binary_join_element_wise(pc.fill_null(tenant, ""), subject, "\x1f")


def still_read(rows: pa.Table, gone: pa.Table) -> pa.Table:
    """The rows whose subject has not withdrawn, or only before the row was collected."""
    if not gone.num_rows:
        return rows
    person = person_of(rows.column("tenant"), rows.column("subject"))
    place = pc.index_in(person, value_set=gone.column("person").combine_chunks())
    until = pc.take(gone.column("until"), place)
    is_out = pc.fill_null(pc.less_equal(rows.column("day"), until), fill_value=False)
    return rows.filter(pc.invert(is_out))
