"""The tables of the lake: their columns, how they are made, and how they gain a column."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError

from remit_consumers.lake.durable import fsync
from remit_consumers.lake.log import LOG_FOLDER, log_file, mend, versions
from remit_consumers.rows import OWN_COLUMNS
from remit_schemas.errors import LakeError

_TIME = pa.timestamp("us", "UTC")

CHECKPOINT_EVERY = 100
"""Commits between checkpoints: a checkpoint costs 20 to 100 ms, so under 1 ms a commit, and opening a table reads at
most this many entries behind it (6 ms). Measured on tables of up to 1,000 commits."""

QUARANTINE = pa.schema(
    {
        "log": pa.string(),
        "partition": pa.int32(),
        "offset": pa.int64(),
        "pack": pa.string(),
        "index": pa.int32(),
        "contract": pa.string(),
        "reason": pa.string(),
        "count": pa.int64(),
        "sealed": pa.binary(),
        "quarantined_at": _TIME,
        "keep_until": _TIME,
    }
)
"""What could not be read, sealed as it came: `index` is null where it is a whole pack, `pack` where it has no header,
`contract` where it is not known; `count` is how many events the row stands for."""

POSITIONS = pa.schema(
    {
        "log": pa.string(),
        "partition": pa.int32(),
        "position": pa.int64(),
        "marks": pa.string(),
        "committed_at": _TIME,
    }
)
"""Where each partition stands: of several rows the highest position holds. `marks` is JSON."""

CONSENTS = pa.schema(
    {
        "tenant": pa.string(),
        "subject": pa.string(),
        "purpose": pa.string(),
        "status": pa.string(),
        "effect_at": pa.timestamp("us", "UTC"),
        "recorded_at": _TIME,
        "agreed_version": pa.string(),
        "method": pa.string(),
        "policy_version": pa.string(),
        "pack": pa.string(),
        "index": pa.int32(),
        "keep_until": _TIME,
        "visitor_day": pa.date32(),
        "channel": pa.string(),
        "actor": pa.string(),
        "guardian": pa.string(),
        "age_band": pa.string(),
        "jurisdiction": pa.string(),
        "minor_basis": pa.string(),
        "lane": pa.int32(),
    }
)
"""The consent ledger, one row for each consent change that somebody can be tied to. `subject` and `guardian` are the
ledger's own pseudonyms; `purpose` is null where a record is about a whole policy version or about the subject;
`effect_at` is when it was said, to the millisecond, and `recorded_at` when the ledger took it; `visitor_day` is the day
of the key that a visitor's pseudonym is made under, null for a subject in the vault; `lane` is the subject's, null in
records of older consumers. A record's id is its pack and index. Source: ISO/IEC TS 27560."""

CONSENTS_TABLE = "consents"
"""The name of the consent ledger's table."""

WITHDRAWN = pa.schema(
    {
        "tenant": pa.string(),
        "subject": pa.string(),
        "purpose": pa.string(),
        "effect_at": _TIME,
        "recorded_at": _TIME,
        "applied_at": _TIME,
        "keep_until": _TIME,
        "spared_from": pa.date32(),
    }
)
"""Who withdrew what, under the names that rows bear: rows of such a subject are not read for the purpose any more.
`subject` is a pseudonym as events tables store it; `effect_at` is when it was said, `recorded_at` when the lake took it;
`applied_at` is when the rows were rewritten (a later row of the same subject, purpose and time says so), null before.
`spared_from` is the first day whose rows stay, because the subject had agreed again before it; null: none. The purpose
`EVERY_PURPOSE` takes the rows themselves: all that stands of the subject is erased."""

EVERY_PURPOSE = "*"
"""In place of a purpose: everything of this subject goes, because it is a minor's and has no basis."""

WITHDRAWN_TABLE = "withdrawn"
"""The name of the table of withdrawals that readers of rows ask."""

QUERIES = pa.schema(
    {
        "query": pa.string(),
        "user": pa.string(),
        "role": pa.string(),
        "purpose": pa.string(),
        "tenant": pa.string(),
        "tables": pa.string(),
        "columns": pa.string(),
        "rows": pa.int64(),
        "sql_sha256": pa.string(),
        "started_at": _TIME,
        "ended_at": _TIME,
        "outcome": pa.string(),
        "reason": pa.string(),
        "keep_until": _TIME,
    }
)
"""Who read what for which purpose: `user` is the operating system's, `tables` and `columns` are names of the view,
sorted and joined by commas; the SQL itself may hold a value, so its SHA-256 stands for it. A name that remit does not
know stands as `unknown`."""

QUERIES_TABLE = "queries"
"""The name of the table of reads."""

TAGSETS = pa.schema(
    {
        "tagset": pa.string(),
        "contract": pa.string(),
        "policy": pa.string(),
        "policy_version": pa.string(),
        "purposes": pa.string(),
        "fields": pa.string(),
        "places": pa.string(),
        "floor": pa.string(),
    }
)
"""What the tagsets on the rows stand for; `fields` is JSON, `places` names the data that places were looked up in,
`floor` a row of `floors`; empty: none decided."""

