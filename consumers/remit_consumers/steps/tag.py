"""Tag: every row says which pack it came from, under which policy and consent it is kept, and until when."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.keeping import kept_rows
from remit_consumers.reducers.final import plain
from remit_consumers.rows import COLLECTED_AT, stored_schema
from remit_schemas.plan import Plan


def tag(batch: Batch, plan: Plan) -> Batch:
    """Add the columns that every row carries, and sort the rows by subject.

    `day` is the UTC day of collection: no finer time of it is stored.
    """
    if batch.outcome is None:
        message = f"a batch of {batch.contract.name} reached tag before authorize"
        raise ValueError(message)
    day = pc.floor_temporal(batch.table.column(COLLECTED_AT), unit="day")
    columns = {
        name: batch.table.column(name) for name in batch.table.column_names if name != COLLECTED_AT
    }
    columns |= {
        "pack": batch.pack,
        "index": batch.index,
        "subject": batch.subject,
        "tenant": batch.tenant,
        "policy_version": _constant(plan.policy_version, batch.events),
        "tagset": _constant(batch.outcome.tagset, batch.events),
        "keep_until": kept_rows(batch.table, batch.outcome.keep_for, plan.retention),
        "day": day.cast(pa.date32()),
    }
    schema = stored_schema(batch.contract, plan)
    table = pa.table({name: columns[name] for name in schema.names})
    if batch.subject.null_count < batch.events:
        table = _ordered(table, _by_subject(batch.subject))
    return replace(batch, table=table)


def joined_rows(parts: Sequence[pa.Table]) -> pa.Table:
    """Put the rows of several parts into one table, those of a subject together."""
    if len(parts) == 1:
        return parts[0]
    alike = (
        pa.concat_tables([_stored(part) for part in parts], promote_options="default")
        .unify_dictionaries()
        .combine_chunks()
    )
    subjects = alike.column("subject").combine_chunks()
    return alike if subjects.null_count == len(subjects) else _ordered(alike, _by_subject(subjects))


def _stored(part: pa.Table) -> pa.Table:
    """A part in types that all parts of a contract share: text dictionary-encoded, nothing under a type in flight."""
    columns = {name: _encoded(part.column(name).combine_chunks()) for name in part.column_names}
    return pa.table(columns)


def _encoded(column: pa.Array) -> pa.Array:
    """A column of text by its different values; any other as it is."""
    column = plain(column)
    return column.dictionary_encode() if pa.types.is_string(column.type) else column


def _constant(value: str, rows: int) -> pa.Array:
    """A column that says the same in every row, at no cost."""
    return pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([value])
    )


def _ordered(table: pa.Table, order: pa.Array) -> pa.Table:
    """Put rows into an order; half the columns of a table say the same in all of them and stay as they are."""
    columns = (each if _is_alike(each) else each.take(order) for each in table.columns)
    return pa.Table.from_arrays([*columns], schema=table.schema)


def _is_alike(column: pa.ChunkedArray) -> bool:
    """Whether a column is known to say the same in every row."""
    if column.null_count == len(column):
        return True
    is_one = pa.types.is_dictionary(column.type) and column.num_chunks == 1
    return is_one and len(column.chunk(0).dictionary) == 1 and not column.null_count


def _by_subject(subjects: pa.Array) -> pa.Array:
    """The order that puts a subject's rows together; an encoded column sorts by its few different values."""
    subjects = plain(subjects)
    if not pa.types.is_dictionary(subjects.type):
        return pc.array_sort_indices(subjects)
    order = pc.array_sort_indices(subjects.dictionary).to_numpy()
    rank = np.empty(len(order) + 1, dtype=np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    rank[-1] = len(order)  # no subject: last
    indices = pc.fill_null(subjects.indices, len(order)).to_numpy()
    return pa.array(np.argsort(rank[indices], kind="stable"))
