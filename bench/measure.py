"""How figures are taken: variants in turns (A B A B), medians, ratios."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Literal

Sample = Mapping[str, float]
"""What one round of one variant gave, by metric."""

Samples = Mapping[str, Sequence[Sample]]
"""All rounds, by variant."""

Better = Literal["less", "more"]
"""Which way is better."""

BY_UNIT: Final[Mapping[str, Better]] = {
    "µs": "less",
    "ms": "less",
    "s": "less",
    "MB": "less",
    "MB/min": "less",
    "bytes": "less",
    "files": "less",
    "events/s": "more",
}
"""Which way is better, by unit; of a percentage, its figure says."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure beside its baseline from the same run.

    Attributes:
        name: What was measured; unique among the figures of its result.
        unit: Of all its numbers.
        value: Median of the rounds.
        lowest: Of the rounds.
        highest: Of the rounds.
        goal: What it should be, in its unit; None where none was set.
        baseline: What stands beside it; empty where nothing does.
        baseline_value: Median of the baseline's rounds.
        better: Which way is better, where the unit does not say.
    """

    name: str
    unit: str
    value: float
    lowest: float
    highest: float
    goal: float | None = None
    baseline: str = ""
    baseline_value: float | None = None
    better: Better | None = None

    @property
    def direction(self) -> Better:
        """Which way is better."""
        return self.better or BY_UNIT[self.unit]

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where none was set."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.direction == "less" else self.value >= self.goal

    @property
    def ratio(self) -> float | None:
        """How many times better than the baseline; under 1 is worse."""
        if not self.baseline_value or not self.value:
            return None
        better = self.value / self.baseline_value
        return 1 / better if self.direction == "less" else better


@dataclass(frozen=True, slots=True)
class Result:
    """What one module measured.

    Attributes:
        title: One line for the table.
        figures: In the order of the table.
        notes: How it was measured, and what was not.
        series: What is kept beside the figures: values over time, shares, sizes by column.
        is_whole: Whether everything was measured; what was measured in part is printed and not kept.
    """

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()
    series: Mapping[str, object] = field(default_factory=dict)
    is_whole: bool = True


def in_turns(variants: Mapping[str, Callable[[], Sample]], rounds: int) -> Samples:
    """Run every variant once a round, so that whatever else the machine does meets all of them."""
    taken: dict[str, list[Sample]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            taken[name].append(variant())
    return taken


def figure(  # noqa: PLR0913  # a row of the table, by name
    samples: Samples,
    variant: str,
    metric: str,
    *,
    name: str,
    unit: str,
    goal: float | None = None,
    baseline: str = "",
    baseline_metric: str = "",
) -> Figure:
    """Make a figure of a variant's rounds.

    Args:
        samples: What `in_turns` gave.
        variant: Which was measured.
        metric: Which of its metrics.
        name: What the table calls it.
        unit: Of the metric.
        goal: What it should be.
        baseline: The variant that stands beside it; may be missing from `samples`.
        baseline_metric: The baseline's metric where it has another name.
    """
    values = [sample[metric] for sample in samples[variant]]
    beside = [sample[baseline_metric or metric] for sample in samples.get(baseline, ())]
    return Figure(
        name=name,
        unit=unit,
        value=median(values),
        lowest=min(values),
        highest=max(values),
        goal=goal,
        baseline=baseline if beside else "",
        baseline_value=median(beside) if beside else None,
    )


def plain(name: str, unit: str, value: float, goal: float | None = None) -> Figure:
    """Make a figure that was taken once and has nothing beside it."""
    return Figure(name, unit, value, value, value, goal)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that a share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
