"""Rewriting: files of an events table that hold some subjects are written anew without what must go, in one commit.

Files are found by the minima and maxima of `subject` in their footers; no predicate is ever logged. A flush that commits
meanwhile only takes another version; a commit that takes out one of the same files makes the rewrite begin anew.

Source: DESIGN.md, D4, D5.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.lake.durable import Written, discard, sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import EventCounts, Receipt, RemovedCount, summed
from remit_consumers.lake.tables import Table, checkpoint, open_table
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.lake.tagsets import add as add_tagsets
from remit_consumers.lake.tagsets import known as known_tagsets
from remit_schemas.errors import LakeError, StaleWriter

ATTEMPTS = 5
"""How often a rewrite begins anew because somebody else rewrote one of its files: the lease makes even one rare."""

EVENTS = "events/"
"""What the tables of events are called before their contract."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the rows of a file.

    Attributes:
        rows: Those that stay, in their order.
        removed: What went.
        tagsets: What new tagsets on the rows stand for.
        filled: Rows that had no value of a field and have one now, by field.
    """

    rows: pa.Table
    removed: Sequence[RemovedCount]
    tagsets: Sequence[Tagset] = ()
    filled: Mapping[str, int] = field(default_factory=dict)


Decide = Callable[[pa.Table], Change | None]
"""Says what becomes of the rows of a file, `day` among their columns; None: all stay as they are."""


@dataclass(slots=True)
class _Drafted:
    """What a rewrite has written so far."""

    files: list[Written] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[RemovedCount] = field(default_factory=list)
    tagsets: dict[str, Tagset] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)


def rewrite(root: Path, name: str, subjects: pa.Array, decide: Decide) -> Receipt | None:
    """Rewrite the files of an events table that hold some subjects, durably.

    Args:
        root: The lake's folder.
        name: `events/<contract>`.
        subjects: Pseudonyms as the rows bear them.
        decide: Says what becomes of a file's rows.

    Returns:
        The receipt of the commit; None where nothing had to change.

    Raises:
        LakeError: Others rewrote the same files again and again.
    """
    for _ in range(ATTEMPTS):
        table = open_table(root, name)
        drafted = _Drafted()
        try:
            for path in _candidates(table, subjects):
                _redraw(table, path, decide, drafted)
            if not drafted.replaced:
                return None
            _know(root, drafted.tagsets.values())
            return _publish(table, drafted)
        except StaleWriter:
            discard(drafted.files)
        except BaseException:
            discard(drafted.files)
            raise
    message = f"table {name} is being rewritten by others all the time"
    raise LakeError(message)


def live_files(table: Table) -> list[str]:
    """The paths of the files that hold a table's rows."""
    paths: list[str] = pa.chunked_array(table.delta.get_add_actions()["path"]).to_pylist()
    return sorted(paths)


def holds(file: Path, subjects: pa.Array) -> bool:
    """Whether a file has a row of one of these subjects; its footer alone mostly tells that it has not."""
    return _holds(file, subjects, sorted(subjects.to_pylist()))


def _holds(file: Path, subjects: pa.Array, names: Sequence[str]) -> bool:
    """Whether a file has a row of one of these subjects, whose names are given sorted as well."""
    opened = pq.ParquetFile(file)
    groups = [n for n in range(opened.num_row_groups) if _may_hold(opened.metadata, n, names)]
    if not groups:
        return False
    column = opened.read_row_groups(groups, columns=["subject"]).column(0)
    return bool(pc.any(pc.is_in(column, subjects)).as_py())


def _candidates(table: Table, subjects: pa.Array) -> list[str]:
    """The files of a table that have a row of one of these subjects."""
    names = sorted(subjects.to_pylist())
    return [path for path in live_files(table) if _holds(table.path / path, subjects, names)]


def _may_hold(metadata: pq.FileMetaData, number: int, names: Sequence[str]) -> bool:
    """Whether a row group's minimum and maximum leave room for one of the names, which are sorted."""
    group = metadata.row_group(number)
    for column in (group.column(place) for place in range(group.num_columns)):
        if column.path_in_schema == "subject":
            told = column.statistics
            if told is None or not told.has_min_max:
                return told is None or told.null_count != group.num_rows
            at = bisect_left(names, told.min)
            return at < len(names) and names[at] <= told.max
    return False


def _redraw(table: Table, path: str, decide: Decide, drafted: _Drafted) -> None:
    """Write one file anew, if it must change."""
    change = decide(_rows(table, path))
    if change is None:
        return
    drafted.replaced.append(path)
    drafted.removed += change.removed
    drafted.tagsets |= {one.tagset: one for one in change.tagsets}
    drafted.filled.update(change.filled)
    if change.rows.num_rows:
        drafted.files += write(table.path, change.rows)


def _rows(table: Table, path: str) -> pa.Table:
    """The rows of a file, with the day that its folder names."""
    rows = pq.ParquetFile(table.path / path).read()
    day = date.fromisoformat(path.partition("/")[0].removeprefix("day="))
    return rows.append_column("day", pa.repeat(pa.scalar(day, pa.date32()), rows.num_rows))


def _know(root: Path, tagsets: Iterable[Tagset]) -> None:
    """Put tagsets into the catalogue before any row bears them."""
    catalogue = open_table(root, "tagsets")
    there = known_tagsets(catalogue)
    fresh = [one for one in tagsets if one.tagset not in there]
    if fresh:
        add_tagsets(catalogue, fresh)


def _publish(table: Table, drafted: _Drafted) -> Receipt:
    """Commit what was written, with its receipt."""
    receipt = Receipt(
        log="",
        contract=table.name.removeprefix(EVENTS),
        policy_version="",
        positions={},
        events=EventCounts(),
        removed=joined(drafted.removed),
        filled=dict(+drafted.filled),
    )
    sync(drafted.files)
    what = Append(drafted.files, {}, receipt.to_json(), drafted.replaced)
    version = append(table.path, table.version, what)
    checkpoint(table, version)
    return receipt


def joined(counts: Iterable[RemovedCount]) -> tuple[RemovedCount, ...]:
    """Put counts of the same removal and reason together."""
    whole: dict[tuple[str, str], RemovedCount] = {}
    for one in counts:
        before = whole.get((one.removal, one.reason), RemovedCount(one.removal, one.reason))
        whole[one.removal, one.reason] = replace(
            before,
            rows=before.rows + one.rows,
            narrowed=before.narrowed + one.narrowed,
            values=summed((before.values, one.values)),
            waited_ms=max(before.waited_ms, one.waited_ms),
            tenants=summed((before.tenants, one.tenants)),
        )
    return tuple(whole.values())
