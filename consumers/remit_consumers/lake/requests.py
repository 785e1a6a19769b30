"""The table of requests: each step of each, appended and never changed."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import (
    REQUESTS,
    REQUESTS_TABLE,
    checkpoint,
    is_table,
    open_table,
)
from remit_schemas.errors import StaleWriter


def record(root: Path, step: Mapping[str, object]) -> None:
    """Put a step on record, durably; of two that are taken of one request at once only one stands.

    Args:
        root: The lake's folder.
        step: Columns: `tables.REQUESTS`.

    Raises:
        LakeError: It cannot be written.
        StaleWriter: Somebody else has taken a step of the same request.
    """
    with reaching(root):
        table = open_table(root, REQUESTS_TABLE)
        name, number = f"request/{step['request']}", int(str(step["step"]))
        if (table.delta.transaction_version(name) or 0) >= number:
            message = "somebody else has taken a step of this request: look at it again"
            raise StaleWriter(message)
        files = write(table.path, pa.Table.from_pylist([dict(step)], schema=REQUESTS))
        sync(files)
        checkpoint(table, append(table.path, table.version, Append(files, {name: number})))


def steps(root: Path) -> pa.Table:
    """All steps, oldest first (columns: `tables.REQUESTS`).

    Raises:
        LakeError: The lake cannot be read.
    """
    if not is_table(root, REQUESTS_TABLE):
        return REQUESTS.empty_table()
    with reaching(root):
        rows = open_table(root, REQUESTS_TABLE).delta.to_pyarrow_table(columns=REQUESTS.names)
    return rows.cast(REQUESTS).sort_by([("at", "ascending"), ("step", "ascending")])
