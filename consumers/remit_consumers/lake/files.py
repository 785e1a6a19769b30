"""The files that a table's rows lie in as of a version, and one sum over them that a receipt can vouch for."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.log import Entry
from remit_consumers.lake.receipt import PackOutcome, Receipt, canonical
from remit_consumers.store.place import delta

Files = dict[str, int]
"""Rows of each file, by its path below the table's folder."""


def files_at(table: Path, version: int) -> Files:
    """What Delta says of a version: from the checkpoint at or before it, and the entries behind that."""
    actions = pa.table(delta(table, version).get_add_actions(flatten=True))
    paths, rows = (actions.column(name).to_pylist() for name in ("path", "num_records"))
    return {path: -1 if count is None else count for path, count in zip(paths, rows, strict=True)}


def sum_of(files: Mapping[str, int]) -> str:
    """SHA-256 of the canonical JSON of [path, rows] of each file, sorted, as hex."""
    return hashlib.sha256(canonical(sorted(files.items())).encode()).hexdigest()


def walked(name: str, live: Files, entries: Iterable[Entry]) -> Iterator[tuple[int, int, int]]:
    """Bring files from commit to commit, and hold each against its receipt.

    Args:
        name: The table's name.
        live: The files before; those after it stand in it when all is read.
        entries: The commits, oldest first.

    Yields:
        For each commit whose files are not what its receipt says: its version, the rows that it added (those that it took
        away left out), and those that its receipt says. A row of the quarantine stands for many events, so none is of it.
    """
    for entry in entries:
        before = sum(live.get(path, 0) for path in entry.removed)
        live |= {added.path: added.rows for added in entry.added}
        for path in entry.removed:
            live.pop(path, None)
        receipt = entry.parsed()
        if receipt is None or name == "quarantine":
            continue
        gone = sum(one.rows for one in receipt.removed)
        rows = sum(added.rows for added in entry.added) - before + gone
        told = _recorded(receipt) if name == CONSENTS_TABLE else receipt.events.stored
        if rows != told:
            yield entry.version, rows, told


def _recorded(receipt: Receipt) -> int:
    """Consent changes that a commit recorded."""
    return sum(one.count for one in receipt.packs if one.outcome is PackOutcome.RECORDED)
