"""The embedded log: the numbered packs in the slots of a spool, read where they lie."""

import fcntl
import logging
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from remit_consumers.source.base import BYTES_MAX, PACKS_MAX, Sealed, Start
from remit_schemas import spool
from remit_schemas.durable import make_file
from remit_schemas.errors import RemitError, SpoolError
from remit_schemas.format_file import check_spool, keep_spool

NAP_S: Final = (
    0.02  # between two looks at an empty spool: a pack waits at most this long to be seen
)
ADOPT_EVERY_S: Final = 1.0  # how often an idle reader looks after what dead processes left open
AGAIN_S: Final = 1.0  # how often a slot that cannot be listed is looked at again
SETTLED_NS: Final = 2_000_000_000  # a folder's time of change is trusted when it is older: some file systems tick in 2 s
ID_BYTES: Final = 16  # random, so that no two spools share a name
FILE_MODE: Final = 0o600  # sealed packs are for their owner only
FOLDER_MODE: Final = 0o700

_ID = re.compile(r"[0-9a-f]{32}")
_SLOT = re.compile(r"slot-(\d{2,})")

log = logging.getLogger(__name__)


class _Folder:
    """A folder that is listed again only when it may have changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changed_ns = -1

    def names(self) -> list[str] | None:
        """List the names in it; None when they are what they were, or the folder is not there."""
        begun_ns = time.time_ns()
        try:
            changed_ns = self.path.stat().st_mtime_ns
            if changed_ns == self._changed_ns:
                return None
            with os.scandir(self.path) as entries:
                names = [entry.name for entry in entries]
        except FileNotFoundError:
            return None
        self._changed_ns = changed_ns if begun_ns - changed_ns > SETTLED_NS else -1
        return names

    def forget(self) -> None:
        """List it again in any case."""
        self._changed_ns = -1


class _Slot:
    """One slot, as a partition of the log: its numbered packs in order."""

    def __init__(self, path: Path, number: int, position: int) -> None:
        self.number = number
        self._path = path
        self._folder = _Folder(path)
        self._next = position
        self._claimed = 0
        self._pending: deque[int] = deque()
        self._handed: deque[int] = deque(sorted(n for n in self._numbers() if n < position))
        self._folder.forget()

    def look(self) -> int:
        """Find what has come since the last look; give how many packs are pending.

        A large folder is listed in several strokes, and a pack that is renamed into place meanwhile may show
        without the one before it. So it is listed twice: what the first listing shows, and all before it, was
        there when the second began.
        """
        if not self._pending:
            seen = max(self._numbers(), default=-1)
            if seen >= self._next:
                self._folder.forget()
                self._pending.extend(sorted(n for n in self._numbers() if self._next <= n <= seen))
                self._folder.forget()  # the second may have shown more, which is taken next time
        return len(self._pending)

    def read(self, packs: int, room: int) -> list[Sealed]:
        """Hand on pending packs in order, at most so many, until `room` bytes are filled.

        Raises:
            OSError: A pack cannot be read now; it stays the next one.
        """
        found: list[Sealed] = []
        while self._pending and room > 0 and len(found) < packs:
            number = self._pending[0]
            try:
                data = self._claimed_bytes(number)
            except OSError:
                if found:
                    break  # what was read is handed on first
                raise
            self._pending.popleft()
            self._next = number + 1
            self._handed.append(number)
            if data is not None:
                found.append(Sealed(self.number, number, data, time.monotonic()))
                room -= len(data)
        return found

    def rewind(self, position: int) -> None:
        """Read again from `position` on."""
        self._next = position
        self._pending.clear()
        self._folder.forget()
        while self._handed and self._handed[-1] >= position:
            self._handed.pop()

    def stored(self, position: int) -> None:
        """Delete what was handed on and lies behind the lake's position."""
        while self._handed and self._handed[0] < position:
            (self._path / spool.pack_name(self._handed[0])).unlink(missing_ok=True)
            self._handed.popleft()

    def _numbers(self) -> Iterator[int]:
        for name in self._folder.names() or ():
            number = spool.parse_pack_name(name)
            if number is not None:
                yield number

    def _claimed_bytes(self, number: int) -> bytes | None:
        """Read a pack; None when it has gone."""
        if number > self._claimed:
            self._claim()
        with suppress(FileNotFoundError):
            return (self._path / spool.pack_name(number)).read_bytes()
        return None

    def _claim(self) -> None:
        """Say which packs are about to be read, so that their producer no longer lets go of them.

        It survives a power loss, so that no pack is stored and then let go.
        """
        last = self._pending[min(len(self._pending), PACKS_MAX) - 1]
        descriptor = os.open(
            self._path / spool.READING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            said = os.read(descriptor, spool.NUMBER_DIGITS)
            last = max(
                last, int(said) if said.isdigit() else 0
            )  # never lower: what was read may be stored
            os.pwrite(descriptor, f"{last:0{spool.NUMBER_DIGITS}d}\n".encode(), 0)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        self._claimed = last


class SpoolSource:
    """The spool of a data folder as a log with one reader; who that is, its lock in the data folder says.

    A partition is a slot, an offset the number of a file. Files behind the lake's position are deleted.

    Attributes:
        log_id: ``spool/<spool id>``.
        faults: How often a pack or folder could not be read, and was tried again.
    """

    def __init__(
        self, folder: Path, start: Start, adopt: Callable[[], object] | None = None
    ) -> None:
        """Open the spool, making its folder and id when there are none.

        Args:
            folder: ``DATA/spool``.
            start: Gives the lake's position of a slot.
            adopt: Numbers what dead processes left open; called now and then while there is nothing to read.
        """
        self._folder = folder
        self._start = start
        self._adopt = adopt
        self._adopted_at = float("-inf")
        self._root = _Folder(folder)
        self._slots: dict[int, _Slot] = {}
        self._missing: frozenset[int] = frozenset()  # slots that could not be listed
        self._again_at = 0.0
        self._turn = 0
        self.faults = 0
        self.log_id = f"spool/{_id_of(folder)}"

    def poll(self, timeout_s: float) -> list[Sealed]:
        """Give packs as soon as there are any; see `Source.poll`."""
        until = time.monotonic() + timeout_s
        while True:
            found = self._read() or self._after_adoption()
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            time.sleep(min(NAP_S, left))

    def rewind(self, positions: Mapping[int, int]) -> None:
        """Read again from these numbers on."""
        for number, position in positions.items():
            if number in self._slots:
                self._slots[number].rewind(position)

    def take_revoked(self) -> bool:
        """Say no: a spool has one reader, and nobody takes its slots from it."""
        return False

    def assigned(self) -> frozenset[int]:
        """Name the slots that exist."""
        return frozenset(self._slots)

    def committed(self, positions: Mapping[int, int]) -> None:
        """Delete the packs behind these positions; what cannot be deleted now is tried again with those behind it."""
        for number, position in positions.items():
            with self._counted():
                if number in self._slots:
                    self._slots[number].stored(position)

    def lag(self) -> int:
        """Count the packs that lie in the slots and were not handed on; one at least where lake or a slot cannot be asked."""
        try:
            return self._look()
        except RemitError:
            return 1

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _read(self) -> list[Sealed]:
        """Read from slot after slot, each time beginning with another, so that none is starved."""
        if not self._look():
            return []
        found: list[Sealed] = []
        room = BYTES_MAX
        slots = list(self._slots.values())
        self._turn += 1
        for place in range(len(slots)):
            slot = slots[(self._turn + place) % len(slots)]
            with self._counted():
                taken = slot.read(PACKS_MAX - len(found), room)
                found += taken
                room -= sum(len(pack.data) for pack in taken)
        return found

    def _look(self) -> int:
        """See which slots there are and what is new in them; give how many packs are pending, one at least where a slot hides some."""
        if self._missing and time.monotonic() >= self._again_at:
            self._root.forget()
        with self._counted():
            names = self._root.names()
            if names is not None:
                self._discover(names)
        pending = len(self._missing)
        for slot in self._slots.values():
            behind = 1  # who knows, where it cannot be listed
            with self._counted():
                behind = slot.look()
            pending += behind
        return pending

    def _discover(self, names: Iterable[str]) -> None:
        """Begin with the slots that are new; what goes wrong has them new again at a later look.

        A crash may have come between a commit and what it allows to delete.
        """
        try:
            check_spool(self._folder)
            found = {number: name for name in names if (number := _slot_of(name)) is not None}
            new = found.keys() - self._slots.keys()
            positions = self._start(new) if new else {}
        except (OSError, RemitError):
            self._root.forget()
            raise
        for number, position in positions.items():
            with self._counted():
                self._slots[number] = _Slot(self._folder / found[number], number, position or 0)
        self.committed({number: position or 0 for number, position in positions.items()})
        self._missing = frozenset(new - self._slots.keys())
        self._again_at = time.monotonic() + AGAIN_S

    def _after_adoption(self) -> list[Sealed]:
        """Let what dead processes left be numbered, then read it."""
        now = time.monotonic()
        if self._adopt is None or now - self._adopted_at < ADOPT_EVERY_S:
            return []
        self._adopted_at = now
        with self._counted():
            self._adopt()
        return self._read()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a fault of the file system and go on: what it hid is read later."""
        try:
            yield
        except OSError as error:
            self.faults += 1
            log.warning("the spool cannot be read, trying again: %s", error.strerror)


def _slot_of(name: str) -> int | None:
    match = _SLOT.fullmatch(name)
    return int(match[1]) if match else None


def _id_of(folder: Path) -> str:
    """Read the id of a spool, making both when there are none.

    Raises:
        SpoolError: The folder cannot be used, or a newer remit has written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        keep_spool(folder)
        if not (folder / spool.ID).exists():
            make_file(folder / spool.ID, os.urandom(ID_BYTES).hex().encode() + b"\n")
        name = (folder / spool.ID).read_text("ascii").strip()
    except (OSError, ValueError) as error:
        message = f"the spool folder cannot be used: {type(error).__name__}"
        raise SpoolError(message) from None
    if not _ID.fullmatch(name):
        raise SpoolError("the id of the spool is damaged")
    return name
