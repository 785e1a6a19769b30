"""Disclosures under way: a note of each, so that what a crash interrupted is put right by the next start.

The note is durable before there is anything to see, and goes once everything is out. Whoever finds one that nobody is at
knows what to do: a folder that is hidden still was seen by nobody, so it goes, and the record says that nothing went out;
a topic may have got some of it, so the record says that. What was to go out is never finished later: by then somebody of
it may have been erased, or have withdrawn.

Notes are made and settled by whoever holds the lock of the erasure ledger, and so is everything between.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from remit_consumers.sharing.disclosures import INTERRUPTED, UNDONE, history, mark
from remit_schemas.durable import replace_file, sync_folder
from remit_schemas.errors import LakeError

FOLDER = "shares/under-way"
"""Where the notes lie, below the data folder."""

TOPIC = ""
"""What stands for the hidden folder of what goes to a topic."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A disclosure that has begun.

    Attributes:
        file: Its note.
        disclosure: Its id.
        hidden: The folder in which it is made, seen by nobody yet; empty where it goes to a topic.
    """

    file: Path
    disclosure: str
    hidden: str

    @classmethod
    def begun(cls, data: Path, disclosure: str, hidden: Path | None) -> Self:
        """Note that one begins, durably.

        Raises:
            LakeError: It cannot be noted: nothing may begin.
        """
        file = data / FOLDER / f"{disclosure}.json"
        one = cls(file, disclosure, str(hidden) if hidden else TOPIC)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, json.dumps({"v": 1, "hidden": one.hidden}).encode())
        except OSError as error:
            message = f"a disclosure cannot be noted below {data}: {error.strerror}"
            raise LakeError(message) from None
        return one

    def over(self) -> None:
        """Let the note go: everything is out, or put right."""
        self.file.unlink(missing_ok=True)
        sync_folder(self.file.parent)


def settle(data: Path, lake: Path, now: datetime) -> int:
    """Put right what was interrupted; every step may be done again.

    Args:
        data: The data folder.
        lake: The lake's.
        now: When.

    Returns:
        How many disclosures.

    Raises:
        LakeError: The record cannot be read or written; it is tried again at the next start.
    """
    found = list(_notes(data))
    known = _on_record(lake, now) if found else {}
    for one in found:
        is_seen = one.hidden != TOPIC and not Path(one.hidden).exists()
        if one.disclosure in known and not is_seen:
            became = INTERRUPTED if one.hidden == TOPIC else UNDONE
            mark(lake, one.disclosure, known[one.disclosure], became, now)
        _take_away(one)
        one.over()
    return len(found)


def _take_away(one: UnderWay) -> None:
    """Take away what is hidden still.

    Raises:
        LakeError: It cannot be; the note stays.
    """
    if one.hidden == TOPIC:
        return
    folder = Path(one.hidden)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        message = f"{folder.name} in {folder.parent} was seen by nobody and cannot be taken away"
        raise LakeError(message)


def is_any(data: Path) -> bool:
    """Whether a disclosure is under way, or was interrupted."""
    return next(_notes(data), None) is not None


def _notes(data: Path) -> Iterator[UnderWay]:
    """Every note."""
    for file in sorted((data / FOLDER).glob("*.json")):
        try:
            hidden = str(json.loads(file.read_bytes())["hidden"])
        except (OSError, ValueError, KeyError, TypeError):
            message = (
                f"{file.name} in {FOLDER} cannot be read: it says which disclosure was interrupted"
            )
            raise LakeError(message) from None
        yield UnderWay(file, file.stem, hidden)


def _on_record(lake: Path, now: datetime) -> Mapping[str, str]:
    """The recipient of each disclosure on record."""
    rows = history(lake, now).select(["disclosure", "recipient"]).to_pylist()
    return {row["disclosure"]: row["recipient"] for row in rows}
