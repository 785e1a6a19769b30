"""Striking: rows that name who was erased leave the lake's own tables: consents, withdrawals, disclosures."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.durable import Written, discard, sync, write
from remit_consumers.lake.promises import keep_promised
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.rewrite import ATTEMPTS, live_files
from remit_consumers.lake.tables import Table, checkpoint, is_table, open_table
from remit_consumers.store.place import parquet
from remit_schemas.errors import LakeError, StaleWriter, Unconfirmed

Strike = Callable[[pa.Table], pa.Table]
"""Gives the rows of a file as they may stay; the same number of rows and equal to them where nothing has to go."""


@dataclass(frozen=True, slots=True)
class Struck:
    """What leaves a table.

    Attributes:
        name: The table; one that was never made holds nobody.
        columns: Those that name subjects.
        names: Pseudonyms.
        change: Gives what stays of a file's rows.
        reason: What its receipt says brought it about; empty for a table whose commits carry none.
    """

    name: str
    columns: Sequence[str]
    names: pa.Array
    change: Strike
    reason: str = ""


def strike(root: Path, what: Struck) -> int:
    """Write anew the files of a table that name somebody, and take the old files away at once; gives how many rows went.

    Raises:
        LakeError: Others rewrote the same files again and again.
    """
    if not is_table(root, what.name) or not len(what.names):
        return 0
    for _ in range(ATTEMPTS):
        with suppress(StaleWriter):
            table = open_table(root, what.name)
            rows = _rewrite(table, what)
            _take_left(root, what)
            return rows
    message = f"table {what.name} is being rewritten by others all the time"
    raise LakeError(message)


def _rewrite(table: Table, what: Struck) -> int:
    """Write the files anew that name somebody, in one commit."""
    written: list[Written] = []
    replaced: list[str] = []
    rows = 0
    try:
        for path in live_files(table):
            if _names(table.path / path, what):
                before = parquet(table.path / path).read()
                after = what.change(before)
                rows += before.num_rows - after.num_rows
                replaced.append(path)
                written += write(table.path, after) if after.num_rows else []
        if replaced:
            sync(written)
            append_ = Append(written, {}, _receipt(what, rows), replaced)
            checkpoint(table, append(table.path, table.version, append_))
    except (Unconfirmed, KeyboardInterrupt):  # it stands, or may
        raise
    except BaseException:
        discard(written)
        raise
    for path in replaced:
        (table.path / path).unlink(missing_ok=True)
    if replaced:
        keep_promised(table.root, [table.name])
    return rows


def without(columns: Sequence[str], names: pa.Array) -> Strike:
    """Rows that name one of them in any of these columns go."""

    def change(rows: pa.Table) -> pa.Table:
        mask = pc.is_in(rows.column(columns[0]), names)
        for name in columns[1:]:
            mask = pc.or_(mask, pc.is_in(rows.column(name), names))
        return rows.filter(pc.invert(mask))

    return change


def _names(file: Path, what: Struck) -> bool:
    """Whether a file names one of them."""
    opened = parquet(file)
    there = [name for name in what.columns if name in opened.schema_arrow.names]
    found = opened.read(columns=there)
    return any(pc.any(pc.is_in(_names_in(found, name), what.names)).as_py() for name in there)


def _names_in(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """The names in a column, which has one or a list in each row."""
    column = rows.column(name)
    return pc.list_flatten(column) if pa.types.is_list(column.type) else column


def _take_left(root: Path, what: Struck) -> None:
    """Take away files that no commit speaks of any more and that hold what has to go of them.

    One that holds nothing of it may be another's, about to be committed: of a sweep of this table, at this moment.
    """
    table = open_table(root, what.name)
    live = {table.path / path for path in live_files(table)}
    for file in table.path.glob("*.parquet"):
        with suppress(FileNotFoundError, pa.ArrowInvalid):  # gone meanwhile, or not finished
            if file not in live and _names(file, what) and _is_changed(file, what):
                file.unlink()


def _is_changed(file: Path, what: Struck) -> bool:
    """Whether something of a file's rows has to go."""
    rows = parquet(file).read()
    return not what.change(rows).equals(rows)


def _receipt(what: Struck, rows: int) -> str | None:
    """The receipt of a commit that took rows."""
    if not what.reason:
        return None
    removed = RemovedCount(Removal.ERASED, what.reason, rows=rows)
    return Receipt("", what.name, "", {}, EventCounts(), removed=[removed]).to_json()
