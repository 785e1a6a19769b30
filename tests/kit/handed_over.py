"""What a recipient reads of its file, whatever the format: the same rows in the same types."""

from pathlib import Path

import fastavro
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

TIME = pl.Datetime("us", "UTC")


def read_rows(file: Path, like: pa.Schema) -> pa.Table:
    """Read a file that was handed over; `like` is of the same rows as Parquet, for formats without types."""
    if file.suffix == ".parquet":
        return pq.read_table(file)
    if file.suffix == ".avro":
        with file.open("rb") as opened:
            return pa.Table.from_pylist(list(fastavro.reader(opened)), like)
    wanted = pl.DataFrame(like.empty_table()).schema
    if file.suffix == ".csv":
        frame = pl.read_csv(file, infer_schema=False)
    else:
        frame = pl.read_ndjson(file, schema={name: _plain(kind) for name, kind in wanted.items()})
    assert frame.columns == [*wanted]
    return (
        frame.select(_cast(name, frame, kind) for name, kind in wanted.items())
        .to_arrow()
        .cast(like)
    )


def _plain(kind: pl.DataType) -> pl.DataType:
    return pl.String() if isinstance(kind, pl.Datetime | pl.Date) else kind


def _cast(name: str, frame: pl.DataFrame, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if frame.schema[name] != pl.String:
        return column.cast(kind)
    if isinstance(kind, pl.Datetime):
        return column.str.to_datetime(time_unit="us", time_zone="UTC")
    if isinstance(kind, pl.Boolean):
        return column == "true"
    return column.cast(kind)
