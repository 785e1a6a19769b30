"""The suppression list: whose events are refused, without saying who that is.

It lies with the keys, never in the data folder::

    suppression.key      keys its HMACs
    suppression.list     "RMSUPPR1", then records: HMAC 32 bytes | before i64 | added i64 | keep until i64 | flags u8

An entry is HMAC-SHA256(key, tenant length u32 | tenant | subject); times are milliseconds since 1970, little-endian.
What was collected before the erasure and comes late is refused until the entry lapses; of a cancelled account all is,
until there is a new agreement.

Source: policy 2021-11-01, clauses S079b, S095b; DESIGN.md, D8.
"""

import hmac
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from remit_consumers.keyfiles import FileState, FolderLock, file_state, open_folder, own_key
from remit_schemas.durable import replace_file
from remit_schemas.errors import KeysOutOfReach

KEY: Final = "suppression.key"
FILE: Final = "suppression.list"
MAGIC: Final = b"RMSUPPR1"
UNTIL_AGREED: Final = 1
REMEMBERED_MAX: Final = (
    100_000  # distinct subjects whose HMAC is kept, some 20 MB; making one costs 2 µs
)

_RECORD = struct.Struct("<32sqqqB")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is refused of one subject; all times in milliseconds since 1970.

    Attributes:
        before: What was collected before this is refused.
        added: When it was put on the list.
        keep_until: When the entry lapses.
        until_agreed: Whether everything is refused until the subject agrees anew.
    """

    before: int
    added: int
    keep_until: int
    until_agreed: bool = False


class Suppression:
    """The list, opened; several processes may use one folder, and each sees what another has added."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._key_file = folder / KEY
        self._lock = FolderLock(folder / "suppression.lock")
        self._key: bytes | None = None
        self._entries: Mapping[bytes, Entry] = {}
        self._read_as: FileState | None = None
        self._known: dict[str, dict[str, Entry | None]] = {}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the list in the folder of the keys (REMIT_KEYS); there may be none yet.

        Raises:
            KeysOutOfReach: It cannot be read.
        """
        found = cls(folder)
        found.refresh()
        return found

    def __len__(self) -> int:
        return len(self._entries)

    def refresh(self) -> bool:
        """See what others have added; gives whether anything changed. Costs one look at the file's state.

        Raises:
            KeysOutOfReach: It cannot be read: nothing may be stored without it.
        """
        state = file_state(self._file)
        if state == self._read_as:
            return False
        self._entries = _read(self._file) if state else {}
        self._read_as = state
        self._known.clear()
        return True

    def index_of(self, tenant: str, subject: str) -> bytes:
        """The HMAC that stands for a subject."""
        if self._key is None:
            try:
                self._key = own_key(open_folder(self._key_file.parent) / self._key_file.name)
            except OSError as error:
                raise _out_of_reach(error) from None
        name = tenant.encode("utf-8", "surrogatepass")
        message = _LENGTH.pack(len(name)) + name + subject.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256")

    def add(
        self,
        tenant: str,
        subject: str,
        keep_until: datetime,
        *,
        until_agreed: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Refuse a subject's events from now on, durably."""
        moment = _ms(now or datetime.now(UTC))
        entry = Entry(moment, moment, _ms(keep_until), until_agreed)
        self.put({self.index_of(tenant, subject): entry})

    def put(self, entries: Mapping[bytes, Entry]) -> None:
        """Put entries on the list, durably; one that is there is widened, never narrowed."""
        with self._lock.held():
            self.refresh()
            self._write(
                {
                    **self._entries,
                    **{name: _wider(one, self._entries.get(name)) for name, one in entries.items()},
                }
            )

    def lift(self, tenant: str, subject: str) -> bool:
        """Let a subject's new events in again, who agreed anew; what was collected before the erasure stays refused."""
        index = self.index_of(tenant, subject)
        with self._lock.held():
            self.refresh()
            entry = self._entries.get(index)
            if entry is None or not entry.until_agreed:
                return False
            lifted = Entry(entry.before, entry.added, entry.keep_until)
            self._write({**self._entries, index: lifted})
        return True

    def forget_gone(self, now: datetime) -> int:
        """Take away the entries that have lapsed; gives how many."""
        at = _ms(now)
        with self._lock.held():
            self.refresh()
            kept = {index: entry for index, entry in self._entries.items() if entry.keep_until > at}
            gone = len(self._entries) - len(kept)
            if gone:
                self._write(kept)
        return gone

    def find(self, tenant: str, subjects: Sequence[str], now: datetime) -> list[Entry | None]:
        """Give the entry of each subject that has a live one.

        Args:
            tenant: Whose customers.
            subjects: As the app names them; best the unique ones of a batch.
            now: Aware UTC.
        """
        if not self._entries:
            return [None] * len(subjects)
        known = self._known.setdefault(tenant, {})
        if len(known) > REMEMBERED_MAX:
            known.clear()
        for subject in subjects:
            if subject not in known:
                known[subject] = self._entries.get(self.index_of(tenant, subject))
        at = _ms(now)
        found = (known[subject] for subject in subjects)
        return [entry if entry and entry.keep_until > at else None for entry in found]

    def holds(self, tenant: str, subjects: Sequence[str], now: datetime) -> list[bool]:
        """Say of each subject whether it is on the list; arguments as in `find`."""
        return [entry is not None for entry in self.find(tenant, subjects, now)]

    def _write(self, entries: Mapping[bytes, Entry]) -> None:
        """Replace the file, durably."""
        records = (
            _RECORD.pack(
                index, one.before, one.added, one.keep_until, UNTIL_AGREED * one.until_agreed
            )
            for index, one in sorted(entries.items())
        )
        try:
            replace_file(self._file, MAGIC + b"".join(records))
        except OSError as error:
            raise _out_of_reach(error) from None
        self.refresh()


def _wider(fresh: Entry, stands: Entry | None) -> Entry:
    """What two entries of one subject refuse together."""
    if stands is None:
        return fresh
    if (
        fresh.added <= stands.added
    ):  # the same erasure once more: who agreed anew meanwhile stays in
        fresh = replace(fresh, until_agreed=False)
    return Entry(
        before=max(fresh.before, stands.before),
        added=max(fresh.added, stands.added),
        keep_until=max(fresh.keep_until, stands.keep_until),
        until_agreed=fresh.until_agreed or stands.until_agreed,
    )


def _read(file: Path) -> Mapping[bytes, Entry]:
    """Read the whole list."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise _out_of_reach(error) from None
    body = data.removeprefix(MAGIC)
    if len(body) == len(data) or len(body) % _RECORD.size:
        raise KeysOutOfReach("the suppression list was cut or replaced, or is none")
    return {
        index: Entry(before, added, until, bool(flags))
        for index, before, added, until, flags in _RECORD.iter_unpack(body)
    }


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000)


def _out_of_reach(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"the suppression list cannot be used: {error.strerror}")


def entry_of(
    before: datetime, added: datetime, keep_until: datetime, *, until_agreed: bool
) -> Entry:
    """Make an entry from times, aware UTC."""
    return Entry(_ms(before), _ms(added), _ms(keep_until), until_agreed)
