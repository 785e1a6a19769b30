"""Programs that write down which of their emits were answered Accepted, so that a test can count what became of them."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from kit.program import environment
from kit.spooled import Home

PRELUDE = """
import atexit, os, signal, sys, threading
from remit import Client, PageView
from remit.settings import Settings
data, answered = sys.argv[1:3]
answers = os.open(answered, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
client = Client("test", data=data, settings=Settings(pack_age_s=60))
def emit(page):
    taken = client.emit(PageView(page=page), subject=page)
    if taken:
        os.write(answers, f"{page}\\n".encode())
    return bool(taken)
"""
"""Before a program that emits: ``emit(page)``; one line appended at once is in the file whole, whoever is killed."""


class Answers:
    """A program in a home, and what its emits were answered.

    Attributes:
        home: Where it emits to.
        path: A line for each emit that was answered Accepted, by whichever process.
    """

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.path = folder / "answered"
        self._folder = folder

    def start(
        self,
        script: str,
        *arguments: object,
        python: str | Path = sys.executable,
        env: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[str]":
        """Start a program as a file of its own, so that spawned children can import it."""
        program = self._folder / "program.py"
        program.write_text(PRELUDE + script, encoding="utf-8")
        return subprocess.Popen(
            [python, program, self.home.data, self.path, *map(str, arguments)],
            env=env or environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pages(self) -> "Counter[str]":
        """The pages that were answered Accepted, and how often."""
        if not self.path.exists():
            return Counter()
        return Counter(self.path.read_text(encoding="utf-8").split())

    def stored(self) -> "Counter[str]":
        """The pages in the spool, as a consumer would store them; a gap in a lane is an error."""
        return Counter(str(event.values["page"]) for event in self.home.stored().values())

    def left_open(self) -> list[str]:
        """The packs that nobody closed: whoever comes next adopts them."""
        return [path.name for path in self.home.data.glob("spool/*/open-*")]


def lines(path: Path) -> int:
    """How many lines a file has by now; none where it is not there yet."""
    return path.read_bytes().count(b"\n") if path.exists() else 0
