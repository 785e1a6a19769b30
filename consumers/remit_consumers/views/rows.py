"""The rows of a view: only what its purpose may see, by names and times of its own, in no order."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from remit_consumers.reducers.timestamp import PRECISION_MS
from remit_consumers.store.place import delta
from remit_consumers.views.allowed import Allowed
from remit_consumers.views.crowd import PERSON, crowded
from remit_consumers.views.names import ViewNames
from remit_consumers.views.withdrawals import still_read

GUIDES = ("subject", "tenant", "tagset", "keep_until", "day")
"""Columns that decide over a row."""

SEED_BITS = 256
"""Of the secret that rows are shuffled by: made for each view, used once and forgotten."""

_US_PER_MS = 1_000


@dataclass(frozen=True, slots=True)
class Only:
    """What else a row must meet.

    Attributes:
        meets: A filter.
        files: Paths of the files below the table's folder that are read; None reads all.
        columns: More columns to read.
    """

    meets: pc.Expression
    files: Collection[str] | None = None
    columns: Collection[str] = ()


def stored_rows(
    table: Path,
    allowed: Allowed,
    gone: pa.Table,
    now: datetime,
    only: Only | None = None,
) -> pa.Table:
    """Read the rows that a purpose may see, with the columns that decide over them.

    Args:
        table: The events table.
        allowed: What the purpose may see of it.
        gone: Who withdrew (`withdrawals.withdrawn`).
        now: Rows that are not kept beyond it are out.
        only: What else a row must meet; None asks for nothing.
    """
    lake = delta(table).to_pyarrow_dataset()
    extra = only.columns if only else ()
    wanted = {*allowed.columns, *GUIDES, *extra}
    names = [name for name in lake.schema.names if name in wanted]
    is_ours = ds.field("tagset").isin(list(allowed.tagsets))
    meets = is_ours & (ds.field("keep_until") > pa.scalar(now, pa.timestamp("us", "UTC")))
    if only is not None:
        meets &= only.meets
        lake = lake if only.files is None else _files_of(lake, only.files)
    return still_read(lake.to_table(columns=names, filter=meets), gone)


def _files_of(lake: ds.FileSystemDataset, files: Collection[str]) -> ds.FileSystemDataset:
    """The part of a table that lies in some files."""
    parts = [one for one in lake.get_fragments() if one.path.lstrip("/") in files]
    return ds.FileSystemDataset(parts, lake.schema, lake.format, lake.filesystem)


def view_rows(
    rows: pa.Table,
    allowed: Allowed,
    names: ViewNames,
    subjects_min: int | None = None,
    more: Mapping[str, pa.Array] | None = None,
) -> pa.Table:
    """Make the rows of a view from stored ones: `tenant` stays to part them by, and goes before they are written.

    Args:
        rows: As `stored_rows` gives them.
        allowed: What the purpose may see of them.
        names: Its pseudonyms.
        subjects_min: How many subjects must be possible for each row; None asks for none.
        more: Columns that go along as they are.
    """
    stored, days = (rows.column(name).combine_chunks() for name in ("subject", "day"))
    columns = {"tenant": pc.fill_null(rows.column("tenant"), "").combine_chunks()}
    named = names.of(stored, days)
    if named is not None:
        columns["subject"] = named
    view = pa.table(columns | columns_seen(rows, allowed) | dict(more or {}))
    if subjects_min is not None:
        view = crowded(view.append_column(PERSON, stored), allowed, subjects_min)
        view = view.drop_columns([PERSON])
    return shuffled(view)


def columns_seen(rows: pa.Table, allowed: Allowed) -> dict[str, pa.Array]:
    """The columns that a purpose may see; null in rows that were not stored for it."""
    codes = rows.column("tagset").combine_chunks().dictionary_encode()
    tagsets, row_tagset = codes.dictionary.to_pylist(), codes.indices.to_numpy()
    columns: dict[str, pa.Array] = {}
    for name in [name for name in rows.column_names if name in allowed.columns]:
        column = rows.column(name).combine_chunks()
        if name in allowed.precisions:
            column = _floored(column, _steps_us(allowed.precisions[name], tagsets)[row_tagset])
        is_stored = np.array([one in allowed.columns[name] for one in tagsets], bool)
        if not is_stored.all():
            mask = pa.array(is_stored[row_tagset])
            column = pc.if_else(mask, column, pa.scalar(None, column.type))
        columns[name] = column
    return columns


def shuffled(rows: pa.Table) -> pa.Table:
    """Put rows into an order that nobody can know or repeat."""
    chance = np.random.default_rng(secrets.randbits(SEED_BITS))
    return rows.take(pa.array(chance.permutation(rows.num_rows)))


def _steps_us(precisions: Mapping[str, str], tagsets: list[str]) -> np.typing.NDArray[np.int64]:
    """The precision under each tagset, in microseconds; where the purpose has no time, any does: it is null there."""
    found = [PRECISION_MS[precisions.get(one, "day")] * _US_PER_MS for one in tagsets]
    return np.array(found, np.int64)


def _floored(times: pa.Array, steps_us: np.typing.NDArray[np.int64]) -> pa.Array:
    """Round each time down, before 1970 too."""
    kind = pa.timestamp("us", "UTC")
    whole = times.cast(kind).cast(pa.int64())
    numbers = whole.fill_null(0).to_numpy(zero_copy_only=False)
    is_null = whole.is_null().to_numpy(zero_copy_only=False)
    return pa.array(numbers - numbers % steps_us, pa.int64(), mask=is_null).cast(kind)
