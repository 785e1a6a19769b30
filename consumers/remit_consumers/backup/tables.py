"""A Delta table, copied while others write to it.

The log is copied first, up to the version that stands then; the copy itself says which data files it needs, and those are
copied after it. Data files never change, and commits that come meanwhile are not in the copy. What can happen is that a
rewriting takes a file away in between (an erasure, a sweep): then the table is copied again from the beginning.
"""

import shutil
from pathlib import Path
from typing import Final

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from remit_consumers.backup.files import copy_file
from remit_consumers.lake.log import LOG_FOLDER, mend, versions
from remit_consumers.lake.rewrite import live_files
from remit_consumers.lake.tables import Table
from remit_schemas.errors import LakeError

ATTEMPTS: Final = 5  # each is given up only where something was erased in the middle of it

_VERSION_DIGITS: Final = 20

FIRST: Final = ("positions", "receipts")
LAST: Final = ("floors", "tagsets")


def in_order(names: list[str]) -> list[str]:
    """Give the order in which tables are copied.

    Positions come first: rows beyond them are recognised, and not stored twice. Then the receipts, which tell only of
    commits that are copied after them. Orders to withdraw come before the rows that they are about. What rows refer to comes
    last, so that nothing is missing.
    """

    def place(name: str) -> int:
        if name in FIRST:
            return FIRST.index(name)
        return 4 if name in LAST else 3 if name.startswith("events/") else 2

    return sorted(names, key=lambda name: (place(name), name))


def copy_table(root: Path, name: str, target: Path) -> None:
    """Copy one table as it stands.

    Raises:
        LakeError: It is rewritten again and again.
    """
    for _ in range(ATTEMPTS):
        try:
            _copy(root / name, target / name)
        except (FileNotFoundError, TableNotFoundError):
            shutil.rmtree(target / name, ignore_errors=True)
        else:
            return
    message = f"table {name} is being rewritten all the time: make the backup later"
    raise LakeError(message)


def _copy(source: Path, target: Path) -> None:
    """Copy the log up to the newest version, and what it needs."""
    newest = versions(source)[-1]
    for file in sorted((source / LOG_FOLDER).iterdir()):
        if _is_of_log(file.name) and int(file.name[:_VERSION_DIGITS]) <= newest:
            copy_file(file, target / LOG_FOLDER / file.name)
    mend(target)
    for path in live_files(Table(target.name, target, DeltaTable(target))):
        copy_file(source / path, target / path)


def _is_of_log(name: str) -> bool:
    """Whether a file in a log is a commit or a checkpoint, and whole: no hint at one, and nothing half written."""
    return name[:_VERSION_DIGITS].isdigit() and name.endswith((".json", ".parquet"))
