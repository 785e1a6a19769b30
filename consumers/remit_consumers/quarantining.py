"""What a flush commits to the quarantine: packs that could not be read, and single datums, sealed as they came."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from remit_consumers.grouped import Group, partly, read_of, sources_of, tenant_of, whole
from remit_consumers.lake.columns import QUARANTINE
from remit_consumers.lake.commit import TableCommit
from remit_consumers.lake.quarantined import TABLE
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import EventCounts, PackCount, PackOutcome, Receipt, together
from remit_consumers.pipeline import Refined
from remit_consumers.steps.open import Failed, Opened


def quarantine(
    group: Group, refined: Refined | None, blank: Receipt, now: datetime, until: datetime
) -> list[TableCommit]:
    """The commit to the quarantine, if anything of this contract goes there; packs stay sealed as they came."""
    kept = {
        "log": blank.log,
        "contract": blank.contract or None,
        "quarantined_at": now,
        "keep_until": until,
    }
    rows: list[dict[str, object]] = []
    packs: list[PackCount] = []
    reasons: defaultdict[str, Counter[Reason]] = defaultdict(Counter)
    for failed in group.quarantined:
        reason = Reason(failed.reason)
        rows.append(kept | _row(failed, reason, failed.count))
        packs.append(whole(failed, PackOutcome.QUARANTINED))
        reasons[tenant_of(failed)][reason] += failed.count
    for number, places in (refined.malformed if refined else {}).items():
        if number in group.parted:
            continue
        pack = group.opened[number]
        once = _row(pack, Reason.MALFORMED, 1)
        rows += [
            kept | once | {"index": place, "sealed": once["sealed"] if not at else None}
            for at, place in enumerate(places)
        ]
        packs.append(partly(pack, len(places)))
        reasons[pack.header.tenant][Reason.MALFORMED] += len(places)
    nameless = (
        [] if blank.contract else group.opened
    )  # packs that only count what no contract names
    if not rows and not nameless:
        return []
    packs += read_of(Group(nameless, set(), [], []), None)
    tenants = {tenant: EventCounts(quarantined=dict(counts)) for tenant, counts in reasons.items()}
    receipt = replace(
        blank,
        events=together(tenants.values()),
        tenants=tenants,
        packs=packs,
        sources=sources_of(nameless),
    )
    return [TableCommit(TABLE, pa.Table.from_pylist(rows, QUARANTINE) if rows else None, receipt)]


def _row(item: Opened | Failed, reason: Reason, count: int) -> dict[str, object]:
    """A row of the quarantine for one pack.

    Bytes without a header were never sealed, for all we know, and nobody can read them: only those of a newer format are kept.
    """
    is_kept = item.header is not None or reason is Reason.NEWER_FORMAT
    return {
        "partition": item.sealed.partition,
        "offset": item.sealed.offset,
        "pack": item.header.pack_id if item.header else None,
        "index": None,
        "reason": reason.value,
        "count": count,
        "sealed": item.sealed.data if is_kept else None,
    }
