"""What must be within reach before anything is decided: an unmounted folder looks like one that never was.

With new keys in it, every pack on the log would be sealed to a key that was never issued; in a new vault every subject
would get a new pseudonym, and nobody would have withdrawn anything; a new lake would know no withdrawal either.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from remit_consumers.epochs import REGISTER, check_confirmed, read_register
from remit_consumers.keys import ADDRESS_KEY, INDEX_KEY, LANE_KEY
from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.promises import broken
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.reducers.means import IP_ENCRYPTED
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_consumers.vault.witness import Witness
from remit_schemas.errors import KeysOutOfReach, LakeError

NEEDED = (REGISTER, INDEX_KEY, LANE_KEY)
"""Files of the key store that are there before the first commit."""


def out_of_reach(settings: Settings) -> Iterator[str]:
    """Say what cannot be reached and what to do, one line each; nothing is made or changed."""
    try:
        check_secrets(settings)
        check_confirmed(read_register(settings.keys))
        if Vault.exists(settings.vault):
            Witness(settings.keys).compare(Vault.open(settings.vault, b"").extent)
    except (KeysOutOfReach, LakeError) as error:
        yield str(error)
    yield from broken(settings.lake)


def holds_data(settings: Settings) -> bool:
    """Whether anything was stored here before: rows or positions in the lake, or subjects in the vault."""
    is_written = is_table(settings.lake, POSITIONS_TABLE) or bool(row_tables(settings.lake))
    return is_written or Vault.holds_subjects(settings.vault)


def check_secrets(settings: Settings) -> None:
    """See that keys, vault and lake are there together, or none of them yet.

    Raises:
        KeysOutOfReach: Keys or vault that the lake was written with have gone.
        LakeError: The lake has gone that the vault's subjects stand in.
    """
    if is_table(settings.lake, POSITIONS_TABLE) or row_tables(settings.lake):
        _check_files(settings)
    elif Vault.holds_subjects(settings.vault):
        message = (
            f"REMIT_VAULT holds subjects, but there is no lake in {settings.lake}: mount or restore the folder, since with "
            "it went what people withdrew (docs/operations.md says what to do where it is lost for good)"
        )
        raise LakeError(message)


def _check_files(settings: Settings) -> None:
    """See that the secrets are there that a lake was written with."""
    missing = [("KEYS", name) for name in NEEDED if not (settings.keys / name).exists()]
    missing += [] if Vault.exists(settings.vault) else [("VAULT", "secrets of subjects")]
    for place, what in missing:
        message = (
            f"the lake in {settings.lake} was written before, but REMIT_{place} holds no {what}: mount or "
            "restore the folder (docs/operations.md says what to do where it is lost for good)"
        )
        raise KeysOutOfReach(message)
    if not (settings.keys / ADDRESS_KEY).exists() and _holds_encrypted_addresses(settings.lake):
        message = f"addresses in {settings.lake} are encrypted, but REMIT_KEYS holds no {ADDRESS_KEY}: restore it"
        raise KeysOutOfReach(message)


def _holds_encrypted_addresses(lake: Path) -> bool:
    """Whether any row in a lake was stored under the key of addresses."""
    if not is_table(lake, "tagsets"):
        return False
    column = open_table(lake, "tagsets").delta.to_pyarrow_table(columns=["fields"]).column(0)
    return bool(pc.any(pc.match_substring(column, f'"reducer":"{IP_ENCRYPTED}"')).as_py())
