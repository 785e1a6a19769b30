"""The receipts of all commits: chained, and laid out as a table that anyone can read.

Each table of rows has a chain of its own: `head(0) = sha256(table name)`, and every commit that carries a receipt folds
its canonical bytes in, in the order of Delta versions. Whoever changes, drops or adds a receipt changes every head
after it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import RECEIPTS
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.log import entries, first_version
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt
from remit_consumers.lake.replayed import Settled
from remit_consumers.lake.tables import checkpoint, evolve, is_table, open_table, row_tables
from remit_schemas.errors import LakeError, StaleWriter

TABLE = "receipts"
"""The table that receipts are laid out in."""

GRANTED, WITHHELD = "granted", "withheld"
REPLAYED = "replayed"
"""The decision of a row that takes back what a quarantined pack was said to hold."""

"""What became of an optional purpose: its subject granted it, or did not."""

CUT = "cut"
"""The kind of a row that says where a log is cut."""

SINCE_FORMAT_2 = frozenset({"distinct_in", "distinct_out", "bits_in", "bits_out"})
"""Columns that receipts of format 1 have nothing for."""

LATER_COLUMNS = SINCE_FORMAT_2 | {"committed_at"}
"""Columns that an older version of remit did not lay out."""


@dataclass(frozen=True, slots=True)
class Link:
    """A commit in the chain of its table.

    Attributes:
        table: The table.
        version: Delta version of the commit.
        text: The canonical JSON of its receipt.
        head: Head of the chain after it, as hex.
        at_ms: When its commit was written, milliseconds since 1970; 0: not known. No head holds it, so it makes no
            difference between two.
    """

    table: str
    version: int
    text: str
    head: str
    at_ms: int = field(default=0, compare=False)


def first_head(table: str) -> str:
    """The head of a chain before its first commit."""
    return hashlib.sha256(table.encode()).hexdigest()


def next_head(head: str, text: str) -> str:
    """Fold one receipt into a chain."""
    return hashlib.sha256(bytes.fromhex(head) + text.encode()).hexdigest()


def chain(root: Path, table: str, after: int = -1, head: str | None = None) -> Iterator[Link]:
    """Fold the receipts of a table's commit log, those after version `after` on top of `head`.

    Raises:
        LakeError: The log is cut, and begins after what `after` knows.
    """
    current = head or first_head(table)
    begins = first_version(root / table)
    if begins > after + 1:
        message = (
            f"the log of table {table} was cut at version {begins}, and the table {TABLE} knows it only up to {after}: "
            f"mount or restore {root / TABLE} as it was when the log was cut"
        )
        raise LakeError(message)
    for entry in entries(root / table, after):
        if entry.receipt is not None:
            current = next_head(current, entry.receipt)
            yield Link(table, entry.version, entry.receipt, current, entry.at_ms)


def links(receipts: pa.Table) -> list[Link]:
    """The commits that receipts lie in, table by table, in the order of their chains."""
    commits = receipts.filter(pc.equal(receipts.column("kind"), "commit"))
    ms = pc.fill_null(pc.divide(commits.column("committed_at").cast(pa.int64()), 1_000), 0)
    rows = commits.select(["table", "version", "receipt", "chain"]).append_column("at_ms", ms)
    ordered = rows.sort_by([("table", "ascending"), ("version", "ascending")]).to_pylist()
    return [
        Link(row["table"], row["version"], row["receipt"], row["chain"], row["at_ms"])
        for row in ordered
    ]


def heads(receipts: pa.Table) -> dict[str, tuple[int, str]]:
    """For each table, the newest version chained in `receipts`, and its head."""
    commits = receipts.filter(pc.equal(receipts.column("kind"), "commit")).select(
        ["table", "version", "chain"]
    )
    found: dict[str, tuple[int, str]] = {}
    for row in commits.sort_by("version").to_pylist():
        found[row["table"]] = (row["version"], row["chain"])
    return found


def materialise(root: Path) -> int:
    """Append to the `receipts` table what is not chained there yet, durably.

    Several processes may try: what one of them has appended since is not appended again.

    Returns:
        How many commits were chained.
    """
    if not row_tables(root):
        return 0
    table = open_table(root, TABLE)
    known = (
        table.version
    )  # what was read below, and not what others have appended by the time of the commit
    stands = heads(table.delta.to_pyarrow_table(columns=["kind", "table", "version", "chain"]))
    fresh = [
        link
        for name in row_tables(root)
        for link in chain(root, name, *stands.get(name, (-1, None)))
    ]
    if not fresh:
        return 0
    evolve(table, RECEIPTS)
    table.refresh()
    files = write(table.path, laid_out(fresh))
    sync(files)
    transactions = {f"{TABLE}/{link.table}": link.version for link in fresh}
    try:
        version = append(table.path, known, Append(files, transactions))
    except StaleWriter:  # another process chained the same commits first
        for one in files:
            one.file.unlink(missing_ok=True)
        return 0
    checkpoint(table, version)
    return len(fresh)


def read(root: Path) -> pa.Table:
    """All receipts as rows: the table, and the tail of the commit logs that is not in it yet."""
    table = stored(root)
    stands = heads(table)
    tail = [
        link
        for name in row_tables(root)
        for link in chain(root, name, *stands.get(name, (-1, None)))
    ]
    return pa.concat_tables([table, laid_out(tail)])


def stored(root: Path) -> pa.Table:
    """The receipts table alone, columns null that an older version did not write; empty if nothing was laid out yet.

    Raises:
        LakeError: A version of remit wrote it that this one cannot read.
    """
    if not is_table(root, TABLE):
        return RECEIPTS.empty_table()
    rows = open_table(root, TABLE).delta.to_pyarrow_table()
    missing = [name for name in RECEIPTS.names if name not in rows.column_names]
    if unknown := set(missing) - LATER_COLUMNS:
        message = f"the lake was written by another version of remit: its receipts lack {', '.join(sorted(unknown))}"
        raise LakeError(message)
    for name in missing:
        rows = rows.append_column(name, pa.nulls(rows.num_rows, RECEIPTS.field(name).type))
    return rows.select(RECEIPTS.names).cast(RECEIPTS)


def laid_out(links: Sequence[Link]) -> pa.Table:
    """The rows of some commits."""
    return pa.Table.from_pylist([row for link in links for row in _rows(link)], schema=RECEIPTS)


def _rows(link: Link) -> Iterator[dict[str, object]]:
    """One commit as rows."""
    receipt = Receipt.from_json(link.text)
    same: dict[str, object] = {
        "commit": f"{link.table}@{link.version}",
        "table": link.table,
        "version": link.version,
        "contract": receipt.contract,
        "policy_version": receipt.policy_version,
        "chain": link.head,
    }
    at = datetime.fromtimestamp(link.at_ms / 1_000, UTC) if link.at_ms else None
    yield same | {"kind": "commit", "field": "", "receipt": link.text, "committed_at": at}
    rows = (
        *_events(receipt),
        *_fields(receipt),
        *_purposes(receipt),
        *_floored(receipt),
        *_versions(receipt),
        *_tenants(receipt),
    )
    rows += (*_sources(receipt), *_packs(receipt), *_removed(receipt), *_cut(receipt))
    rows += (*_replayed(receipt), *_released(receipt))
    for row in rows:
        yield same | row


def _events(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What became of events."""
    for row in _counts(receipt.events):
        yield row | {"kind": "events"}


