"""The format of a folder of keys, on record in it: an older remit leaves a newer one's keys alone.

It is asked for when the folder is opened and whenever its register is another, so that a consumer that runs while a newer
one raises it changes nothing from then on; and put on record with the register. A folder without it is of before.
"""

from pathlib import Path
from typing import Final

from remit_schemas.errors import KeysOutOfReach
from remit_schemas.format_file import format_of, record_format, too_new

FORMAT: Final = 1
"""What this remit writes. It is raised with any change that a remit before it would read wrongly or destroy: of the register, of
what a key's file holds or is called, of the lists and ledgers that lie beside. (The register's model refuses what it does not know.)"""

FILE: Final = "keys-format"
"""The file in the folder."""


def check_format(folder: Path) -> None:
    """Refuse keys that a newer remit has written.

    Raises:
        KeysOutOfReach: One has, or the format cannot be read.
    """
    found = _found(folder)
    if found > FORMAT:
        raise KeysOutOfReach(too_new("REMIT_KEYS", found, FORMAT))


def keep_format(folder: Path) -> None:
    """Put this remit's format on record where an older one is, or none yet.

    Raises:
        KeysOutOfReach: As `check_format`.
        OSError: It cannot be written.
    """
    check_format(folder)
    if _found(folder) < FORMAT:
        record_format(folder / FILE, FORMAT)


def _found(folder: Path) -> int:
    try:
        return format_of(folder / FILE)
    except (OSError, ValueError):
        message = f"{FILE} in REMIT_KEYS cannot be read: nobody knows which remit wrote the keys"
        raise KeysOutOfReach(message) from None
