"""The cut: what a table's log says of long ago goes, once `receipts` holds it and no reader needs it.

Four steps, each durable before the next: the part is held against the receipts; a checkpoint stands for it; a receipt in
the table's own chain says what it came to; its entries go, the oldest first. Killed in between, the next cut goes on. What
no receipt bears out is never cut, so that it stays to be seen.

Tables without a chain (reads, requests, what stands of withdrawals) have no receipt to say it; their checkpoint is read
back before their entries go.

Source: DESIGN.md, D4; Delta Lake protocol, "Checkpoints", "Metadata Cleanup".
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.durable import fsync
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.files import Files, files_at, sum_of, walked
from remit_consumers.lake.history import commits
from remit_consumers.lake.log import (
    LOG_FOLDER,
    Entry,
    cut,
    entries,
    first_version,
    log_file,
    versions,
)
from remit_consumers.lake.publish import Append, append, confirm
from remit_consumers.lake.receipt import Cut, EventCounts, Receipt
from remit_consumers.lake.receipts import TABLE, Link, chain, first_head, materialise, stored
from remit_consumers.lake.rewrite import contract_of
from remit_consumers.lake.tables import is_table, row_tables, tables_in
from remit_consumers.store.place import delta
from remit_schemas.errors import LakeError

KEPT_S = 3_600.0
"""How long an entry stays at least: longer than a reader reads, and than a writer holds a table without looking at it;
one that did is told so and claims anew (`publish`)."""

AT_LEAST = 100
"""Entries that are worth a cut: it costs a checkpoint and a commit. What a rewrite took out is worth one at any number."""


_UNLIKE = "{}: its log is not what its receipts say, and is not cut: run `remit verify`"


@dataclass(slots=True)
class Cutting:
    """What cutting a lake's logs came to.

    Attributes:
        entries: Entries that went, by table.
        refused: Why a log was left as it is, a line for each.
    """

    entries: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def cut_logs(root: Path, kept_s: float = KEPT_S) -> Cutting:
    """Cut the logs of a lake's tables as far as that may be; whoever calls it holds the lease.

    Args:
        root: The lake's folder.
        kept_s: How old an entry must be at least to go.

    Raises:
        LakeError: Receipts cannot be chained.
    """
    done = Cutting()
    if not is_table(root, POSITIONS_TABLE):
        return done
    materialise(root)
    told = stored(root)
    if is_table(root, TABLE):
        confirm([root / TABLE])
    chained = row_tables(root)
    for name in tables_in(root):
        if name == POSITIONS_TABLE:  # cuts its own
            continue
        try:
            with reaching(root):
                is_chained = name in chained
                gone = (
                    _cut_chained(root, name, told, kept_s)
                    if is_chained
                    else _cut_plain(root / name, kept_s)
                )
        except LakeError as error:
            done.refused.append(str(error))
        else:
            done.entries |= {name: gone} if gone else {}
    materialise(root)
    return done


def _cut_chained(root: Path, name: str, told: pa.Table, kept_s: float) -> int:
    """Cut the log of a table of rows; gives how many entries went."""
    table = root / name
    known = commits(told, name)
    at, live = opening(root, name)
    gone = _take(table, at)  # what a cut before began
    old = _old(table, kept_s, known[-1].version if known else -1)
    if not _is_worth(old, at):
        return gone
    version = old[-1].version
    head = _held(root, name, known, old)
    fresh = (entry for entry in old if entry.version > at)
    if any(walked(name, live, fresh)):
        raise LakeError(_UNLIKE.format(name))
    _checkpoint(table, version, live)
    append(table, versions(table)[-1], Append((), {}, _receipt(name, version, head, live)))
    return gone + _take(table, version)


def _held(root: Path, name: str, known: Sequence[Link], old: Sequence[Entry]) -> str:
    """The head of the chain after the entries that are to go, held against what they say themselves.

    Raises:
        LakeError: It is not what `receipts` has.
    """
    begins, version = old[0].version, old[-1].version
    before = [link for link in known if link.version < begins]
    head = before[-1].head if before else first_head(name)
    part = [link for link in known if begins <= link.version <= version]
    told = chain(root, name, begins - 1, head)
    if [*takewhile(lambda link: link.version <= version, told)] != part:
        raise LakeError(_UNLIKE.format(name))
    return part[-1].head if part else head


def _receipt(name: str, version: int, head: str, live: Files) -> str:
    """What the commit says that a log is cut behind."""
    return Receipt(
        log="",
        contract=contract_of(name),
        policy_version="",
        positions={},
        events=EventCounts(),
        cut=Cut(version, head, sum(live.values()), sum_of(live)),
    ).to_json()


def _cut_plain(table: Path, kept_s: float) -> int:
    """Cut the log of a table that no chain is kept of; gives how many entries went."""
    old = _old(table, kept_s, versions(table)[-1])
    if not _is_worth(old, first_version(table)):
        return 0
    version = old[-1].version
    _checkpoint(table, version, files_at(table, version))
    return _take(table, version)


def opening(root: Path, name: str) -> tuple[int, Files]:
    """Where the commits that the log can tell of begin: the version of the newest cut and its files; -1 and none without.

    Raises:
        LakeError: The log begins somewhere and no receipt says that it was cut there, or its checkpoint is another.
    """
    said = [
        receipt.cut
        for receipt in map(Entry.parsed, entries(root / name))
        if receipt and receipt.cut
    ]
    begins = first_version(root / name)
    if not said:
        if begins > 0:
            message = f"{name}: its log begins at version {begins}, and no receipt says that it was cut there"
            raise LakeError(message)
        return -1, {}
    files = files_at(root / name, said[-1].version)
    if said[-1].version < begins or sum_of(files) != said[-1].files:
        message = f"{name}: the checkpoint that its log begins with is not what its receipt says"
        raise LakeError(message)
    return said[-1].version, files


def _old(table: Path, kept_s: float, newest: int) -> Sequence[Entry]:
    """The entries from the log's beginning that may go: old, chained, and nothing they took out is on the disk any more."""
    now = time.time()
    found: list[Entry] = []
    for entry in entries(table):
        is_young = now - log_file(table, entry.version).stat().st_mtime < kept_s
        if (
            is_young
            or entry.version > newest
            or any((table / path).exists() for path in entry.removed)
        ):
            break
        found.append(entry)
    return found


def _is_worth(old: Sequence[Entry], at: int) -> bool:
    """Whether so much may go that a cut is worth it."""
    fresh = [entry for entry in old if entry.version > at]
    return bool(fresh) and (len(old) > AT_LEAST or any(entry.removed for entry in old))


def _checkpoint(table: Path, version: int, live: Files) -> None:
    """Write a checkpoint as of a version, durably, and read it back.

    Raises:
        LakeError: It does not hold the files that it must.
    """
    delta(table, version).create_checkpoint()
    folder = table / LOG_FOLDER
    for file in folder.glob(f"{version:020d}.checkpoint*"):
        fsync(file)
    fsync(folder / "_last_checkpoint")
    fsync(folder)
    if files_at(table, version) != live:
        message = (
            f"{table.name}: a checkpoint does not hold the files that the log says; it is not cut"
        )
        raise LakeError(message)


def _take(table: Path, version: int) -> int:
    """Take away what lies before a version; gives how many entries that were."""
    gone = sum(one < version for one in versions(table))
    if gone:
        cut(table, version)
        fsync(table / LOG_FOLDER)
    return gone
