"""Counts of subjects that are too small to be told, in a list whose sum stands beside it (D10).

Tables with totals of rows and columns are hidden by `evidence.small_counts`, which may withhold a total, too; on a page
the sum always stands there.
"""

from collections.abc import Mapping, Sequence

from remit_consumers.evidence.small_counts import SHOWN_MIN

FEW = SHOWN_MIN
"""Fewer subjects than this are told as fewer."""

Shown = int | None
"""A count; None: between 1 and 9, or hidden because the others would give one of those away."""


def suppress(counts: Sequence[int]) -> tuple[Shown, ...]:
    """Hide small counts of a list whose sum is told, and one more where the sum would give a single hidden one back.

    Args:
        counts: None is below 0.

    Returns:
        The counts in their order. Zero is told: that there is nobody is about nobody.
    """
    hidden = {at for at, count in enumerate(counts) if 0 < count < FEW}
    others = [at for at, count in enumerate(counts) if count >= FEW]
    left = sum(counts[at] for at in hidden)
    if hidden and others and (left < FEW or left == len(hidden)):  # as many as places: ones
        hidden.add(min(others, key=lambda at: counts[at]))
    return tuple(None if at in hidden else count for at, count in enumerate(counts))


def suppressed(counts: Mapping[str, int], *, is_officer: bool) -> dict[str, Shown]:
    """Hide the small ones of counts by name, from all but the privacy officer."""
    if is_officer:
        return dict(counts)
    return dict(zip(counts, suppress(tuple(counts.values())), strict=True))


def shown(count: int, *, is_officer: bool) -> Shown:
    """One count that no sum is told of."""
    return count if is_officer else suppress((count,))[0]
