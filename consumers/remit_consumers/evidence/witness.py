"""A witness: a file that anchors are added to, where whoever can write the lake cannot rewrite it.

It lies on another disk, in a file that can only grow (`chattr +a`), or in a git repository, where each anchor is
committed. Each line is an anchor as JSON. A line that a power loss tore is no JSON and stands for nothing: its anchor
is added again.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remit_consumers.evidence.anchor import Anchor
from remit_consumers.lake.receipt import canonical
from remit_schemas.durable import sync_folder
from remit_schemas.errors import EvidenceError
from remit_schemas.read_json import read_json

NAME: Final = "remit-anchors.jsonl"
"""What the file is called in a folder."""

GIT_TIMEOUT_S: Final = 30.0
"""Longer than a commit takes."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness.

    Attributes:
        place: A file, or a folder in which `NAME` is the file.
    """

    place: Path

    @property
    def file(self) -> Path:
        """The file."""
        return self.place / NAME if self.place.is_dir() else self.place

    def anchors(self) -> list[Anchor]:
        """What it has seen, in the order of the anchors' numbers; of the same anchor twice, once.

        Raises:
            EvidenceError: It cannot be read, or two anchors bear one number.
        """
        found: dict[int, Anchor] = {}
        for line in self._lines():
            try:
                form = read_json(line)
            except ValueError:
                continue  # torn
            one = Anchor.from_dict(form if isinstance(form, dict) else {})
            if found.setdefault(one.number, one).signed != one.signed:
                raise EvidenceError(f"the witness has seen two anchors {one.number}")
        return [found[number] for number in sorted(found)]

    def see(self, anchors: Sequence[Anchor]) -> None:
        """Show it anchors, durably: they are added behind everything that is there.

        Raises:
            EvidenceError: It cannot be written.
        """
        text = "".join(canonical(one.to_dict()) + "\n" for one in anchors)
        try:
            self._add(text.encode())
            if (self.file.parent / ".git").exists():
                self._commit(anchors[-1].number)
        except OSError as error:
            message = f"the witness {self.file} cannot be written: {error.strerror}"
            raise EvidenceError(message) from None

    def _lines(self) -> list[str]:
        try:
            return self.file.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            message = f"the witness {self.file} cannot be read: {error.strerror}"
            raise EvidenceError(message) from None

    def _add(self, text: bytes) -> None:
        """Add text at the end, behind a line break where the last line has none."""
        is_new = not self.file.exists()
        torn = not is_new and self.file.stat().st_size and not self._ends_in_a_line()
        descriptor = os.open(
            self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        with open(descriptor, "ab", closefd=True) as file:  # noqa: PTH123 - a descriptor, no path
            file.write((b"\n" if torn else b"") + text)
            file.flush()
            os.fsync(descriptor)
        if is_new:
            sync_folder(self.file.parent)

    def _ends_in_a_line(self) -> bool:
        with self.file.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def _commit(self, number: int) -> None:
        """Commit the file to the repository that it lies in."""
        git = ["git", "-C", str(self.file.parent)]
        who = ["-c", "user.name=remit", "-c", "user.email=remit@localhost"]
        for words in (
            [*git, "add", "--", self.file.name],
            [*git, *who, "commit", "--quiet", "-m", f"Anchor {number}", "--", self.file.name],
        ):
            try:
                done = subprocess.run(  # noqa: S603 - git, with a path of the operator's own
                    words, capture_output=True, check=False, timeout=GIT_TIMEOUT_S
                )
            except subprocess.TimeoutExpired:
                raise EvidenceError("git takes too long to commit an anchor") from None
            if done.returncode:
                raise EvidenceError(f"git cannot commit an anchor (exit code {done.returncode})")
