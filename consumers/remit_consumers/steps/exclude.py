"""Exclude: events of whom an erasure suppresses are refused, before anything asks who that is."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch, Entitle
from remit_consumers.clock import Clock, utc_now
from remit_consumers.erasure.suppression import Entry, Suppression
from remit_consumers.reducers.final import plain
from remit_consumers.reducers.scope import Rows, distinct
from remit_consumers.rows import COLLECTED_AT
from remit_schemas.category import ACCEPTED, CONCLUDED
from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.plan import Plan

SUPPRESSED = "suppressed"
"""Why an event is refused whose subject was erased."""

NEVER = np.iinfo(np.int64).min


def exclude(suppression: Suppression, whose: Entitle, now: Clock = utc_now) -> Entitle:
    """Make the step that leaves out whom an erasure suppresses, and goes on with what is left; an empty list costs nothing.

    What was collected before an erasure and comes late is refused, and everything of a cancelled account. A contract that
    is concluded or accepted after the cancellation lets the account in again.

    Args:
        suppression: The list.
        whose: What is asked of the rest.
        now: Entries lapse by it.

    Source: policy 2021-11-01, clauses S079b, S095b.
    """

    def step(batch: Batch, plan: Plan) -> tuple[Batch, Mapping[str, int]]:
        if not batch.events or not len(suppression):
            return whose(batch, plan)
        _lift(batch, plan, suppression, now)
        stays = np.flatnonzero(~_suppressed(batch, suppression, now))
        entitled, reasons = whose(batch.at(stays), plan)
        refused = batch.events - len(stays)
        return entitled, {**reasons, SUPPRESSED: refused} if refused else reasons

    return step


def _suppressed(
    batch: Batch, suppression: Suppression, now: Clock
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which events are refused."""
    collected = batch.table.column(COLLECTED_AT)
    found = distinct(batch.subject, Rows(batch.tenant, collected.combine_chunks()), 0)
    entries = [
        entry
        for scope, names in found.groups
        for entry in suppression.find(scope.tenant, names, now())
    ]
    if not any(entries):
        return np.zeros(batch.events, np.bool_)
    before = np.array([*(each.before if each else NEVER for each in entries), NEVER], np.int64)
    closed = np.array([*(bool(each and each.until_agreed) for each in entries), False])
    places = found.indices.cast(pa.int64()).fill_null(len(entries)).to_numpy()
    at = collected.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()
    return np.asarray((at <= before[places]) | closed[places])


def _lift(batch: Batch, plan: Plan, suppression: Suppression, now: Clock) -> None:
    """Let in again who agreed anew after a cancellation."""
    if plan.contract != CONSENT_CHANGE:
        return
    status = plain(batch.table.column("status").combine_chunks()).cast(pa.string())
    agrees = pc.and_(pc.is_in(status, pa.array([CONCLUDED, ACCEPTED])), batch.subject.is_valid())
    at = batch.table.column(COLLECTED_AT).cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
    columns = (batch.tenant.cast(pa.string()).fill_null(""), batch.subject.cast(pa.string()), at)
    rows = zip(*(column.filter(agrees).to_pylist() for column in columns), strict=True)
    for tenant, subject, collected in rows:
        (entry,) = suppression.find(tenant, [subject], now())
        if _agreed_since(entry, collected):
            suppression.lift(tenant, subject)


def _agreed_since(entry: Entry | None, collected: int) -> bool:
    """Whether an agreement was made after the account was cancelled."""
    return entry is not None and entry.until_agreed and collected > entry.added
