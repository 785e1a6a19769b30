"""Commits to a Delta table: an entry of its log is drafted, fsynced, and then given the next free version.

An append reads nothing, so all that can stand against it is another commit of the same application, and that is
checked here. delta-rs does the same in 8 to 20 ms, growing with the log, and shows an entry before it is durable; here
it has no name until it is, and a commit costs under a millisecond beside the fsyncs (measured, 1,000 commits).

Source: Delta Lake protocol, "Delta Log Entries", "Transaction Identifiers".
"""

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from remit_consumers.lake.durable import Written, fsync, sync_paths
from remit_consumers.lake.format import check_format_around
from remit_consumers.lake.log import LOG_FOLDER, RECEIPT_KEY, Entry, entry, log_file
from remit_consumers.store.place import take_name
from remit_schemas.errors import StaleWriter, Unconfirmed

ENGINE = "remit"
"""What our commits name as their engine."""


NOTHING_SEEN: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Append:
    """What an append brings to a table.

    Attributes:
        files: Its data files, fsynced.
        transactions: For each application id, its new version.
        receipt: The canonical JSON of its receipt; None where it has none.
        replaced: Paths of files that it takes out.
        is_move: Whether the files hold the very rows of those that it takes out.
        against: Application ids that it has none of, and whose news stand against it all the same.
    """

    files: Sequence[Written]
    transactions: Mapping[str, int]
    receipt: str | None = None
    replaced: Sequence[str] = ()
    is_move: bool = False
    against: AbstractSet[str] = frozenset()


def append(table: Path, known: int, what: Append) -> int:
    """Commit at once: write the entry, give it the next free version, durably. Arguments and errors as in `publish`."""
    drafted = draft(table, what)
    try:
        fsync(drafted)
        version = publish(table, known, what, drafted)
    finally:
        drop(drafted)
    confirm([table])
    return version


def draft(table: Path, what: Append) -> Path:
    """Write an entry without a version, to be fsynced and published; it is no part of the table yet.

    Raises:
        NewerLake: A newer remit has written to the lake since it was opened.
        OSError: It cannot be written.
    """
    check_format_around(table)
    drafted = table / LOG_FOLDER / f"_commit_{uuid.uuid4()}.json.tmp"
    try:
        drafted.write_text(_text(what), "utf-8")
    except BaseException:
        drop(drafted)
        raise
    return drafted


def drop(drafted: Path) -> None:
    """Take a draft away, published or not; one that stays is read by nobody."""
    with suppress(OSError):
        drafted.unlink()


def publish(
    table: Path, known: int, what: Append, drafted: Path, seen: Mapping[str, int] = NOTHING_SEEN
) -> int:
    """Give a draft the next free version: it is visible from here on, and durable after `confirm`.

    Args:
        table: Folder of the table.
        known: The newest version whose transactions this writer has seen.
        what: What it brings; its files are fsynced.
        drafted: The draft of it, fsynced.
        seen: For each application id, the newest version up to which this writer has seen its transactions, where that
            is newer than `known`: its own commits are no one else's.

    Returns:
        The version it became.

    Raises:
        Unconfirmed: Nobody says whether it stands; its files stay, and what it was is seen by the next claim.
        StaleWriter: A version that it has not seen brings one of the same transactions, or takes out one of the same files,
            or one of its own files is gone; nothing is visible.
        OSError: The log cannot be written; nothing is visible.
    """
    message = f"this writer has not seen table {table.name} for so long that its log was cut"
    if not log_file(table, known).exists():  # a hole is no free name
        raise StaleWriter(message)
    version = known
    while True:
        version += 1
        _see_files(what)
        try:
            take_name(drafted, log_file(table, version))
        except FileExistsError:
            watched = what.transactions.keys() | what.against
            fresh = {app for app in watched if version > seen.get(app, known)}
            _check(table, entry(table, version), what, fresh)
        else:
            break
    try:
        if log_file(table, version - 1).exists():
            return version
        log_file(table, version).unlink(missing_ok=True)  # cut since it was looked for
    except OSError:  # it has its name by now: whoever takes its files away takes them from under it
        unsure = "a commit has its name in the lake, but what stands before it cannot be seen"
        raise Unconfirmed(unsure) from None
    raise StaleWriter(message)


def _see_files(what: Append) -> None:
    """See that its files still lie there: a clock that jumped, or a writer that slept, lets vacuum take them for orphans."""
    if not all(written.file.is_file() for written in what.files):
        message = "a file of this commit was taken for what a crash had left: was a clock moved?"
        raise StaleWriter(message)


def _check(table: Path, other: Entry, what: Append, fresh: AbstractSet[str]) -> None:
    """See that another commit and this one can stand side by side; `fresh` are the ids of which it tells news."""
    if other.transactions.keys() & fresh:
        message = f"someone else committed to table {table.name} for a partition of this flush, or out of the quarantine"
        raise StaleWriter(message)
    if set(other.removed) & set(what.replaced):
        message = f"someone else rewrote a file of table {table.name} meanwhile"
        raise StaleWriter(message)


def confirm(tables: Iterable[Path]) -> None:
    """Make what was published in these tables survive a power loss.

    Raises:
        Unconfirmed: It stands, and may not survive one.
    """
    try:
        sync_paths({table / LOG_FOLDER for table in tables})
    except OSError:
        message = "a commit stands in the lake, but the disk would not confirm it"
        raise Unconfirmed(message) from None


def _text(what: Append) -> str:
    """Write an entry: a line for each action."""
    now_ms = time.time_ns() // 1_000_000
    about: dict[str, object] = {
        "timestamp": now_ms,
        "operation": "WRITE",
        "operationParameters": {"mode": "Overwrite" if what.replaced else "Append"},
        "engineInfo": ENGINE,
        "txnId": str(uuid.uuid4()),  # by which an entry is known for ours where an answer was lost
    }
    if what.receipt is not None:
        about[RECEIPT_KEY] = what.receipt
    changes = {"dataChange": not what.is_move}
    actions: list[dict[str, object]] = [{"commitInfo": about}]
    actions += [
        {"txn": {"appId": app, "version": version}} for app, version in what.transactions.items()
    ]
    actions += [{"add": _add(written, now_ms) | changes} for written in what.files]
    actions += [
        {"remove": {"path": path, "deletionTimestamp": now_ms} | changes} for path in what.replaced
    ]
    return "".join(json.dumps(action, separators=(",", ":")) + "\n" for action in actions)


def _add(written: Written, now_ms: int) -> dict[str, object]:
    """The action that adds a file: how many rows, and no minima or maxima (D5)."""
    return {
        "path": written.path,
        "partitionValues": {} if written.day is None else {"day": written.day.isoformat()},
        "size": written.size,
        "modificationTime": now_ms,
        "stats": json.dumps({"numRecords": written.rows}),
    }
