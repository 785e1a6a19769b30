"""Entitle: whose events may be taken, as the register of tenants and campaigns says now."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch, Entitle
from remit_consumers.rows import COLLECTED_AT
from remit_schemas.plan import Plan
from remit_schemas.tenancy import CAMPAIGN_FIELD, Entitlement, Tenancy

Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]


def entitle(tenancy: Callable[[], Tenancy]) -> Entitle:
    """Make the step that leaves out what a tenant does not have, and what is outside a live campaign.

    It costs something for each distinct tenant and each campaign, not for each event. A campaign must be in the register
    now, and the day on which an event was collected must be one of its days: what was late on the log is not lost.

    Source: policy 2021-11-01, clauses S015, S019, S022, S032, S034.
    """

    def step(batch: Batch, plan: Plan) -> tuple[Batch, Mapping[str, int]]:
        asked = Entitlement(plan.functions, tenancy())
        if asked.asks_nothing or not batch.events:
            return batch, {}
        reasons: dict[str, int] = {}
        kept = np.ones(batch.events, bool)
        encoded = pc.dictionary_encode(batch.tenant.fill_null(""))
        numbers = encoded.indices.to_numpy(zero_copy_only=False)
        for number, tenant in enumerate(encoded.dictionary.to_pylist()):
            theirs = numbers == number
            refusal = asked.refusal(tenant)
            out = theirs if refusal else theirs & ~_live(batch, asked, tenant)
            reason = refusal.reason if refusal else "no_campaign"
            if count := int(out.sum()):
                reasons[reason] = reasons.get(reason, 0) + count
                kept &= ~out
        return (batch.at(np.flatnonzero(kept)) if reasons else batch), reasons

    return step


def refused(batch: Batch, plan: Plan, reasons: Mapping[str, int]) -> Batch:
    """Give a part without rows that counts what was left out."""
    nothing = batch.at(np.zeros(0, np.int64))
    return replace(nothing, outcome=plan.outcome(), refused=reasons)


def _live(batch: Batch, asked: Entitlement, tenant: str) -> Bools:
    """Which events belong to a live campaign of a tenant; all where the contract needs none."""
    if not asked.has_campaigns:
        return np.ones(batch.events, bool)
    live = np.zeros(batch.events, bool)
    if not {CAMPAIGN_FIELD, COLLECTED_AT} <= set(batch.table.column_names):
        return live
    days = pc.cast(batch.table[COLLECTED_AT], pa.date32())
    for name, campaign in asked.campaigns_of(tenant).items():
        during = pc.and_(
            pc.greater_equal(days, pa.scalar(campaign.starts_on)),
            pc.less_equal(days, pa.scalar(campaign.ends_on)),
        )
        entries = pc.and_(pc.equal(batch.table[CAMPAIGN_FIELD], name), during)
        live |= pc.fill_null(entries, fill_value=False).to_numpy().astype(bool)
    return live