def _tenants(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What became of each tenant's events, and of its rows that were stored before."""
    for tenant, events in receipt.tenants.items():
        for row in _counts(events):
            yield row | {"kind": "tenant", "tenant": tenant}
    for one in receipt.removed:
        same: dict[str, object] = {"decision": one.removal.value, "reason": one.reason, "field": ""}
        for tenant, rows in one.tenants.items():
            yield same | {"kind": "tenant", "tenant": tenant, "values_in": rows}


def _counts(events: EventCounts) -> Iterator[dict[str, object]]:
    """Each outcome that events had, with its reason."""
    counts = [("stored", "", events.stored), ("expired", "", events.expired)]
    counts += [("refused", reason, count) for reason, count in events.refused.items()]
    counts += [("quarantined", reason, count) for reason, count in events.quarantined.items()]
    for decision, reason, count in counts:
        if count:
            yield {"field": "", "decision": decision, "reason": reason, "values_in": count}


def _fields(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What became of values."""
    for one in receipt.fields:
        yield {
            "kind": "field",
            "field": one.field,
            "category": one.category,
            "decision": one.decision.value,
            "reducer": one.reducer,
            "clause": one.clause,
            "purposes": one.purposes,
            "basis": one.basis,
            "values_in": one.values_in,
            "values_out": one.values_out,
            "bytes_in": one.bytes_in,
            "bytes_out": one.bytes_out,
            "distinct_in": one.distinct_in,
            "distinct_out": one.distinct_out,
            "bits_in": one.bits_in,
            "bits_out": one.bits_out,
        }


def _purposes(receipt: Receipt) -> Iterator[dict[str, object]]:
    """For how many events each optional purpose was granted, and for how many not."""
    for purpose, events in receipt.purposes.items():
        for decision, count in zip((GRANTED, WITHHELD), events, strict=True):
            if count:
                same = {"kind": "purpose", "field": "", "purposes": purpose}
                yield same | {"decision": decision, "values_in": count}


def _versions(receipt: Receipt) -> Iterator[dict[str, object]]:
    """How many events each version of the policy governed."""
    for version, events in receipt.versions.items():
        yield {"kind": "version", "field": "", "reason": version, "values_in": events}


def _floored(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What too few subjects shared, and what has a value that came otherwise than with its event."""
    for column, rows in receipt.floored.items():
        yield {"kind": "floored", "field": column, "values_in": rows}
    for name, rows in receipt.filled.items():
        yield {"kind": "filled", "field": name, "values_in": rows}
    for name, rows in receipt.corrected.items():
        told, _, clause = name.partition(" ")
        yield {"kind": "corrected", "field": told, "clause": clause, "values_in": rows}


def _replayed(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What is no longer quarantined: taken off the counts under which it stood, and counted anew if it expired.

    The row of a whole pack takes back what its header claimed; an expired pack was offered, as far as anybody knows.
    """
    for one in receipt.replayed:
        told = {("quarantined", one.reason.value): -one.count}
        if one.settled is Settled.EXPIRED:
            told["expired", ""] = one.count
        same: dict[str, object] = {"contract": one.contract, "field": "", "tenant": one.tenant}
        for (decision, reason), count in told.items():
            if not count:  # a pack without a header stood for no event that anybody knew of
                continue
            row = same | {"decision": decision, "reason": reason, "values_in": count}
            yield row | {"kind": "events", "tenant": None}
            yield row | {"kind": "tenant"}
        if one.sha256 and one.settled is not Settled.EXPIRED:
            place = {"producer": one.producer.hex(), "lane": one.lane, "sequence": one.sequence}
            what = {"kind": "pack", "decision": REPLAYED, "reason": one.sha256.hex()}
            yield same | place | what | {"values_in": one.count}


def _released(receipt: Receipt) -> Iterator[dict[str, object]]:
    """How many events the rows stood for that left the quarantine."""
    if receipt.released:
        yield {"kind": "released", "field": "", "values_in": receipt.released}


def _removed(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What was taken away of rows stored before."""
    for one in receipt.removed:
        same: dict[str, object] = {"decision": one.removal.value, "reason": one.reason, "field": ""}
        yield same | {"kind": "removed", "values_in": one.rows}
        yield same | {"kind": "narrowed", "values_in": one.narrowed}
        yield same | {"kind": "waited", "values_in": one.waited_ms}
        for name, values in one.values.items():
            yield same | {"kind": "removed_values", "field": name, "values_in": values}


def _cut(receipt: Receipt) -> Iterator[dict[str, object]]:
    """Where the log is cut, and the rows that its table had then."""
    if receipt.cut is not None:
        same: dict[str, object] = {"kind": CUT, "field": "", "reason": receipt.cut.files}
        yield same | {"sequence": receipt.cut.version, "values_in": receipt.cut.rows}


def _sources(receipt: Receipt) -> Iterator[dict[str, object]]:
    """What the sources say: cumulative, so of several the highest sequence holds."""
    for one in receipt.sources:
        same: dict[str, object] = {
            "kind": "source",
            "field": "",
            "producer": one.producer.hex(),
            "lane": one.lane,
            "sequence": one.sequence,
            "tenant": one.tenant,
        }
        yield same | {"decision": "offered", "values_in": one.offered}
        yield same | {"decision": "let_go", "values_in": one.let_go}
        for reason, events in one.refused.items():
            yield same | {"decision": "refused", "reason": reason, "values_in": events}


def _packs(receipt: Receipt) -> Iterator[dict[str, object]]:
    """The packs, each with its count and hash."""
    for one in receipt.packs:
        yield {
            "kind": "pack",
            "field": "",
            "producer": one.producer.hex(),
            "lane": one.lane,
            "sequence": one.sequence,
            "tenant": one.tenant,
            "decision": one.outcome.value,
            "reason": one.sha256.hex(),
            "values_in": one.count,
        }
