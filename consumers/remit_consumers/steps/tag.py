"""Tag: every row says which pack it came from, under which policy and consent it is kept, and until when."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.reducers.final import plain
from remit_consumers.rows import COLLECTED_AT, stored_schema
from remit_schemas.plan import Plan


def tag(batch: Batch, plan: Plan) -> Batch:
    """Add the columns that every row carries, and sort the rows by subject.

    `day` is the UTC day of collection, and `keep_until` counts from its beginning: so a row goes no later
    than promised, and no finer time of collection is stored.

    Source: policy 2021-11-01, clauses S105a, S109.
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
        "policy_version": _constant(plan.policy_version, batch.events),
        "tagset": _constant(batch.outcome.tagset, batch.events),
        "keep_until": pc.add(
            day.cast(pa.timestamp("us", "UTC")), pa.scalar(batch.outcome.keep_for)
        ),
        "day": day.cast(pa.date32()),
    }
    schema = stored_schema(batch.contract, plan)
    table = pa.table({name: columns[name] for name in schema.names})
    if batch.subject.null_count < batch.events:
        table = table.take(_by_subject(batch.subject))
    return replace(batch, table=table)


def _constant(value: str, rows: int) -> pa.Array:
    """A column that says the same in every row, at no cost."""
    return pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([value])
    )


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
