"""The words of the pages, in each language that they are written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

FOLDER: Final = Path(__file__).parent / "words"
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "zh": "中文"})
"""Each language by its name in itself; the first is the one that is spoken where nobody asks for another."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language.

    Attributes:
        language: Its tag.
        said: Every sentence by its key.
    """

    language: str
    said: Mapping[str, str]

    def __call__(self, key: str, **parts: object) -> str:
        """Say something; a key that stands in no file is a mistake of the pages and raises KeyError."""
        words = self.said[key]
        return words.format(**parts) if parts else words

    def named(self, room: str, name: str) -> str:
        """The name for people of something from an open list, such as a category; else its own name."""
        return self.said.get(f"{room}.{name}", name)


@cache
def words_of(language: str) -> Words:
    """Read the words of a language."""
    said = yaml.safe_load((FOLDER / f"{language}.yaml").read_text("utf-8"))
    return Words(language, MappingProxyType({str(key): str(text) for key, text in said.items()}))


def preferred(accept_language: str) -> str:
    """The first of the languages there are that a browser asks for."""
    for part in accept_language.split(","):
        primary = part.split(";")[0].strip().lower().split("-")[0]
        if primary in LANGUAGES:
            return primary
    return next(iter(LANGUAGES))
