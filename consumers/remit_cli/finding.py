"""What `remit doctor` says of one thing that it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What.
        holds: Whether it is as it should be.
        detail: What was seen, and how to mend it.
        is_weak: Whether it holds, and could be stronger: said, and no reason to fail.
    """

    name: str
    holds: bool
    detail: str
    is_weak: bool = False

    @property
    def mark(self) -> str:
        """The word of a table, with its colour."""
        if not self.holds:
            return "[bold red]mend"
        return "[yellow]weak" if self.is_weak else "[green]ok"

    def facts(self) -> dict[str, bool | str]:
        """The same for a program."""
        return {"holds": self.holds, "weak": self.is_weak, "detail": self.detail}
