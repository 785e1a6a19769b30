"""Authorize: for which purposes may these events be stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from remit_consumers.batch import Batch
from remit_consumers.consent.ledger import Ledger
from remit_schemas.category import Decision
from remit_schemas.decided import Outcome
from remit_schemas.plan import Plan

Split = Callable[[Batch, Plan], Sequence[Batch]]
"""Parts a batch: every event stands in one part, and each part has its own outcome."""


def authorize(ledger: Ledger) -> Split:
    """Make the step that parts a batch by what the subjects consented to, and decides each part's outcome.

    Events of which nothing may be stored are refused.

    Source: policy 2021-11-01, clauses S014, S016, S017, S089.
    """

    def step(batch: Batch, plan: Plan) -> Sequence[Batch]:
        purposes = sorted(plan.optional_purposes)
        bits = ledger.granted(batch, purposes, plan.policy_version) if purposes else None
        if (
            bits is None or not batch.events
        ):  # a pack of counts alone has no subject, but an outcome
            return [_decided(batch, plan, frozenset())]
        parts = []
        for mask in np.unique(bits).tolist():
            granted = frozenset(name for n, name in enumerate(purposes) if mask >> n & 1)
            parts.append(_decided(_rows(batch, np.flatnonzero(bits == mask)), plan, granted))
        return parts

    return step


def _decided(batch: Batch, plan: Plan, granted: frozenset[str]) -> Batch:
    """Decide for one set of granted purposes; refuse the events where nothing of them may be stored."""
    outcome = plan.outcome(granted)
    if _stores(outcome):
        return replace(batch, outcome=outcome, granted=granted)
    reason = "no_consent" if plan.optional_purposes else "no_rule"
    nothing = _rows(batch, np.zeros(0, np.int64))
    refused = {reason: batch.events}
    return replace(nothing, outcome=outcome, granted=granted, refused=refused)


def _stores(outcome: Outcome) -> bool:
    """Whether anything of an event is stored."""
    return any(field.decision is not Decision.REFUSE for field in outcome.fields.values())


def _rows(batch: Batch, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Batch:
    """Some rows of a batch, in their order."""
    if len(places) == batch.events:
        return batch
    taken = pa.array(places)
    return replace(
        batch,
        table=batch.table.take(taken),
        subject=batch.subject.take(taken),
        tenant=batch.tenant.take(taken),
        pack=batch.pack.take(taken),
        index=batch.index.take(taken),
    )
