"""The folder of labelled data that the user names: files are found by their kind, so that any of a kind will do."""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

BREAKS: Final = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line for `remit reduce`; sent as spaces, as everything that feeds it by lines must."""


class Labelled:
    """Finds labelled files, and remembers which kinds the folder does not have.

    Attributes:
        missing: Patterns that no file matched.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None
        self.missing: list[str] = []

    def files(self, pattern: str) -> list[Path]:
        """Give the files of a kind, such as `user_agents/matomo*`, in order of name."""
        found = sorted(self._folder.glob(pattern)) if self._folder else []
        if not found and pattern not in self.missing:
            self.missing.append(pattern)
        return found


def text_of(path: Path) -> str:
    """Read a file, plain or gzip."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")


def lines_of(path: Path) -> list[str]:
    """Read the lines of a log, plain or gzip."""
    return [line.rstrip("\r") for line in text_of(path).split("\n") if line.strip()]


def rows_of(path: Path) -> list[Mapping[str, object]]:
    """Read objects: JSON a line, one JSON list, or uap-core's YAML."""
    text = text_of(path)
    if ".yaml" in path.name:
        loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return list(loaded["test_cases"])
    if path.name.endswith(".json"):
        return list(json.loads(text))
    return [json.loads(line) for line in text.split("\n") if line]


def short(path: Path) -> str:
    """Name a file on the page."""
    return path.name.partition(".")[0]


def word(row: Mapping[str, object], key: str) -> str:
    """Give a text of a row on one line; empty where it has none."""
    return BREAKS.sub(" ", str(row.get(key) or ""))


def every(values: Sequence[str], most: int) -> list[str]:
    """Take at most so many of the values, evenly spread."""
    count = min(most, len(values))
    return [values[at * len(values) // count] for at in range(count)]
