"""What a board is made of, whatever draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["zero", "figure", "lines", "stack", "bars"]
"""What must be 0 and is red above; one figure; lines over time; areas that add up; a bar for each label."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: What it shows.
        text: What to make of it.
        kind: How it looks.
        shows: Expressions, each with its legend.
        unit: Grafana's name of it.
    """

    title: str
    text: str
    kind: Kind
    shows: Sequence[tuple[str, str]]
    unit: str = "short"


@dataclass(frozen=True, slots=True)
class Board:
    """One board: rows of panels under headings."""

    uid: str
    title: str
    text: str
    rows: Sequence[tuple[str, Sequence[Panel]]]


def zero(title: str, expression: str, text: str, unit: str = "short") -> Panel:
    """A figure that must be 0; what was never told is 0, too."""
    return Panel(title, text, "zero", [(f"{expression} or vector(0)", title)], unit)
