"""The format of a folder, on record in a file of its own: by that an older remit knows what a newer one has written.

A folder from before formats were on record has no such file; it is of format 0, and read by every remit.
"""

import re
from pathlib import Path
from typing import Final

from remit_schemas import spool
from remit_schemas.durable import replace_file
from remit_schemas.errors import SpoolError

_WRITTEN: Final = re.compile(rb"([0-9]{1,9})\n")


def format_of(file: Path) -> int:
    """Read the format that is on record; 0 where none is.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds something else.
    """
    try:
        said = _WRITTEN.fullmatch(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return 0  # where something else stands in the folder's place, whoever opens it says so
    if said is None:
        message = f"{file.name} holds no number"
        raise ValueError(message)
    return int(said[1])


def record_format(file: Path, newest: int) -> None:
    """Put a format on record, durably; of two writers at once both write the same.

    Raises:
        OSError: The file cannot be written.
    """
    replace_file(file, written(newest))


def written(number: int) -> bytes:
    """What a file of a format says."""
    return f"{number}\n".encode("ascii")


def too_new(what: str, found: int, newest: int) -> str:
    """Say in one line why this remit leaves a folder alone, and what to do."""
    return (
        f"{what} is of format {found}, written by a newer remit, and this one knows formats up to {newest}: "
        "it changes nothing there; install the newer remit"
    )


def check_spool(root: Path) -> None:
    """Refuse a spool that a newer remit has written to.

    Raises:
        SpoolError: One has, or the format cannot be read.
    """
    try:
        found = format_of(root / spool.FORMAT_FILE)
    except (OSError, ValueError):
        message = f"{spool.FORMAT_FILE} in the spool folder cannot be read: nobody knows which remit wrote it"
        raise SpoolError(message) from None
    if found > spool.FORMAT:
        raise SpoolError(too_new(f"the spool in {root}", found, spool.FORMAT))


def keep_spool(root: Path) -> None:
    """Put this remit's format of spools on record where an older one is, or none yet.

    Raises:
        SpoolError: A newer remit has written to the spool, or the format cannot be read.
        OSError: It cannot be written.
    """
    check_spool(root)
    if format_of(root / spool.FORMAT_FILE) < spool.FORMAT:
        record_format(root / spool.FORMAT_FILE, spool.FORMAT)
