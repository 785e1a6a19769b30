"""What people are told of a new version of a policy: what it widens, in words that come from the policies themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of material changes.

    Attributes:
        since: The version before.
        changes: What is collected, used, kept or shared more, and which right shrank; one a line.

    Source: policy 2021-11-01, clause S114.
    """

    since: str
    changes: tuple[str, ...]

    def to_json(self) -> dict[str, str | list[str]]:
        """Give what a bundle and the edge say."""
        return {"since": self.since, "changes": [*self.changes]}

    @classmethod
    def of(cls, stated: Mapping[str, object]) -> Self:
        """Read what `to_json` gave.

        Raises:
            ValueError: It is none.
        """
        since, changes = stated.get("since"), stated.get("changes")
        texts = changes if isinstance(changes, list) else []
        if not isinstance(since, str) or not texts or len(stated) != 2:  # noqa: PLR2004 - the two
            raise ValueError("not a notice")
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("not a notice")
        return cls(since, tuple(texts))
