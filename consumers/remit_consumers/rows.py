"""What a stored row looks like: the columns of an event table, from a contract and its plan."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from remit_schemas.category import Decision
from remit_schemas.contract import Contract, Field
from remit_schemas.decided import FieldPlan
from remit_schemas.plan import Plan
from remit_schemas.reducer import FINAL
from remit_schemas.specs import SPECS

ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    FINAL: pa.string(),
    "int": pa.int32(),
    "int32": pa.int32(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "bool": pa.bool_(),
    "double": pa.float64(),
    "timestamp-millis": pa.timestamp("ms", "UTC"),
    "timestamp[ms, UTC]": pa.timestamp("ms", "UTC"),
}
"""Arrow types of the lake by the names that contracts (Avro) and reducers (Arrow) use for them."""

OWN_COLUMNS: dict[str, pa.DataType] = {
    "pack": pa.string(),
    "index": pa.int32(),
    "subject": pa.string(),
    "tenant": pa.string(),
    "policy_version": pa.string(),
    "tagset": pa.string(),
    "keep_until": pa.timestamp("us", "UTC"),
    "day": pa.date32(),
}
"""What every row carries beside the minimized fields of its contract."""

WHOSE = {"remit.category": "user.account.x_store", "remit.reducer": "", "remit.clause": ""}
"""What is told of the column `tenant`: which shop it is whose customer a row is about (D11)."""

COLLECTED_AT = "collected_at"
"""The field that governs and is not stored: `day` and `keep_until` are taken from it."""


def arrow_type(field: Field) -> pa.DataType:
    """The Arrow type in which a field of a contract arrives."""
    return ARROW[field.logical or field.avro_type]


def stored_types(field: FieldPlan, arrives_as: pa.DataType) -> dict[str, pa.DataType]:
    """The columns under which a field may be stored: its own name, or one for each result of its reducer."""
    if field.decision is Decision.REFUSE:
        return {}
    if field.reducer is None:
        return {field.field: arrives_as}
    return {
        f"{field.field}_{output.suffix}" if output.suffix else field.field: ARROW[output.arrow]
        for output in SPECS[field.reducer].outputs
    }


def stored_schema(contract: Contract, plan: Plan) -> pa.Schema:
    """The schema of a contract's event table; each field's columns name its category, reducer and clause."""
    columns: list[pa.Field] = []
    for field in contract.fields:
        planned = plan.fields[field.name]
        if field.name == COLLECTED_AT:
            continue
        tags = {
            "remit.category": planned.category,
            "remit.reducer": planned.reducer or "",
            "remit.clause": planned.clause or "",
        }
        columns += [
            pa.field(name, _in_lake(kind), metadata=tags)
            for name, kind in stored_types(planned, arrow_type(field)).items()
        ]
    columns += [
        pa.field(name, kind, metadata=WHOSE if name == "tenant" else None)
        for name, kind in OWN_COLUMNS.items()
    ]
    return pa.schema(columns)


def kept_until(collected_at: pa.Array, keep_for: timedelta) -> pa.Array:
    """Until when rows are kept: counted from the beginning of the UTC day of collection, so never longer than promised.

    Source: policy 2021-11-01, clauses S105a, S109.
    """
    day = pc.floor_temporal(collected_at, unit="day")
    return pc.add(day.cast(pa.timestamp("us", "UTC")), pa.scalar(keep_for))


def columns_of(names: Sequence[str], fields: Iterable[str]) -> dict[str, list[str]]:
    """The stored columns of each field: its own name, or one for each result of its reducer.

    Args:
        names: The columns of an events table.
        fields: Fields of its contract.
    """
    columns: dict[str, list[str]] = {field: [] for field in fields}
    own = set(OWN_COLUMNS) - set(columns)
    for column in names:
        of = [field for field in columns if column == field or column.startswith(f"{field}_")]
        if of and column not in own:
            columns[max(of, key=len)].append(column)
    if COLLECTED_AT in columns:
        columns[COLLECTED_AT] = ["day"]  # what of it is stored
    return columns


def present_in(table: pa.Table) -> int:
    """Rows in which any of the columns has a value."""
    if table.num_columns == 1:
        return int(table.num_rows - table.column(0).null_count)
    present = pc.is_valid(table.column(0))
    for column in table.columns[1:]:
        present = pc.or_(present, pc.is_valid(column))
    return int(pc.sum(present).as_py() or 0)


def _in_lake(kind: pa.DataType) -> pa.DataType:
    """Delta Lake keeps times in microseconds."""
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind
