"""What a table's commits said, as far back as there were any: its log, and before a cut what `receipts` holds of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.log import entries, first_version
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.receipts import TABLE, Link, chain, first_head, next_head
from remit_consumers.lake.tables import is_table, open_table

_COMMITS = ["kind", "table", "version", "chain", "receipt"]


def links(root: Path, name: str, rows: pa.Table) -> list[Link]:
    """Every commit of a table, folded anew from its first: heads are made here, and never taken from `rows`.

    Args:
        root: The lake's folder.
        name: The table's name.
        rows: What `receipts` has; texts are taken from it where the log is cut (columns: `_COMMITS`).
    """
    begins = first_version(root / name)
    head = first_head(name)
    found: list[Link] = []
    for one in commits(rows, name, before=begins):
        head = next_head(head, one.text)
        found.append(replace(one, head=head))
    return [*found, *chain(root, name, begins - 1, head)]


def links_after(root: Path, name: str, after: int, head: str | None) -> Iterator[Link]:
    """The commits of a table after a version, folded on top of its head: from `receipts` where the log is cut behind it.

    Args:
        root: The lake's folder.
        name: The table's name.
        after: The newest version that is known; -1: none.
        head: Of the chain after it; None: none is known.
    """
    begins = first_version(root / name)
    if begins > after + 1:
        head = head or first_head(name)
        for one in commits(_stored(root), name, before=begins):
            if one.version > after:
                head = next_head(head, one.text)
                yield replace(one, head=head)
        after = begins - 1
    yield from chain(root, name, after, head)


def receipts_after(root: Path, name: str, version: int) -> Iterator[Receipt]:
    """The receipts of a table's commits after a version, oldest first."""
    begins = first_version(root / name)
    if begins > version + 1:
        for one in commits(_stored(root), name, before=begins):
            if one.version > version:
                yield Receipt.from_json(one.text)
    for entry in entries(root / name, max(version, begins - 1)):
        if entry.receipt is not None:
            yield Receipt.from_json(entry.receipt)


def receipts_before_the_log(root: Path, name: str) -> Iterator[Receipt]:
    """The receipts of a table's commits that its log has no more, newest first."""
    begins = first_version(root / name)
    for one in reversed(commits(_stored(root), name, before=begins)) if begins > 0 else ():
        yield Receipt.from_json(one.text)


def commits(rows: pa.Table, name: str, before: int | None = None) -> list[Link]:
    """What `receipts` has of a table's commits, those before a version or all, oldest first."""
    mask = pc.and_(pc.equal(rows.column("kind"), "commit"), pc.equal(rows.column("table"), name))
    if before is not None:
        mask = pc.and_(mask, pc.less(rows.column("version"), before))
    told = rows.select(_COMMITS).filter(mask).sort_by("version").to_pylist()
    return [Link(name, row["version"], row["receipt"], row["chain"]) for row in told]


def _stored(root: Path) -> pa.Table:
    """The rows of commits in `receipts`."""
    if not is_table(root, TABLE):
        empty = {name: pa.array([], pa.string()) for name in _COMMITS}
        return pa.table(empty | {"version": pa.array([], pa.int64())})
    lake = open_table(root, TABLE).delta.to_pyarrow_dataset()
    return lake.to_table(columns=_COMMITS, filter=pc.field("kind") == "commit")
