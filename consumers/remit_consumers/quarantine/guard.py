"""Guard: what a replay refuses before anything else is asked, because of what is in force now.

A running producer refuses what is stopped, and nobody restricts what has not come yet. Packs out of the quarantine were
sealed before either, so both are asked here.

Source: DESIGN.md, D2 (kill switch), D7; policy 2021-11-01, clause S091b.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pyarrow as pa

from remit_consumers.batch import Batch, Entitle, Refusals, counted
from remit_schemas.category import is_under
from remit_schemas.plan import Plan

STOPPED, RESTRICTED = "stopped", "restricted"

IsRestricted = Callable[[str, str], bool]
"""Whether a subject of a tenant, as the app names it, is under a restriction."""


def guarded(whose: Entitle, stopped: Iterable[str], is_restricted: IsRestricted) -> Entitle:
    """Make the step that refuses what is stopped and who is restricted, and goes on with what is left.

    Args:
        whose: What is asked of the rest.
        stopped: Categories of the kill switch.
        is_restricted: Asked once for each subject.
    """
    categories = tuple(stopped)

    def step(batch: Batch, plan: Plan) -> tuple[Batch, Refusals]:
        if any(is_under(field.category, categories) for field in plan.fields.values()):
            return _nothing(batch), _refused(counted(batch.tenant), STOPPED)
        out = _restricted(batch, is_restricted)
        entitled, reasons = whose(batch.at(np.flatnonzero(~out)), plan)
        return entitled, {
            **reasons,
            **_refused(counted(batch.tenant.filter(pa.array(out))), RESTRICTED),
        }

    return step


def _nothing(batch: Batch) -> Batch:
    return batch.at(np.zeros(0, np.int64))


def _refused(tenants: Mapping[str, int], reason: str) -> dict[tuple[str, str], int]:
    return {(tenant, reason): events for tenant, events in tenants.items() if events}


def _restricted(
    batch: Batch, is_restricted: IsRestricted
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which events are of somebody restricted; a quarantine is small, so its subjects may be asked for one by one."""
    tenants = batch.tenant.fill_null("").cast(pa.string()).to_pylist()
    subjects = batch.subject.cast(pa.string()).to_pylist()
    pairs = Counter((tenant, one) for tenant, one in zip(tenants, subjects, strict=True) if one)
    held = {pair for pair in pairs if is_restricted(*pair)}
    return np.array([pair in held for pair in zip(tenants, subjects, strict=True)], np.bool_)
