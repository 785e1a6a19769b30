"""Receipts of a period: those of its commits; and figures that only ever grow, as what they grew by."""

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.period import Period
from remit_consumers.proof.outcomes import Counts, of_kind, outcomes


def commits_before(receipts: pa.Table, moment: datetime | None) -> pa.Table:
    """The receipts of commits before a moment, and of those of which nobody knows when; None: all."""
    if moment is None:
        return receipts
    commits = of_kind(receipts, "commit")
    at = commits.column("committed_at")
    later = pc.fill_null(pc.greater_equal(at, pa.scalar(moment, at.type)), fill_value=False)
    names = commits.filter(later).column("commit").combine_chunks()
    return receipts.filter(pc.invert(pc.is_in(receipts.column("commit"), value_set=names)))


def commits_in(receipts: pa.Table, period: Period) -> pa.Table:
    """The receipts of the commits of a period."""
    ended = commits_before(receipts, period.end)
    if period.begin is None:
        return ended
    begun = of_kind(commits_before(receipts, period.begin), "commit").column("commit")
    names = begun.combine_chunks()
    return ended.filter(pc.invert(pc.is_in(ended.column("commit"), value_set=names)))


def outcomes_in(receipts: pa.Table, period: Period) -> tuple[Counts, Counts]:
    """What became of events in a period, by contract, and for which reasons.

    What sources say of themselves is cumulative, so a period is what its end has more than its beginning: offered is
    still the sum of all the others, where in_flight is what came to be under way, less what was under way before.
    """
    ended = outcomes(commits_before(receipts, period.end))
    if period.begin is None:
        return ended
    begun = outcomes(commits_before(receipts, period.begin))
    return _grown(ended[0], begun[0]), _grown(ended[1], begun[1])


def _grown(after: Counts, before: Counts) -> dict[str, Mapping[str, int]]:
    """What counts grew by; names of which nothing did are left out."""
    found = {
        name: {word: count - before.get(name, {}).get(word, 0) for word, count in counts.items()}
        for name, counts in after.items()
    }
    return {name: counts for name, counts in found.items() if any(counts.values())}
