"""A window: what is counted in it, and the sealed files that carry the counting over a restart.

Before a window closes nobody knows which combinations are rare, so none may lie on a disk in the plain. Each consumer
seals what it has seen under the window's own key, which lies with the other keys and is destroyed when it closes.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remit_consumers.floor.seen import Combination, Rows, Seen, Visitors
from remit_consumers.keyfiles import KEY_BYTES, destroy_key, own_key, read_key
from remit_schemas.decided import FloorPlan
from remit_schemas.durable import replace_file, sync_folder
from remit_schemas.errors import KeysOutOfReach

SUFFIX = ".sealed"
NONCE_BYTES = 12
_FILE = re.compile(r"([a-z][a-z0-9_]*)~([0-9a-f]{8})~([0-9]{1,12})~([0-9]{1,6})~[0-9]+\.sealed")
SIGNATURE_DIGITS = 8
"""Hex digits that tell apart what different floors of one contract count."""


@dataclass(frozen=True, slots=True)
class WindowName:
    """Which window of which floor.

    Attributes:
        contract: Whose rows.
        signature: Of the floor's columns, number and window: what two floors count is never put together.
        begun_s: When it began, in seconds since 1970; a whole number of windows.
        length_s: How long it is.
    """

    contract: str
    signature: str
    begun_s: int
    length_s: int

    @classmethod
    def at(cls, contract: str, floor: FloorPlan, now: datetime) -> Self:
        """Name the window that is open at a time."""
        length_s = round(floor.window.total_seconds())
        told = f"{','.join(floor.columns)}|{floor.subjects_min}|{length_s}".encode()
        signature = hashlib.sha256(told).hexdigest()[:SIGNATURE_DIGITS]
        return cls(contract, signature, int(now.timestamp()) // length_s * length_s, length_s)

    @classmethod
    def of(cls, file: Path) -> Self | None:
        """Read the name of a sealed file; None where it is not ours."""
        match = _FILE.fullmatch(file.name)
        return cls(match[1], match[2], int(match[3]), int(match[4])) if match else None

    @property
    def text(self) -> str:
        """The name in file names."""
        return f"{self.contract}~{self.signature}~{self.begun_s}~{self.length_s}"

    @property
    def begun_at(self) -> datetime:
        """When it began, UTC."""
        return datetime.fromtimestamp(self.begun_s, UTC)

    @property
    def ended_at(self) -> datetime:
        """When it ended or will end, UTC."""
        return self.begun_at + timedelta(seconds=self.length_s)


@dataclass(slots=True)
class Window:
    """What one consumer has seen in a window.

    Attributes:
        columns: The floor's columns.
        before: Combinations as they came.
        after: Combinations as they were stored.
        is_saved: Whether nothing was seen since it was saved.
    """

    columns: tuple[str, ...]
    before: Seen
    after: Seen
    is_saved: bool = True

    @classmethod
    def empty(cls, floor: FloorPlan) -> Self:
        """Begin."""
        enough = floor.subjects_min
        return cls(tuple(floor.columns), Seen(enough), Seen(enough))

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read what `to_json` gave."""
        form = json.loads(text)
        before, after = (Seen.from_json(form["enough"], form[side]) for side in ("before", "after"))
        return cls(tuple(form["columns"]), before, after)

    def to_json(self) -> bytes:
        """Write it, to be sealed."""
        form = {
            "columns": self.columns,
            "enough": self.before.enough,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }
        return json.dumps(form).encode()

    def add(
        self,
        before: Sequence[Combination],
        after: Sequence[Combination],
        rows: Rows,
        visitors: Visitors,
    ) -> None:
        """Count rows, given each distinct combination as it came and as it is stored."""
        self.before.add(before, rows, visitors)
        self.after.add(after, rows, visitors)
        self.is_saved = False

    def merge(self, other: Self) -> None:
        """Add what another consumer has seen."""
        self.before.merge(other.before)
        self.after.merge(other.after)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals windows into files and opens them again.

    Attributes:
        folder: Where the files lie, in the data folder.
        keys: Where their keys lie, apart from it.
        consumer: The number of this consumer's place: each has files of its own.
    """

    folder: Path
    keys: Path
    consumer: int

    def save(self, name: WindowName, window: Window) -> None:
        """Seal what was seen, durably, in the place of what was saved before.

        Raises:
            KeysOutOfReach: The key cannot be read or made.
            OSError: The file cannot be written.
        """
        if window.is_saved:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._seal(name, window, self.folder / f"{name.text}~{self.consumer}{SUFFIX}")
        window.is_saved = True

    def _seal(self, name: WindowName, window: Window, file: Path) -> None:
        """Seal a window into a file, durably."""
        key, nonce = own_key(self._key(name)), token_bytes(NONCE_BYTES)
        replace_file(file, nonce + AESGCM(key).encrypt(nonce, window.to_json(), name.text.encode()))

    def load(self, name: WindowName) -> Window | None:
        """Give what this consumer saw before it was started again, if that can be opened."""
        try:
            return self._open(name, self.folder / f"{name.text}~{self.consumer}{SUFFIX}")
        except (OSError, KeysOutOfReach):
            return None

    def gather(self, name: WindowName) -> Window | None:
        """Give what all consumers have seen; None where nothing of it can be opened.

        Raises:
            OSError: A file cannot be read now.
            KeysOutOfReach: The key cannot be read now.
        """
        whole: Window | None = None
        for file in sorted(self.folder.glob(f"{name.text}~*{SUFFIX}")):
            window = self._open(name, file)
            if whole and window:
                whole.merge(window)
            whole = whole or window
        return whole

    def forget(self, numbers: AbstractSet[int]) -> int:
        """Take visitors out of everything that is sealed here, of all consumers; gives how many files held any.

        Raises:
            OSError: A file cannot be read or written now.
            KeysOutOfReach: A key cannot be read now.
        """
        held = 0
        for file in sorted(self.folder.glob(f"*{SUFFIX}")):
            name = WindowName.of(file)
            window = self._open(name, file) if name else None
            if name and window and (window.before.forget(numbers) | window.after.forget(numbers)):
                self._seal(name, window, file)
                held += 1
        return held

    def windows(self) -> set[WindowName]:
        """Name the windows of which anything lies here."""
        names = map(WindowName.of, self.folder.glob(f"*{SUFFIX}"))
        return {name for name in names if name}

    def destroy(self, name: WindowName) -> None:
        """Destroy the key of a closed window, then its files."""
        destroy_key(self._key(name))
        sync_folder(self.keys)
        for file in self.folder.glob(f"{name.text}~*{SUFFIX}"):
            file.unlink(missing_ok=True)

    def _open(self, name: WindowName, file: Path) -> Window | None:
        """Open a file; one that is damaged or whose key has gone counts nobody: that only makes more rare."""
        try:
            sealed, path = file.read_bytes(), self._key(name)
            if path.stat().st_size != KEY_BYTES:
                return None
            nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            return Window.from_json(AESGCM(read_key(path)).decrypt(nonce, rest, name.text.encode()))
        except (FileNotFoundError, InvalidTag, ValueError):
            return None

    def _key(self, name: WindowName) -> Path:
        return self.keys / f"floor~{name.text}.key"
