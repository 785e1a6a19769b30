"""Rows appended to one of the lake's small tables, durably: what is put on record outside a flush."""

from collections.abc import Mapping

import pyarrow as pa

from remit_consumers.lake.durable import discard, sync, write
from remit_consumers.lake.publish import NOTHING_SEEN, Append, append
from remit_consumers.lake.tables import Table, checkpoint
from remit_schemas.errors import StaleWriter


def append_rows(
    table: Table, rows: pa.Table, transactions: Mapping[str, int] = NOTHING_SEEN
) -> None:
    """Write rows and commit them; where that fails nothing of them is left.

    Args:
        table: As it was seen: what others committed since under the same application ids stands against it.
        rows: None of them writes nothing.
        transactions: For each application id, its new version.

    Raises:
        StaleWriter: Somebody else committed under one of the ids.
        OSError: They cannot be written.
        Unconfirmed: They stand, and may not survive a power loss.
    """
    if not rows.num_rows:
        return
    files = write(table.path, rows)
    try:
        sync(files)
        version = append(table.path, table.version, Append(files, transactions))
    except (OSError, StaleWriter):
        discard(files)
        raise
    checkpoint(table, version)
