"""What stands in quarantine, told by reason and contract; never what it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.fault import reaching
from remit_consumers.lake.quarantined import unsealed
from remit_consumers.lake.reasons import MENDABLE, Reason

ENDS_SOON = timedelta(hours=24)
"""How long before its end what could be mended is told as urgent: a day, of the three that the raw limit gives."""

_PLACE = ["log", "partition", "offset"]


@dataclass(frozen=True, slots=True)
class Held:
    """What stands there for one reason, of one contract.

    Attributes:
        reason: Why.
        contract: Of its events; empty where that is not known.
        packs: Packs, counted once also where several datums of one stand there.
        events: Events, as far as can be told.
        since: When the first of them came there.
        readable_until: When the first of them can be read no more, at the latest.
    """

    reason: Reason
    contract: str
    packs: int
    events: int
    since: datetime
    readable_until: datetime

    def ends_soon(self, now: datetime) -> bool:
        """Whether somebody can mend the reason, and has less than a day left for it."""
        return self.reason in MENDABLE and self.readable_until - now < ENDS_SOON


def held(rows: pa.Table) -> list[Held]:
    """Sum rows of the quarantine by reason and contract, in that order (columns: those of `unsealed`)."""
    place = rows.schema.get_field_index("contract")
    rows = rows.set_column(place, "contract", pc.fill_null(rows.column("contract"), ""))
    packs = rows.group_by(["reason", "contract", *_PLACE]).aggregate(
        [("count", "sum"), ("quarantined_at", "min"), ("keep_until", "min")]
    )
    told = [([], "count_all"), ("count_sum", "sum")]
    told += [("quarantined_at_min", "min"), ("keep_until_min", "min")]
    groups = packs.group_by(["reason", "contract"]).aggregate(told)
    order = [("reason", "ascending"), ("contract", "ascending")]
    return [
        Held(
            reason=Reason(row["reason"]),
            contract=row["contract"],
            packs=row["count_all"],
            events=row["count_sum_sum"],
            since=row["quarantined_at_min_min"],
            readable_until=row["keep_until_min_min"],
        )
        for row in groups.sort_by(order).to_pylist()
    ]


def held_in(root: Path) -> list[Held]:
    """Sum what stands in the quarantine of a lake.

    Raises:
        LakeError: It cannot be read.
    """
    with reaching(root):
        return held(unsealed(root))


def by_reason(groups: Iterable[Held]) -> dict[Reason, Held]:
    """What stands there for each reason, of all contracts together."""
    found: dict[Reason, Held] = {}
    for one in groups:
        before = found.get(one.reason)
        found[one.reason] = _together(before, one) if before else one
    return found


def _together(one: Held, other: Held) -> Held:
    return Held(
        reason=one.reason,
        contract="",
        packs=one.packs + other.packs,
        events=one.events + other.events,
        since=min(one.since, other.since),
        readable_until=min(one.readable_until, other.readable_until),
    )
