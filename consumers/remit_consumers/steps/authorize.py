"""Authorize: for which purposes may these events be stored."""

from dataclasses import replace

import pyarrow as pa

from remit_consumers.batch import Batch
from remit_schemas.category import Decision
from remit_schemas.plan import Plan

NO_CONSENT: frozenset[str] = frozenset()
"""The optional purposes granted while no consent is on record: none (S016, D7)."""


def authorize(batch: Batch, plan: Plan) -> Batch:
    """Decide the consent outcome of a batch; refuse its events where nothing of them may be stored.

    The consent ledger is still empty, so every event has the same outcome: required purposes only.

    Source: policy 2021-11-01, clauses S014, S016, S017.
    """
    outcome = plan.outcome(NO_CONSENT)
    if any(decision.decision is not Decision.REFUSE for decision in outcome.fields.values()):
        return replace(batch, outcome=outcome)
    none = pa.array([], pa.int32())
    return replace(
        batch,
        table=batch.table.slice(0, 0),
        subject=batch.subject.take(none),
        tenant=batch.tenant.take(none),
        pack=batch.pack.take(none),
        index=batch.index.take(none),
        outcome=outcome,
        refused={"no_consent" if plan.optional_purposes else "no_rule": batch.events},
    )
