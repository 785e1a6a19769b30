"""Rows of the page: one measure on one set of data, of remit and of the peers that know the item; and what is removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.measure import Better, Figure

REMIT = "remit"
"""The name under which remit's own score stands among the peers'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure.

    Attributes:
        table: Which table of the page it stands in; begins with the name of the reducer.
        measure: What was measured.
        data: On which file, or how it was made.
        count: Of the values that were judged.
        unit: Of all its numbers.
        better: Which way is better.
        scores: By `remit` and the names of peers; without those that do not know the item.
        goal: What remit's should be; None where none was set.
        own: Peers whose own cases or labels the data are: shown, and never the baseline.
    """

    table: str
    measure: str
    data: str
    count: int = 0
    unit: str = "%"
    better: Better = "less"
    scores: Mapping[str, float] = field(default_factory=dict)
    goal: float | None = None
    own: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Its name among the figures."""
        return f"{self.table}: {self.measure}, {self.data}"

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where none was set."""
        return None if self.goal is None else self.figure.is_met

    @property
    def figure(self) -> Figure:
        """The row as a figure beside the best of the peers."""
        mine = self.scores[REMIT]
        others = {
            name: score for name, score in self.scores.items() if name not in (REMIT, *self.own)
        }
        pick = min if self.better == "less" else max
        best = pick(others, key=lambda name: others[name]) if others else ""
        return Figure(
            name=self.name,
            unit=self.unit,
            value=mine,
            lowest=mine,
            highest=mine,
            goal=self.goal,
            baseline=best,
            baseline_value=others.get(best),
            better=self.better,
        )


@dataclass(frozen=True, slots=True)
class Bits:
    """What a column told, and tells.

    Attributes:
        reducer: Which was applied; several where rows of several columns are looked at.
        data: The file.
        rows: How many values.
        distinct: Values that differ, before and after.
        entropy: Bits that a value tells at the mean, before and after.
        alone: Percent of the rows that no other equals, before and after.
    """

    reducer: str
    data: str
    rows: int
    distinct: tuple[int, int]
    entropy: tuple[float, float]
    alone: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Where:
    """Which table rows stand in, of which data they speak, and whose own cases or labels these are."""

    table: str
    data: str
    own: Sequence[str] = ()


def known(scores: Mapping[str, float | None]) -> dict[str, float]:
    """Leave out who has no score."""
    return {name: score for name, score in scores.items() if score is not None}
