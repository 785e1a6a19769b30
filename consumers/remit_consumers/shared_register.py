"""The register of epochs as processes share it: read again when another has changed it, changed under the folder's lock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from remit_consumers.epochs import REGISTER, Register, read_register, write_register
from remit_consumers.keyfiles import FileState, FolderLock, file_state
from remit_consumers.keys_format import check_format, keep_format
from remit_schemas.errors import KeysOutOfReach


class SharedRegister:
    """The register of one folder of keys.

    Attributes:
        register: As it was read or written last.
    """

    def __init__(self, folder: Path, changed: Callable[[], None]) -> None:
        """Begin with an empty one; nothing is read yet.

        Args:
            folder: Where it lies.
            changed: Called whenever it is another.
        """
        self.register = Register()
        self._folder = folder
        self._changed = changed
        self._lock = FolderLock(folder / "lock")
        self._read_as: FileState | None = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the folder's lock and know its latest state; an error of the file system is one of the keys."""
        try:
            with self._lock.held() as taken:
                if taken:
                    self.read()
                yield
        except OSError as error:
            message = f"the key store cannot be changed: {error.strerror}"
            raise KeysOutOfReach(message) from None

    def read(self) -> None:
        """Read it again when another process has changed it.

        Raises:
            KeysOutOfReach: It cannot be read, has gone, or is of a newer remit.
        """
        state = file_state(self._folder / REGISTER)
        if state is None and self._read_as is not None:
            raise KeysOutOfReach("the register of keys has gone")  # a folder that was unmounted
        if state != self._read_as:
            check_format(self._folder)
            self._take(read_register(self._folder), state)

    def write(self, register: Register) -> None:
        """Write another, durably; call it under the lock."""
        keep_format(self._folder)
        write_register(self._folder, register)
        self._take(register, file_state(self._folder / REGISTER))

    def _take(self, register: Register, state: FileState | None) -> None:
        self.register, self._read_as = register, state
        self._changed()
