"""What is new in the lake for a recipient that follows: files of commits that it has not had yet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from remit_consumers.lake.files import files_at
from remit_consumers.lake.log import entries, first_version, versions
from remit_consumers.sharing.rows import Files
from remit_schemas.durable import replace_file


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a recipient has come.

    Attributes:
        file: Where that is remembered.
        versions: For each contract the newest version of its table that went out.
    """

    file: Path
    versions: Mapping[str, int]

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read it; a recipient without one begins at the beginning, and gets again what it may have had."""
        try:
            found = json.loads(file.read_bytes())
            return cls(file, {str(name): int(version) for name, version in found.items()})
        except (OSError, ValueError, AttributeError):
            return cls(file, {})

    def moved(self, to: Mapping[str, int]) -> "Cursor":
        """Remember how far it has come, durably."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        known = {**self.versions, **to}
        replace_file(self.file, json.dumps(known, sort_keys=True).encode())
        return Cursor(self.file, known)


@dataclass(frozen=True, slots=True)
class News:
    """What is new.

    Attributes:
        files: For each contract the files whose rows are new.
        versions: For each the version of its table that this is as of.
    """

    files: Files
    versions: Mapping[str, int]


def news(lake: Path, cursor: Cursor, contracts: frozenset[str]) -> News:
    """Find what is new since a cursor.

    A cursor that is older than the log's beginning gets all rows again. A rewrite of files that went out already brings nothing. One that takes in a file that did not, brings all of its
    new files: what went out before comes again then, and is known by its `dedupe`.

    Raises:
        LakeError: A log cannot be read.
    """
    files: dict[str, frozenset[str]] = {}
    seen: dict[str, int] = {}
    for contract in sorted(contracts):
        table = lake / "events" / contract
        after = cursor.versions.get(contract, -1)
        fresh = _behind_the_cut(table, after)
        for entry in entries(table, after):
            added = {one.path for one in entry.added}
            if not entry.removed or fresh & {*entry.removed}:
                fresh = (fresh - {*entry.removed}) | added
            seen[contract] = entry.version
        if fresh:
            files[contract] = frozenset(fresh)
    return News(files, seen)


def _behind_the_cut(table: Path, after: int) -> set[str]:
    """The files that may be new to a cursor so old that the log tells no more of what came after it: all that there were."""
    begins = first_version(table)
    return set(files_at(table, begins)) if begins > after + 1 else set()


def stands_still(lake: Path, found: News) -> bool:
    """Whether no table changed since: what was read is all that was new."""
    return all(
        max(versions(lake / "events" / contract), default=-1) == version
        for contract, version in found.versions.items()
    )
