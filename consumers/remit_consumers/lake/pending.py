"""Commits on their way: files and entries are written, fsynced together, and then published one after the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.durable import discard, sync_paths, with_folders, write
from remit_consumers.lake.publish import Append, confirm, draft, drop, publish
from remit_consumers.lake.quarantined import REPLAYS
from remit_consumers.lake.tables import Table, evolve, fitted
from remit_schemas.errors import StaleWriter


@dataclass(frozen=True, slots=True)
class Pending:
    """A commit whose files and entry are written and not published.

    Attributes:
        table: The table it is for.
        what: What it brings.
        draft: Its entry, without a version.
    """

    table: Table
    what: Append
    draft: Path

    def paths(self) -> set[Path]:
        """What must be fsynced before it may be published."""
        return {self.draft, *with_folders(self.what.files)}

    def discard(self) -> None:
        """Take it all away."""
        drop(self.draft)
        discard(self.what.files)


def prepare(
    table: Table,
    rows: pa.Table | None,
    schema: pa.Schema | None,
    transactions: Mapping[str, int],
    receipt: str | None = None,
) -> Pending:
    """Write the files and the entry of a commit, its table widened first where it lacks a column.

    What a replay stored since the claim stands against it, for whatever partition: a copy of that may be in it.

    Args:
        table: The table it is for.
        rows: Its rows; None where it has none.
        schema: The columns with their metadata; None takes them from `rows`.
        transactions: For each application id, its new version.
        receipt: The canonical JSON of its receipt.
    """
    schema = schema if schema is not None or rows is None else rows.schema
    if schema is not None:
        evolve(table, schema)
    files = [] if rows is None else write(table.path, fitted(rows, schema))
    what = Append(files, transactions, receipt, against={REPLAYS})
    try:
        return Pending(table, what, draft(table.path, what))
    except BaseException:
        discard(files)
        raise


def sync_all(pending: Iterable[Pending]) -> None:
    """Fsync all that was written, together."""
    sync_paths({path for one in pending for path in one.paths()})


def publish_first(pending: list[Pending], count: int) -> list[tuple[Table, int]]:
    """Publish the first `count` of what is pending, take them off it, and have the disk confirm them.

    Returns:
        For each, its table and the version it became.
    """
    published: list[tuple[Table, int]] = []
    for _ in range(count):
        one = pending.pop(0)
        table, what = one.table, one.what
        known = min(table.seen.get(app, 0) for app in what.transactions)
        try:
            version = publish(table.path, known, what, one.draft, table.seen)
        except (OSError, StaleWriter):  # nothing of it is visible
            one.discard()
            raise
        finally:  # after anything else, an interruption too, its files may be spoken of
            drop(one.draft)
        known_to_all = (app for app, at in table.seen.items() if at == version - 1)
        table.seen |= dict.fromkeys(
            [*known_to_all, *what.transactions], version
        )  # ours brings no other's
        published.append((table, version))
    confirm(table.path for table, _ in published)
    return published
