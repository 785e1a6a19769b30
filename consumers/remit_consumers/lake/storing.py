"""How a flush is written: all of it is on the disk before any of it is seen, and the positions come last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError

from remit_consumers.lake.columns import CONSENTS_TABLE, POSITIONS_TABLE, WITHDRAWN_TABLE
from remit_consumers.lake.flush import Committed, Flush, TableCommit
from remit_consumers.lake.log import newest_version
from remit_consumers.lake.open_tables import OpenTables
from remit_consumers.lake.pending import Pending, prepare, publish_first, sync_all
from remit_consumers.lake.positions import Key, Standing, app_id, compact, rows
from remit_consumers.lake.promises import promise
from remit_consumers.lake.publish import NOTHING_SEEN
from remit_consumers.lake.tables import Table, checkpoint
from remit_consumers.lake.withdrawn import record as record_withdrawn
from remit_schemas.errors import LakeError


def store(
    tables: OpenTables,
    flush: Flush,
    standing: Mapping[Key, Standing],
    more: Mapping[str, int] = NOTHING_SEEN,
) -> Committed:
    """Write everything, fsync it together, then publish the row tables, and the positions last.

    Each row table is durable before the positions speak of it.

    Args:
        tables: Of the lake, as they were when the partitions were claimed.
        flush: What is stored.
        standing: Where its partitions stand once it is.
        more: Versions of application ids that its commits carry beside those of the partitions.
    """
    transactions = {app_id(*key): one.position for key, one in standing.items()} | dict(more)
    if flush.withdrawn is not None and flush.withdrawn.num_rows:  # before the ledger has it
        begun = min(flush.positions[partition][0] for _, partition in standing)
        record_withdrawn(tables.root, flush.withdrawn, transactions, begun)
    positions, parts = tables.known(POSITIONS_TABLE), _ordered(flush.parts)
    stands = rows({**standing, **_promises(tables.root, flush)})
    pending: list[Pending] = []
    try:
        for part in parts:
            table, receipt = tables.known(part.table, _schema(part)), part.receipt.to_json()
            pending += [prepare(table, part.rows, part.schema, transactions, receipt)]
        pending += [prepare(positions, stands, None, transactions)]
        sync_all(pending)
        published = publish_first(pending, len(parts))
        stood = publish_first(pending, 1)
    finally:
        for one in pending:
            one.discard()
    _tidy([*published, *stood])
    versions = tuple((table.name, version) for table, version in published)
    return Committed(versions, tuple(part.receipt for part in parts))


def _promises(root: Path, flush: Flush) -> dict[Key, Standing]:
    """The versions that the tables of a flush have at least, once it stands."""
    found: dict[Key, Standing] = {}
    for name, parts in Counter(part.table for part in flush.parts).items():
        found |= promise(name, max(0, newest_version(root / name)) + parts)
    if flush.withdrawn is not None and flush.withdrawn.num_rows:
        found |= promise(WITHDRAWN_TABLE, newest_version(root / WITHDRAWN_TABLE))
    return found


def _schema(part: TableCommit) -> pa.Schema | None:
    """The columns that a part's table must have."""
    return part.rows.schema if part.schema is None and part.rows is not None else part.schema


def _tidy(published: Sequence[tuple[Table, int]]) -> None:
    """Checkpoint what is due. All is committed: what cannot be tidied now is tidied next time."""
    for table, version in published:
        if checkpoint(table, version) and table.name == POSITIONS_TABLE:
            with suppress(OSError, DeltaError, LakeError):
                compact(table, version)


def _ordered(parts: Sequence[TableCommit]) -> list[TableCommit]:
    """Quarantine first: what stands there must not be lost if the rest fails; then the consent ledger.

    A consent change whose event stands in its own table is never read again, so the ledger must have it before.
    """
    return sorted(
        parts, key=lambda part: (part.table != "quarantine", part.table != CONSENTS_TABLE)
    )
