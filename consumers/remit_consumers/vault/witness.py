"""The witness: how far the vault had come when it was last used, kept beside the keys, where no backup of the vault lies.

An older copy of a vault looks whole. But whoever came since gets a second pseudonym from it, so nothing of theirs is found any
more; and whoever was erased since stands in it again. So what it had is remembered, a minute behind at most and at once where
secrets are destroyed, and a vault that has less is not used.

What it holds is no secret: `{"v": 1, "vault": id as hex, "edition": n, "records": n}`.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from remit_consumers.vault.store import Extent
from remit_schemas.durable import replace_file
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.read_json import read_json

FILE: Final = "vault.seen"
NOTE_S: Final = 60.0
"""How often new secrets are noted: each time would cost an fsync more for each batch with a subject that is new."""


class Witness:
    """What one process knows of the vault beside its keys."""

    def __init__(self, keys: Path) -> None:
        self._file = keys / FILE
        self._due_at = 0.0

    def check(self, extent: Callable[[], Extent]) -> None:
        """Refuse what `compare` refuses; note how far the vault has come. Errors as there."""
        self.note(self.compare(extent))

    def compare(self, extent: Callable[[], Extent]) -> Extent:
        """Refuse a vault that is another than the one that was used, or an older copy of it; give how far it has come.

        Args:
            extent: Gives how far it has come; called after what was noted is read, for others go on meanwhile.

        Raises:
            KeysOutOfReach: It is, or what was noted cannot be read or written.
        """
        seen, now = self._seen(), extent()
        if seen is not None and (seen.vault != now.vault or seen.place > now.place):
            what = "an older copy of the vault" if seen.vault == now.vault else "another vault"
            message = (
                f"REMIT_VAULT is {what} that REMIT_KEYS was used with: mount or restore the newest, or put a backup back with "
                f"`remit restore`; to go on with this one, delete {FILE} in REMIT_KEYS (docs/operations.md says what that costs)"
            )
            raise KeysOutOfReach(message)
        return now

    def note_soon(self, extent: Callable[[], Extent]) -> None:
        """Note how far the vault has come, once a minute. Errors as `compare`."""
        if time.monotonic() >= self._due_at:
            self.note(extent())

    def note(self, extent: Extent) -> None:
        """Note how far the vault has come, durably; what others noted beyond it stays. Errors as `compare`."""
        seen = self._seen()
        if seen is None or seen.vault != extent.vault or seen.place < extent.place:
            self.begin(extent)
        self._due_at = time.monotonic() + NOTE_S

    def begin(self, extent: Extent) -> None:
        """Take a vault for the one that is used from here on, whatever was noted of it. Errors as `compare`."""
        form = {"v": 1, "vault": extent.vault.hex(), "edition": extent.edition}
        try:
            replace_file(self._file, json.dumps(form | {"records": extent.records}).encode())
        except OSError as error:
            raise KeysOutOfReach(
                f"{FILE} in REMIT_KEYS cannot be written: {error.strerror}"
            ) from None

    def forget(self) -> None:
        """Forget what was noted: there is no lake that anything was written to with it."""
        self._file.unlink(missing_ok=True)

    def _seen(self) -> Extent | None:
        """What was noted last; None where nothing was."""
        try:
            form = read_json(self._file.read_bytes())
            return Extent(bytes.fromhex(form["vault"]), int(form["edition"]), int(form["records"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            message = f"{FILE} in REMIT_KEYS, which says how far the vault had come, cannot be read: restore it, or delete it"
            raise KeysOutOfReach(message) from None
