"""The sentences of a policy's text, each with its hash and a summary in our own words.

The wording itself is the policy owner's and is not repeated: `sha256` and `characters` are enough to check the register
against the text. A sentence that says several things has parts, so that a rule can cite the one it rests on: `S025a`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from remit_schemas.policy_file import Place, Written, validate

SUMMARY_WORDS_MAX = 14
"""Words of a summary: it must fit into a column of a table (our choice)."""

CLAUSE = r"^S\d{3}[a-z]?$"
"""A sentence, or a part of one."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 as hex."""


class Kind(StrEnum):
    """What a sentence is about, and so which room of the house answers for it."""

    COLLECTION = "C"
    NECESSITY = "N"
    PURPOSE = "P"
    CONSENT = "K"
    SHARING = "H"
    RIGHT = "R"
    RETENTION = "T"
    SECURITY = "X"
    VERSION = "V"
    MINORS = "M"
    INFORMATION = "I"


class Later(StrEnum):
    """Which later work a sentence waits for, where remit does not yet keep it, or not wholly."""

    RIGHTS = "rights"
    SHARING = "sharing"
    RETENTION = "retention"
    DASHBOARD = "dashboard"
    TRUST = "trust"


def _summary_fits(summary: str) -> bool:
    """Whether a summary is short enough for a column."""
    return 0 < len(summary.split()) <= SUMMARY_WORDS_MAX


class Part(Written):
    """One of the things that a sentence says.

    Attributes:
        kinds: What it is about, the foremost first.
        summary: What it says, in our own words.
        later: What it waits for; None where it is kept now, or asks for nothing.
    """

    part: ClassVar[str] = "a part of a sentence"

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    summary: str
    later: Later | None = None

    @property
    def is_information(self) -> bool:
        """Whether it asks for nothing."""
        return self.kinds == (Kind.INFORMATION,)

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if not _summary_fits(self.summary):
            yield ("summary",), f"a summary has 1 to {SUMMARY_WORDS_MAX} words"
        if self.later and self.is_information:
            yield ("later",), "information asks for nothing, now or later"


class Sentence(Part):
    """One sentence of the policy's text.

    Attributes:
        sha256: Of the UTF-8 bytes of the sentence, each run of white space made one space, none at the ends.
        characters: Its length in characters, counted after the same treatment.
        parts: By letter; empty where the sentence says one thing.
    """

    part: ClassVar[str] = "a sentence"

    sha256: Sha256
    characters: Annotated[int, Field(gt=0, strict=True)]
    parts: Mapping[Annotated[str, StringConstraints(pattern=r"^[a-z]$")], Part] = {}


class Clauses(Written):
    """Every sentence of one policy's text, in the order of the text.

    Attributes:
        format: Names this kind of file.
        policy: Name of the policy.
        version: Version of the policy.
        document_sha256: Of the file that the sentences were taken from.
        sentences: By id, S001 first, without gaps.
    """

    part: ClassVar[str] = "the register of sentences"

    format: Literal["remit sentences 1"]
    policy: str
    version: str
    document_sha256: Sha256
    sentences: Annotated[Mapping[str, Sentence], Field(min_length=1)]

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        for number, name in enumerate(self.sentences, start=1):
            if name != f"S{number:03}":
                yield ("sentences", name), f'"{name}" stands where S{number:03} belongs'

    def has(self, clause: str) -> bool:
        """Whether a rule can cite this."""
        sentence = self.sentences.get(clause[:4])
        return sentence is not None and (len(clause) == len("S001") or clause[4:] in sentence.parts)

    def each(self) -> Iterator[tuple[str, Part]]:
        """Give every sentence, each followed by its parts, by what a rule would cite."""
        for name, sentence in self.sentences.items():
            yield name, sentence
            yield from ((f"{name}{letter}", part) for letter, part in sentence.parts.items())

    def summary_of(self, clause: str) -> str | None:
        """Say in our own words what a sentence or a part of one says; None where there is no such."""
        if not self.has(clause):
            return None
        sentence = self.sentences[clause[:4]]
        return sentence.parts[clause[4:]].summary if clause[4:] else sentence.summary

    def differing(self, text: str) -> list[str]:
        """Compare with the policy's text.

        Returns:
            Ids of the sentences that read otherwise there; `end` if the text goes on behind the last.
        """
        flat = " ".join(text.split())
        wrong = self._wrong(self._cut(flat))
        behind = set(self._wrong(self._cut_from_the_end(flat)))
        if behind.intersection(
            wrong
        ):  # one sentence more or less moves all behind it, or all before
            return [name for name in wrong if name in behind]
        spoken = sum(sentence.characters for sentence in self.sentences.values())
        spaces = len(self.sentences) - 1
        return wrong if len(flat) <= spoken + spaces else [*wrong, "end"]

    def sentences_of(self, text: str) -> Mapping[str, str]:
        """Cut the policy's text into its sentences; only of a text without anything `differing` is this right."""
        return dict(self._cut(" ".join(text.split())))

    def _wrong(self, cuts: Iterable[tuple[str, str]]) -> list[str]:
        """Name the sentences that do not have the words of a cut."""
        sentences = self.sentences
        return [name for name, words in cuts if sentence_sha256(words) != sentences[name].sha256]

    def _cut_from_the_end(self, flat: str) -> Iterator[tuple[str, str]]:
        """Cut a text into as many characters as each sentence has, the last first."""
        end = len(flat)
        for name, sentence in reversed(list(self.sentences.items())):
            start = max(end - sentence.characters, 0)
            yield name, flat[start:end]
            end = max(start - (flat[start - 1 : start] == " "), 0)

    def _cut(self, flat: str) -> Iterator[tuple[str, str]]:
        """Cut a text into as many characters as each sentence has."""
        start = 0
        for name, sentence in self.sentences.items():
            start += flat[start : start + 1] == " "
            yield name, flat[start : start + sentence.characters]
            start += sentence.characters


def sentence_sha256(words: str) -> str:
    """Hash a sentence the way the register does: UTF-8, each run of white space made one space, none at the ends."""
    return hashlib.sha256(" ".join(words.split()).encode()).hexdigest()


def is_clause(text: str) -> bool:
    """Whether a text is written like a clause."""
    return re.fullmatch(CLAUSE, text) is not None


def clauses_path(policy: Path) -> Path:
    """Name the register that belongs to a policy file: `<version>.sentences.yaml` beside `<version>.yaml`."""
    return policy.with_suffix(".sentences.yaml")


def load_clauses(path: Path) -> Clauses:
    """Read a register.

    Raises:
        PolicyError: There is none, or it is not one; file and line are named.
    """
    from remit_schemas.yaml_file import read_yaml  # noqa: PLC0415 - an app never pays for YAML

    return validate(Clauses, read_yaml(path))
