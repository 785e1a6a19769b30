"""Erase: everything that stands of one subject goes at once, with proof and a clock of its own.

The vault keeps the subject's secret here. One secret makes the pseudonyms of all domains, the ledger's too: without it
the ledger would not know the subject any more, and would let in again what was just found to have no basis. Destroying
it belongs to an erasure after which a suppression list refuses the subject.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from remit_consumers.clock import Clock, utc_now
from remit_consumers.consent.withdrawals import EVIDENCE_KEPT, Withdrawals
from remit_consumers.lake import withdrawn
from remit_consumers.lake.columns import WITHDRAWN
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.withdrawal.narrow import PlanOf
from remit_consumers.withdrawal.revoke import Done, revoke


@dataclass(frozen=True, slots=True)
class Found:
    """A subject of whom nothing may be stored.

    Attributes:
        tenant: Whose customer.
        subject: As the app names it.
        found_at: When that was found, aware UTC: the clock begins.
    """

    tenant: str
    subject: str
    found_at: datetime


def ordered(found: Iterable[Found], withdrawals: Withdrawals) -> pa.Table:
    """Give what has subjects erased, for the flush in which they were found (columns: `tables.WITHDRAWN`).

    Raises:
        KeysOutOfReach: Vault or keys cannot be read.
    """
    rows = [
        withdrawals.erasing(one.tenant, one.subject, one.found_at, EVIDENCE_KEPT) for one in found
    ]
    return pa.concat_tables([WITHDRAWN.empty_table(), *rows])


def erase(
    lake: Lake,
    withdrawals: Withdrawals,
    plan_of: PlanOf,
    found: Found,
    now: Clock = utc_now,
) -> Done | None:
    """Erase one subject now; what a crash interrupts is carried on by the next consumer.

    Returns:
        What was done, the receipts among it; None where another process is at it: it does, within seconds.

    Raises:
        LakeError: The lake cannot be read or written; it stays recorded that the subject must be erased.
        KeysOutOfReach: Vault or keys cannot be read.

    Source: policy 2021-11-01, clause S118.
    """
    rows = ordered([found], withdrawals)
    if not rows.num_rows:
        return Done()
    with reaching(lake.root):
        withdrawn.record(lake.root, rows, {}, 0)
    return revoke(lake.root, plan_of, now(), Vacuum())
