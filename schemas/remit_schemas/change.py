"""What a newer version of a policy does that an older one did not, one thing at a time."""

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """What somebody whom the older version governs would lose; each of them asks for their express consent (S113)."""

    COLLECTED = "collected"
    """Something is collected that was not, or more is left of it."""
    USED = "used"
    """It is used for more, or on another ground."""
    KEPT = "kept"
    """It is kept longer."""
    SHARED = "shared"
    """It goes to somebody who did not get it."""
    RIGHT = "right"
    """What somebody could refuse, or was spared, they cannot or are not any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a newer version widens.

    Attributes:
        kind: What it takes away.
        where: The part of the policy, or contract and field.
        words: What was, and what is.
    """

    kind: ChangeKind
    where: str
    words: str

    @property
    def text(self) -> str:
        """The whole in one line."""
        return f"{self.where}: {self.words}"
