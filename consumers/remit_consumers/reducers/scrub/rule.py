"""What a rule of free text is: what it looks for, how it makes sure, and the mark it leaves.

A rule is written as forms for Rust's regex or, where a match has to be judged, as a pattern for Python's with a check.
Rust reads a text in 0.3 µs where Python's patterns take 3 to 44 (measured: service logs, 127 characters a line), so
Rust says first which texts a rule could change, and Python sees only those.
Every repetition of a Python pattern is bounded or possessive: the time grows with the length of the text only.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

Check = Callable[[re.Match[str]], bool]
Form = tuple[str, str, str]
"""What stands before, what is replaced, and what stands behind, as Rust regexes without groups."""

_PLAIN = re.compile(r"[A-Za-z:/-]+")
"""A regex that stands for itself: looked for without the engine."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of personal data or secret in free text; it has forms, or a pattern, or both.

    Attributes:
        name: What `explain` calls it; the mark is `<name>` unless `mark` says otherwise.
        look: A cheap Rust regex that is true for every text which the rule could change; the looks of all are joined.
        forms: What Rust replaces.
        doubt: A Rust regex that is true where only the pattern can tell; for a rule that has both.
        pattern: What Python replaces.
        check: Says whether a match of the pattern really is one; None where the pattern alone is enough.
        kept: The group of the pattern that stays, before the mark; empty where none does.
        narrow: As the look, where a stricter one saves more than it costs.
        mark: What is left, in angle brackets, where it is not the name.
        is_worded: Whether the look is made of words; those are joined apart.
    """

    name: str
    look: str
    forms: tuple[Form, ...] = ()
    doubt: str = ""
    pattern: re.Pattern[str] | None = None
    check: Check | None = None
    kept: str = ""
    narrow: str = ""
    mark: str = ""
    is_worded: bool = False

    def could_change(self, texts: pl.Series) -> pl.Series:
        """Say of each text whether the rule might change it."""
        regex = self.narrow or self._regex() or self.look
        return texts.str.contains(regex, literal=_PLAIN.fullmatch(regex) is not None)

    def apply(self, texts: list[str]) -> list[str]:
        """Replace every match, in texts that the rule might change."""
        column = pl.Series(texts, dtype=pl.String)
        done = self._swapped(column).to_list() if self.forms else list(texts)
        if self.pattern:
            rows = column.str.contains(self.doubt).arg_true() if self.forms else range(len(texts))
            for row in rows:
                done[row] = self._judged(texts[row], self.pattern)
        return done

    def _judged(self, text: str, pattern: re.Pattern[str]) -> str:
        """Replace what the pattern finds and the check confirms; behind the start of one that is none, another may begin."""
        parts, done, at = [], 0, 0
        while match := pattern.search(text, at):
            if self.check and not self.check(match):
                at = match.start() + 1
                continue
            kept = (match[self.kept] or "") if self.kept else ""
            parts += [text[done : match.start()], kept, f"<{self.mark or self.name}>"]
            done = at = match.end()
        return "".join([*parts, text[done:]])

    def _swapped(self, texts: pl.Series) -> pl.Series:
        """Replace what the forms find, twice: neighbours share what stands between them, and a pass finds only the first."""
        groups = range(1, 2 * len(self.forms), 2)
        before, behind = ("".join(f"${{{n + k}}}" for n in groups) for k in (0, 1))
        left = f"{before}<{self.mark or self.name}>{behind}"
        return texts.str.replace_all(self._regex(), left).str.replace_all(self._regex(), left)

    def _regex(self) -> str:
        """Join the forms; empty where there are none."""
        return "|".join(f"({before}){what}({behind})" for before, what, behind in self.forms)
