"""The tables of the lake: their columns, how they are made, and how they gain a column."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError

from remit_consumers.lake.columns import (
    CONSENTS,
    CONSENTS_TABLE,
    FLOORS,
    POSITIONS,
    POSITIONS_TABLE,
    QUARANTINE,
    QUERIES,
    QUERIES_TABLE,
    RECEIPTS,
    REQUESTS,
    REQUESTS_TABLE,
    RESTRICTIONS,
    RESTRICTIONS_TABLE,
    TAGSETS,
    WITHDRAWN,
    WITHDRAWN_TABLE,
)
from remit_consumers.lake.durable import fsync
from remit_consumers.lake.format import check_format, keep_format
from remit_consumers.lake.leaving import (
    DISCLOSED,
    DISCLOSED_TABLE,
    DISCLOSURES,
    DISCLOSURES_TABLE,
)
from remit_consumers.lake.log import LOG_FOLDER, first_version, log_file, mend, unbroken, versions
from remit_consumers.rows import OWN_COLUMNS
from remit_consumers.store.place import address, delta, is_local, options
from remit_schemas.errors import LakeError

CHECKPOINT_EVERY = 100
"""Commits between checkpoints: a checkpoint costs 20 to 100 ms, so under 1 ms a commit, and opening a table reads at
most this many entries behind it (6 ms). Measured on tables of up to 1,000 commits."""

_OWN_SCHEMAS = {
    "quarantine": QUARANTINE,
    CONSENTS_TABLE: CONSENTS,
    WITHDRAWN_TABLE: WITHDRAWN,
    QUERIES_TABLE: QUERIES,
    REQUESTS_TABLE: REQUESTS,
    RESTRICTIONS_TABLE: RESTRICTIONS,
    DISCLOSURES_TABLE: DISCLOSURES,
    DISCLOSED_TABLE: DISCLOSED,
    POSITIONS_TABLE: POSITIONS,
    "tagsets": TAGSETS,
    "floors": FLOORS,
    "receipts": RECEIPTS,
}

_CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "false",  # ours cuts the log only behind the chain (D4)
    "delta.checkpointInterval": "1000000",  # checkpoints are ours to time
    "delta.deletedFileRetentionDuration": "interval 1 hours",  # longer than any reader reads; tombstones burden checkpoints
}


@dataclass(slots=True)
class Table:
    """A table as this writer has seen it.

    Attributes:
        name: ``events/<contract>``, ``quarantine``, …
        path: Its folder.
        delta: delta-rs's view of it, as of `version`.
        columns: Names of its columns.
        seen: For each application id, the newest Delta version known to hold no transaction of it that is not ours.
        begins: The version that its log began at when `delta` was opened: behind a cut it has no files to look things up in.
    """

    name: str
    path: Path
    delta: DeltaTable
    columns: frozenset[str] = frozenset()
    seen: dict[str, int] = field(default_factory=dict)
    begins: int = -1

    @property
    def root(self) -> Path:
        """The lake's folder."""
        return self.path.parents[self.name.count("/")]

    @property
    def version(self) -> int:
        """The Delta version that `delta` shows."""
        return int(self.delta.version())

    def refresh(self) -> None:
        """See the newest version.

        Raises:
            LakeError: The table has gone since it was opened.
        """
        found = unbroken(versions(self.path))
        if not found:
            message = f"the lake in {self.root} no longer has the table {self.name}: mount or restore {self.path}"
            raise LakeError(message)
        if found[-1] != self.version or found[0] != self.begins:
            self.begins, self.delta = found[0], delta(self.path)
        self.columns = frozenset(one.name for one in self.delta.schema().fields)


def is_table(root: Path, name: str) -> bool:
    """Whether a table was made.

    Raises:
        LakeError: A newer remit has written to the lake, and may have it elsewhere.
    """
    check_format(root)
    return bool(versions(root / name))


def open_table(root: Path, name: str, schema: pa.Schema | None = None) -> Table:
    """Open a table; make it if it is not there yet.

    Args:
        root: The lake's folder.
        name: The table's name.
        schema: The columns of a new events table; None for one that knows only the columns of every row.

    Raises:
        LakeError: A newer remit has written to the lake.
    """
    check_format(root)
    path = root / name
    if is_local(path) and path.is_dir():  # nothing is torn on a store
        mend(path)
    if not is_table(root, name):
        _make(root, name, plain_schema(schema or _OWN_SCHEMAS.get(name) or pa.schema(OWN_COLUMNS)))
    begins = first_version(path)
    table = Table(name, path, delta(path), begins=begins)
    table.refresh()
    return table


