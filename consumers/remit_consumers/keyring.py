"""The key files of one folder, as their keeper has them stored."""

import secrets
from contextlib import suppress
from pathlib import Path

from remit_consumers.custody.keeper import FileKeyring, Keeper
from remit_consumers.keyfiles import KEY_BYTES, checked_key, read_stored
from remit_schemas.durable import make_file, replace_file


class Keyring:
    """Makes and reads keys by the name of their file."""

    def __init__(self, folder: Path, keeper: Keeper | None = None) -> None:
        self._folder = folder
        self._keeper = keeper or FileKeyring()

    def own(self, name: str) -> bytes:
        """Read a secret of this installation, 32 bytes, making it at random when there is none.

        Raises:
            KeysOutOfReach: It cannot be read, is damaged, or its keeper does not answer.
            OSError: It cannot be made.
        """
        with suppress(FileNotFoundError):
            return self._wrapped_from_now_on(name)
        self.make(name, secrets.token_bytes(KEY_BYTES))
        return self.read(name)

    def read(self, name: str) -> bytes:
        """Read a secret, 32 bytes.

        Raises:
            FileNotFoundError: There is none.
            KeysOutOfReach: As `own`.
        """
        return checked_key(self._keeper.unwrap(read_stored(self._folder / name), name))

    def make(self, name: str, key: bytes) -> bool:
        """Store a secret unless there is one of this name; gives whether it was this call. Errors as `own`."""
        return make_file(self._folder / name, self._keeper.wrap(key, name))

    def _wrapped_from_now_on(self, name: str) -> bytes:
        """Read a secret; one that was stored before there was a keeper is wrapped now."""
        key = self.read(name)
        file = self._folder / name
        if self._keeper.wraps and read_stored(file) == key:
            wrapped = self._keeper.wrap(key, name)
            with file.open("r+b", buffering=0) as old:
                replace_file(file, wrapped)
                old.write(bytes(KEY_BYTES))  # the file that lost its name
        return key
