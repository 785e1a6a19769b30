"""What is fuzzed: a parser of something that comes from outside, and how it may refuse."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from remit_schemas.errors import RemitError

ROOM = Path(tempfile.mkdtemp(prefix="remit-fuzz-"))
"""Where parsers of files find theirs; one folder for each process, and gone with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser.

    Attributes:
        name: As the table in README.md and `make fuzz TARGET=` have it.
        read: Parses; whatever it gives, it gives for good input.
        seeds: Good input, from which bad input is made.
        refuses: What it raises for bad input, and nothing else.
        is_quoting: It reads a file that the operator wrote, and its message may name a key of that.
    """

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refuses: tuple[type[Exception], ...] = (RemitError,)
    is_quoting: bool = False

    def try_on(self, data: bytes) -> Exception | None:
        """Parse some bytes, and give how they were refused.

        Raises:
            Exception: Any that `refuses` does not name: that is a find.
        """
        try:
            self.read(data)
        except self.refuses as error:
            return error
        return None


def of_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Make a parser of text one of bytes; what is no UTF-8 becomes text as a web server makes it."""

    def parse(data: bytes) -> object:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        return read(text)

    return parse


def of_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Make a parser of a file one of bytes; the file is written anew each time."""

    def parse(data: bytes) -> object:
        file = ROOM / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return read(file)

    return parse


def tidy() -> None:
    """Take the files of this process away."""
    shutil.rmtree(ROOM, ignore_errors=True)
