"""Where a follower stands: what it has read, made durable in one step with the pack that it made of it.

Why no line is lost and none comes twice, whenever the process dies:

1. A pack is *staged*: written and synced in the follower's own folder, ``pack-<n>``. Nobody else reads it there.
2. The position is replaced by one that names n and holds two answers: where the follower stood *before* that pack,
   and where it stands *after* it.
3. The pack is *published*: one rename moves it from the follower's folder to the next number of a slot of the log.

Which of the two answers holds is not written anywhere: it is whether ``pack-<n>`` still lies in the folder. It does
until the rename, and never again after it. So one rename moves the pack and the position together, and nothing can
disagree. Killed before 2: the position of before says n-1, whose pack is published; the staged file is nobody's and
deleted. Killed between 2 and 3: ``pack-<n>`` lies there, so *before* holds; it is deleted and its lines are read
again, into a pack of another identity. Killed after 3: *after* holds. From the slot on, the pack is as any other.

Nothing is ever sent a second time, so this does not lean on marks, and a follower may rest for longer than they last.
The staged pack and the position are synced before the rename, and the rename before the next position, so the same
holds for a power loss. The follower's folder lies in the spool: a rename must stay on one file system.
"""

import fcntl
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, Final

from remit.tail import Tail
from remit_schemas.durable import replace_file, write_aside
from remit_schemas.errors import SettingsError, SpoolError
from remit_schemas.read_json import read_json
from remit_schemas.spool import TEMPORARY_SUFFIX

FORMAT: Final = 1
_POSITION: Final = "position"
_STAGED: Final = "pack-"

Publish = Callable[[Path], object]
"""Moves a staged pack into the log, by one rename."""


class Journal:
    """Where one follower of one file stands. One process at a time.

    Attributes:
        tails: What is read, oldest file first; empty before the first pack.
    """

    def __init__(self, folder: Path) -> None:
        """Take it, and see where a dead follower stood.

        Args:
            folder: Of this follower alone; made where there is none.

        Raises:
            SettingsError: Another process follows the same file.
            SpoolError: The folder cannot be used, or a newer remit wrote the position.
        """
        self._folder = folder
        self._lock = _locked(folder)
        self._number = 0
        self.tails: tuple[Tail, ...] = ()
        try:
            self._restore()
        except BaseException:
            self.close()
            raise

    def commit(self, tails: Sequence[Tail], pack: bytes, publish: Publish) -> None:
        """Put a pack into the log and the position behind it, both or neither.

        Args:
            tails: What is read once the pack is in the log.
            pack: Its bytes.
            publish: Moves the file into the log, by one rename.

        Raises:
            OSError: There is no room, and all is as before.
        """
        self._number += 1  # no number is used twice, whatever fails
        staged = self._folder / f"{_STAGED}{self._number}"
        try:
            write_aside(staged, pack).replace(staged)  # its name is synced with the position's
            replace_file(self._folder / _POSITION, _text(self._number, self.tails, tails))
            publish(staged)
        except OSError:
            self._take_back(staged)
            raise
        self.tails = tuple(tails)

    def note(self, tails: Sequence[Tail]) -> None:
        """Write down what is being read, where no pack was made of it yet.

        Raises:
            OSError: There is no room, and all is as before.
        """
        replace_file(self._folder / _POSITION, _text(self._number, tails, tails))
        self.tails = tuple(tails)

    def close(self) -> None:
        """Give it to whoever follows next."""
        os.close(self._lock)

    def _take_back(self, staged: Path) -> None:
        """Undo a commit; in this order, since without the staged pack *after* would hold. Where even that fails, it stays."""
        with suppress(OSError):
            replace_file(self._folder / _POSITION, _text(self._number, self.tails, self.tails))
            staged.unlink(missing_ok=True)

    def _restore(self) -> None:
        try:
            text = (self._folder / _POSITION).read_text("ascii")
        except FileNotFoundError:
            text = _text(0, (), ()).decode()
        number, before, after = _parsed(text)
        staged = self._folder / f"{_STAGED}{number}"
        self._number, self.tails = number, before if staged.exists() else after
        if staged.exists():
            self._take_back(staged)
        for file in self._folder.iterdir():
            if file.suffix == TEMPORARY_SUFFIX or file.name.startswith(_STAGED):
                file.unlink(missing_ok=True)


def _locked(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SpoolError(f"the follower's folder cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SettingsError("another process follows this file already") from None
    return descriptor


def _text(number: int, before: Sequence[Tail], after: Sequence[Tail]) -> bytes:
    answers = {"before": before, "after": after}
    form: dict[str, object] = {
        "format": FORMAT,
        "pack": number,
        "left": {which: _plain(tails, is_left=True) for which, tails in answers.items()},
        **{which: _plain(tails, is_left=False) for which, tails in answers.items()},
    }
    return json.dumps(form, separators=(",", ":")).encode("ascii")


def _plain(tails: Sequence[Tail], *, is_left: bool) -> list[tuple[object, ...]]:
    """Those that were left stand apart, where a version before this one does not look."""
    return [astuple(tail)[:-1] for tail in tails if tail.is_left is is_left]


def _parsed(text: str) -> tuple[int, tuple[Tail, ...], tuple[Tail, ...]]:
    try:
        form = read_json(text)
        if form["format"] != FORMAT:
            raise SpoolError("a newer remit wrote where this follower stands")
        return int(form["pack"]), _tails(form, "before"), _tails(form, "after")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SpoolError("where this follower stands cannot be read") from None


def _tails(form: dict[str, Any], which: str) -> tuple[Tail, ...]:
    left = form.get("left", {}).get(which, ())  # a version before this one wrote none
    return (
        *(replace(Tail(*tail), is_left=True) for tail in left),
        *(Tail(*tail) for tail in form[which]),
    )
