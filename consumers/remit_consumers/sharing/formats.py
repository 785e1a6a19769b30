"""How rows are written into a file: the same rows, columns and names in every format.

Nothing is packed beyond what the format must have: whoever searches the file for somebody finds them.

Source: RFC 4180 (CSV); JSON Lines; Apache Avro 1.11, object container files; Apache Parquet.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from fastavro import parse_schema
from fastavro import writer as write_container


class Format(StrEnum):
    """What a file is."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    AVRO = "avro"


Writer = Callable[[Path, pa.Table], None]
"""Writes rows into a file that is not there yet."""

ROWS_AT_ONCE: Final = 10_000
"""Rows that are Python objects at the same time, for the format that is written row by row."""

_AVRO: Final[Mapping[str, object]] = {
    "bool": "boolean",
    "int32": "int",
    "int64": "long",
    "double": "double",
}


def writer_of(format_: Format, recipient: str, contract: str) -> Writer:
    """Give what writes rows of a contract for a recipient; in Avro their names are the schema's."""
    if format_ is Format.AVRO:
        return partial(_avro_file, recipient=recipient, contract=contract)
    return {Format.PARQUET: parquet, Format.CSV: _csv, Format.JSONL: _jsonl}[format_]


def parquet(file: Path, rows: pa.Table) -> None:
    """Write Parquet; no minima or maxima, which are values."""
    pq.write_table(rows, file, compression="zstd", write_statistics=False, store_schema=False)


def schema_of(recipient: str, contract: str, columns: pa.Schema) -> dict[str, object]:
    """The Avro schema of what a recipient gets of a contract: every field may be null."""
    fields = [
        {"name": one.name, "type": ["null", _avro(one.type)], "default": None} for one in columns
    ]
    space = f"remit.share.{recipient.replace('-', '_')}"
    return {"type": "record", "name": contract, "namespace": space, "fields": fields}


def _csv(file: Path, rows: pa.Table) -> None:
    """Write CSV with a line of names; texts stand in quotes, so that an empty one is not taken for none."""
    pl.DataFrame(rows).write_csv(file, quote_style="non_numeric")


def _jsonl(file: Path, rows: pa.Table) -> None:
    """Write an object a line; times as ISO 8601."""
    pl.DataFrame(rows).write_ndjson(file)


def _avro_file(file: Path, rows: pa.Table, *, recipient: str, contract: str) -> None:
    """Write an Avro container, uncompressed."""
    schema = parse_schema(schema_of(recipient, contract, rows.schema))
    with file.open("wb") as out:
        write_container(out, schema, _records(rows), codec="null")


def _records(rows: pa.Table) -> Iterator[dict[str, object]]:
    """Rows as objects, some thousands at a time."""
    for batch in rows.to_batches(max_chunksize=ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _avro(kind: pa.DataType) -> object:
    """The Avro type of a column."""
    if pa.types.is_timestamp(kind):
        return {"type": "long", "logicalType": "timestamp-micros"}
    if pa.types.is_date(kind):
        return {"type": "int", "logicalType": "date"}
    return _AVRO.get(str(kind), "string")
