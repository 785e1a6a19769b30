"""The commit log of a Delta table, read as what it is: one JSON file for each version.

delta-rs tells a table's history, but neither the exact bytes that a chain is folded from nor which
commit added which file; both are in these files. Where they lie, `store.place` knows.

Source: Delta Lake protocol, "Delta Log Entries".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remit_consumers.lake.receipt import Receipt
from remit_schemas.errors import LakeError
from remit_schemas.read_json import read_json

RECEIPT_KEY = "remit"
"""The key of a receipt in a commit's metadata."""

LOG_FOLDER = "_delta_log"
"""Where Delta keeps a table's log."""

CHECKPOINT = ".checkpoint."
"""What the names of a checkpoint's files have behind its version, and an entry's has not."""

PARQUET_END = b"PAR1"
"""The last four bytes of a whole Parquet file. Source: Apache Parquet format, "File format"."""


@dataclass(frozen=True, slots=True)
class Added:
    """A data file that a commit added: path below the table's folder, and rows in it (-1: it does not say)."""

    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a table.

    Attributes:
        version: Delta version.
        receipt: The canonical JSON of its receipt; None for a commit without one (a table made, a column added).
        added: The files it added.
        removed: Paths of the files it removed.
        transactions: For each application id, the version it brought.
        at_ms: When it was written, milliseconds since 1970; 0: it does not say.
        is_move: Whether its files hold the very rows of those that it removed.
    """

    version: int
    receipt: str | None = None
    added: tuple[Added, ...] = ()
    removed: tuple[str, ...] = ()
    transactions: Mapping[str, int] = field(default_factory=dict)
    at_ms: int = 0
    is_move: bool = False

    def parsed(self) -> Receipt | None:
        """The receipt, read."""
        return None if self.receipt is None else Receipt.from_json(self.receipt)


def log_file(table: Path, version: int) -> Path:
    """The file of one version: twenty digits."""
    return table / LOG_FOLDER / f"{version:020d}.json"


def versions(table: Path) -> list[int]:
    """Every version whose file is there, ascending."""
    folder = table / LOG_FOLDER
    if not folder.is_dir():
        return []
    return sorted(
        int(name.removesuffix(".json"))
        for name in (path.name for path in folder.iterdir())
        if name[:20].isdigit() and name[20:] == ".json"
    )


def newest_version(table: Path) -> int:
    """The newest version of a table; -1 where there is none."""
    return max(versions(table), default=-1)


def first_version(table: Path) -> int:
    """The version that a table's log begins at: 0, or where it was cut; -1 where there is no log."""
    return next(iter(unbroken(versions(table))), -1)


def unbroken(found: Sequence[int]) -> Sequence[int]:
    """The versions up to the newest without a gap: what lies before one is left of a cut, and no part of the log."""
    begins = (at for at in range(len(found) - 1, 0, -1) if found[at] - found[at - 1] != 1)
    return found[next(begins, 0) :]


def entries(table: Path, after: int = -1) -> Iterator[Entry]:
    """Read the versions after `after`, ascending, as far back as the log goes."""
    for version in unbroken(versions(table)):
        if version > after:
            yield entry(table, version)


def entry(table: Path, version: int) -> Entry:
    """Read one version.

    Raises:
        LakeError: Its file is no commit, or gone.
    """
    try:
        actions = [
            read_json(line) for line in log_file(table, version).read_text("utf-8").splitlines()
        ]
        return Entry(
            version=version,
            receipt=next(
                (one["commitInfo"].get(RECEIPT_KEY) for one in actions if "commitInfo" in one), None
            ),
            added=tuple(_added(one["add"]) for one in actions if "add" in one),
            removed=tuple(one["remove"]["path"] for one in actions if "remove" in one),
            transactions={
                one["txn"]["appId"]: one["txn"]["version"] for one in actions if "txn" in one
            },
            at_ms=next((_at_ms(one["commitInfo"]) for one in actions if "commitInfo" in one), 0),
            is_move=_is_move(actions),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        message = (
            f"version {version} of table {table.name} cannot be read: the lake's log is damaged"
        )
        raise LakeError(message) from None


def _is_move(actions: Sequence[Mapping[str, Mapping[str, object]]]) -> bool:
    """Whether a commit says of all its files that they change no row."""
    files = [one.get("add") or one.get("remove") for one in actions]
    told = [file.get("dataChange") for file in files if file]
    return bool(told) and not any(told)


def _at_ms(about: Mapping[str, object]) -> int:
    """When a commit says that it was written."""
    at_ms = about.get("timestamp")
    return at_ms if isinstance(at_ms, int) else 0


def _added(action: dict[str, str]) -> Added:
    """Read an add action."""
    return Added(action["path"], int(read_json(action.get("stats") or "{}").get("numRecords", -1)))


def cut(table: Path, before: int) -> None:
    """Take away log entries and checkpoints older than version `before`, oldest first; a checkpoint must cover them.

    The order is what `publish` knows a hole by: where an entry has gone, so has the one before it. The last checkpoint
    before it stays until the next cut: a reader may just have been told to begin with it.
    """
    folder = table / LOG_FOLDER
    old = [
        path
        for path in sorted(folder.iterdir())
        if path.name[:20].isdigit() and int(path.name[:20]) < before
    ]
    last = max((path.name[:20] for path in old if CHECKPOINT in path.name), default="")
    for path in old:
        if not (CHECKPOINT in path.name and path.name.startswith(last)):
            path.unlink(missing_ok=True)


def mend(table: Path) -> None:
    """Take away what a power loss tore of delta-rs's writing: a newest entry or a checkpoint that is not whole.

    Neither was promised to anyone; our own entries are fsynced before they have a name.
    """
    found = versions(table)
    if found and not _is_whole(log_file(table, found[-1])):
        log_file(table, found[-1]).unlink()
    for file in (table / LOG_FOLDER).glob(f"*{CHECKPOINT}parquet"):
        if not _ends_well(file):
            (table / LOG_FOLDER / "_last_checkpoint").unlink(missing_ok=True)
            file.unlink()


def _is_whole(file: Path) -> bool:
    """Whether each line of a log entry is JSON, and there is one."""
    try:
        lines = file.read_text("utf-8").splitlines()
        return bool(lines) and all(isinstance(read_json(line), dict) for line in lines)
    except ValueError:
        return False


def _ends_well(file: Path) -> bool:
    """Whether a Parquet file has its end."""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - len(PARQUET_END)))
        return opened.read() == PARQUET_END
