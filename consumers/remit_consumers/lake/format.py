"""The lake's format: on record in the lake itself, raised by a newer remit, refused by an older one.

It is read before a table is opened, and again with each commit: so a consumer that runs while a newer one raises the
format commits nothing from then on. What it committed in the very moment is of a form that the newer one reads, and it
followed on from what it had seen, or the newer one's own commit refuses it.
"""

from pathlib import Path
from typing import Final

from remit_consumers.store.place import is_local
from remit_schemas.errors import LakeError, NewerLake
from remit_schemas.format_file import format_of, record_format, too_new, written

FORMAT: Final = 1
"""What this remit writes. It is raised with any change that a remit before it would read wrongly or write over: a table or
a column that decisions stand on, a way to commit. What is only added and ignored without harm needs no new number; receipts
have their own (`receipt.FORMAT`)."""

FILE: Final = "lake-format"
"""The file in the lake's folder; no table can have that name, because a contract's has no hyphen."""


def check_format(root: Path) -> None:
    """Refuse a lake that a newer remit has written to.

    Raises:
        NewerLake: One has.
        LakeError: The format cannot be read: then nobody knows.
    """
    found = _found(root)
    if found > FORMAT:
        raise NewerLake(too_new(f"the lake in {root}", found, FORMAT))


def keep_format(root: Path) -> None:
    """Put this remit's format on record where an older one is, or none yet; call it before the first writing.

    Raises:
        NewerLake: A newer remit has written to the lake.
        LakeError: The format cannot be read.
        OSError: It cannot be written.
    """
    check_format(root)
    if _found(root) < FORMAT:
        if is_local(root):
            record_format(root / FILE, FORMAT)
        else:
            (root / FILE).write_bytes(written(FORMAT))


def check_format_around(table: Path) -> None:
    """Refuse, as `check_format`, the lake that a table's folder lies in, one or two floors below it."""
    for root in (table.parent, table.parent.parent):
        if (root / FILE).exists():
            check_format(root)


def _found(root: Path) -> int:
    try:
        return format_of(root / FILE)
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is no number"
        ask = "" if is_local(root) else "; see its endpoint, region and credentials (AWS_…)"
        message = f"{FILE} in the lake's folder {root} cannot be read ({why}), so nobody knows which remit wrote the lake{ask}"
        raise LakeError(message) from None