FLOORS = pa.schema(
    {
        "floor": pa.string(),
        "contract": pa.string(),
        "columns": pa.string(),
        "subjects_min": pa.int64(),
        "begun_at": _TIME,
        "ended_at": _TIME,
        "subjects": pa.int64(),
        "combinations_before": pa.int64(),
        "rare_before": pa.int64(),
        "unique_before": pa.int64(),
        "combinations_after": pa.int64(),
        "rare_after": pa.int64(),
        "unique_after": pa.int64(),
        "common": pa.string(),
    }
)
"""Closed windows: how many combinations of traits there were before and after the floor, how many of them rare and
unique, and as JSON those that enough subjects shared."""

RECEIPTS = pa.schema(
    {
        "commit": pa.string(),
        "table": pa.string(),
        "version": pa.int64(),
        "kind": pa.string(),
        "contract": pa.string(),
        "policy_version": pa.string(),
        "field": pa.string(),
        "category": pa.string(),
        "decision": pa.string(),
        "reason": pa.string(),
        "reducer": pa.string(),
        "clause": pa.string(),
        "purposes": pa.string(),
        "basis": pa.string(),
        "producer": pa.string(),
        "tenant": pa.string(),
        "lane": pa.int32(),
        "sequence": pa.int64(),
        "values_in": pa.int64(),
        "values_out": pa.int64(),
        "bytes_in": pa.int64(),
        "bytes_out": pa.int64(),
        "distinct_in": pa.int64(),
        "distinct_out": pa.int64(),
        "bits_in": pa.int64(),
        "bits_out": pa.int64(),
        "chain": pa.string(),
        "receipt": pa.string(),
    }
)
"""The receipts of all commits. `kind` says what a row counts: `field` (values), `floored` (rows whose value of a column
became `other`), `filled` (rows that had no value of a field and have `other` now), `removed`, `narrowed` and
`removed_values` (rows that went, rows that were left with less, and values of a field that went; decision is revoked,
swept or erased), `waited` (milliseconds from the record that asked for that to the commit), `events` (decision stored, refused,
quarantined or expired), `source` (the source's own counts, cumulative; decision offered, let_go or refused), `pack`
(decision is the outcome, reason the SHA-256) and `commit` (`receipt` is its canonical JSON). `chain` is the head of
the table's chain after the commit."""

_OWN_SCHEMAS = {
    "quarantine": QUARANTINE,
    CONSENTS_TABLE: CONSENTS,
    WITHDRAWN_TABLE: WITHDRAWN,
    QUERIES_TABLE: QUERIES,
    "positions": POSITIONS,
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
    """

    name: str
    path: Path
    delta: DeltaTable
    columns: frozenset[str] = frozenset()
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The Delta version that `delta` shows."""
        return int(self.delta.version())

    def refresh(self) -> None:
        """See the newest version."""
        if versions(self.path)[-1] != self.version:
            self.delta = DeltaTable(self.path)
        self.columns = frozenset(one.name for one in self.delta.schema().fields)


def is_table(root: Path, name: str) -> bool:
    """Whether a table was made."""
    return bool(versions(root / name))


def open_table(root: Path, name: str, schema: pa.Schema | None = None) -> Table:
    """Open a table; make it if it is not there yet.

    Args:
        root: The lake's folder.
        name: The table's name.
        schema: The columns of a new events table; None for one that knows only the columns of every row.
    """
    path = root / name
    if path.is_dir():
        mend(path)
    if not is_table(root, name):
        _make(root, name, plain_schema(schema or _OWN_SCHEMAS.get(name) or pa.schema(OWN_COLUMNS)))
    table = Table(name, path, DeltaTable(path))
    table.refresh()
    return table


def row_tables(root: Path) -> list[str]:
    """The names of the tables whose commits carry receipts: quarantine, the consent ledger and the events tables."""
    found = [
        f"events/{path.parent.name}" for path in sorted((root / "events").glob(f"*/{LOG_FOLDER}"))
    ]
    return [name for name in ("quarantine", CONSENTS_TABLE, *found) if is_table(root, name)]


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
    with suppress(DeltaError):  # made by another meanwhile: looked for right below
        DeltaTable.create(
            path,
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
    """Give a table the columns that it lacks, at its end; rows stored before have null there."""
    missing = pa.schema([one for one in plain_schema(schema) if one.name not in table.columns])
    if not missing.names:
        return
    delta = DeltaTable(table.path)
    here = {one.name for one in delta.schema().fields}
    fresh = [one for one in Schema.from_arrow(missing).fields if one.name not in here]
    if fresh:
        delta.alter.add_columns(fresh)
        _sync_version(table.path, delta.version())
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