def row_tables(root: Path) -> list[str]:
    """The names of the tables whose commits carry receipts: quarantine, the consent ledger and the events tables."""
    found = [
        f"events/{path.parent.name}" for path in sorted((root / "events").glob(f"*/{LOG_FOLDER}"))
    ]
    return [name for name in ("quarantine", CONSENTS_TABLE, *found) if is_table(root, name)]


def tables_in(root: Path) -> list[str]:
    """The names of all tables in a lake."""
    return [folder.parent.relative_to(root).as_posix() for folder in sorted(root.rglob(LOG_FOLDER))]


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with dictionary-encoded columns as what they stand for, their metadata kept."""
    return pa.schema([one.with_type(_plain(one.type)) for one in schema])


def fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with the types of a schema; dictionary-encoded columns stay so, Parquet writes them as they are.

    A type that held in flight (an extension type) ends here: its storage is what is stored.
    """
    for number, (name, kind) in enumerate(zip(rows.column_names, rows.schema.types, strict=True)):
        if isinstance(kind, pa.BaseExtensionType):
            under = [chunk.storage for chunk in rows.column(number).chunks]
            kind = kind.storage_type  # noqa: PLW2901 - what it is from here on
            rows = rows.set_column(number, name, pa.chunked_array(under, kind))
        wanted = _plain(schema.field(name).type)
        if _plain(kind) != wanted:
            rows = rows.set_column(number, name, rows.column(number).cast(wanted))
    return rows


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type that Delta knows it by."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _make(root: Path, name: str, schema: pa.Schema) -> None:
    """Make a table, durably; another writer may be doing the same."""
    path = root / name
    path.mkdir(parents=True, exist_ok=True)
    keep_format(root)
    with suppress(DeltaError):  # made by another meanwhile: looked for right below
        DeltaTable.create(
            address(path),
            storage_options=options(path),
            schema=Schema.from_arrow(schema),
            partition_by=["day"] if "day" in schema.names else None,
            configuration=_CONFIGURATION
            | ({"delta.dataSkippingStatsColumns": _statistics(schema)}),
        )
    if not is_table(root, name):
        message = f"table {name} cannot be made in the lake: is its folder writable?"
        raise LakeError(message)
    _sync_version(path, 0)
    for folder in (path, path.parent, root, root.parent):
        fsync(folder)


def _statistics(schema: pa.Schema) -> str:
    """The one column that other writers may keep minima and maxima of in the log: never a field of a contract."""
    return next(
        name
        for name in (
            "keep_until",
            "committed_at",
            "version",
            "tagset",
            "ended_at",
            "placed_at",
            "period",
        )
        if name in schema.names
    )


def evolve(table: Table, schema: pa.Schema) -> None:
    """Give a table the columns that it lacks, at its end; rows stored before have null there.

    Raises:
        LakeError: A newer remit has written to the lake since the table was opened.
    """
    missing = pa.schema([one for one in plain_schema(schema) if one.name not in table.columns])
    if not missing.names:
        return
    check_format(table.root)
    newest = delta(table.path)
    here = {one.name for one in newest.schema().fields}
    fresh = [one for one in Schema.from_arrow(missing).fields if one.name not in here]
    if fresh:
        newest.alter.add_columns(fresh)
        _sync_version(table.path, newest.version())
    table.columns |= frozenset(missing.names)


def _sync_version(path: Path, version: int) -> None:
    """Fsync an entry that delta-rs wrote."""
    fsync(log_file(path, version))
    fsync(path / LOG_FOLDER)


def checkpoint(table: Table, version: int) -> bool:
    """Write a checkpoint if one is due at `version`, durably; a failure costs only time at the next opening."""
    if version % CHECKPOINT_EVERY:
        return False
    with suppress(DeltaError, OSError):
        table.refresh()
        table.delta.create_checkpoint()
        folder = table.path / LOG_FOLDER
        for file in (
            *folder.glob(f"{table.version:020d}.checkpoint*"),
            folder / "_last_checkpoint",
            folder,
        ):
            fsync(file)
        return True
    return False
