"""The words of the page, in each language that it is written in; a language is a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from remit_schemas.category import CATEGORIES, PURPOSES

FOLDER: Final = Path(__file__).parent / "words"

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文"}
"""Each language by its name in itself; the first is spoken where nobody asks for another."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language.

    Attributes:
        language: Its tag (BCP 47).
        said: Every sentence by its key.
    """

    language: str
    said: Mapping[str, str]

    def __call__(self, key: str, **parts: object) -> str:
        """Say something; a key that stands in no file is a mistake of the page and raises KeyError."""
        return self.said[key].format(**parts)

    def category(self, key: str) -> str:
        """What a category is, for people."""
        return self.said.get(f"category.{key}") or CATEGORIES[key].meaning

    def purpose(self, key: str) -> str:
        """What a purpose is, for people."""
        return self.said.get(f"purpose.{key}") or PURPOSES[key].meaning

    def right(self, key: str) -> str:
        """What somebody asks for."""
        return self.said[f"right.{key}"]

    def state(self, key: str) -> str:
        """How far a request is."""
        return self.said[f"state.{key}"]


@cache
def words_of(language: str) -> Words:
    """Read the words of a language."""
    said = yaml.safe_load((FOLDER / f"{language}.yaml").read_text("utf-8"))
    return Words(language, {str(key): str(text) for key, text in said.items()})


def preferred(accepted: str) -> str:
    """The first language of an Accept-Language header that the page is written in. Source: RFC 9110, section 12.5.4."""
    for part in accepted.split(","):
        primary = part.partition(";")[0].strip().lower().partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return next(iter(LANGUAGES))
