"""A flush: what was gathered becomes table commits, each with the receipt that speaks of its rows.

An event is counted in exactly one receipt: stored, refused and expired ones in the commit to their contract's table,
quarantined ones in the commit to the quarantine. Packs that a crash left in a table are not committed to it again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.gather import Gathered, Partition
from remit_consumers.lake.columns import CONSENTS, CONSENTS_TABLE, QUARANTINE, WITHDRAWN
from remit_consumers.lake.commit import Flush, TableCommit
from remit_consumers.lake.quarantined import TABLE as QUARANTINE_TABLE
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import (
    EventCounts,
    PackCount,
    PackOutcome,
    Receipt,
    SourceCount,
    together,
)
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.pipeline import Refined, Walk, refine
from remit_consumers.plans import Plans
from remit_consumers.steps.open import Failed, Fate, Opened
from remit_schemas.category import DENYING
from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.errors import ContractError
from remit_schemas.header import NO_CONTRACT, Header

Identity = tuple[bytes, int, int]
"""Of a pack: producer, lane, sequence."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes flushes.

    Attributes:
        log_id: The log that is read.
        plans: Contracts and policies on record, compiled.
        walk: The steps in their order.
        raw_limit: How long sealed raw data may lie anywhere: quarantine keeps no longer.
    """

    log_id: str
    plans: Plans
    walk: Walk
    raw_limit: timedelta

    def flush(
        self,
        gathered: Gathered,
        partitions: Mapping[int, Partition],
        now: datetime,
        read: AbstractSet[Identity] = frozenset(),
        recorded: AbstractSet[Identity] = frozenset(),
    ) -> Flush:
        """Refine what was gathered and say what is to be committed.

        Consent changes come first: whatever they say holds for everything in the flush.

        Args:
            gathered: Packs of one policy version.
            partitions: Those that the packs lay on.
            now: Aware UTC.
            read: Packs whose events a crash left in the lake already, wherever on the log a copy of them lies.
            recorded: Packs whose consent changes it left in the ledger.
        """
        positions = {number: (each.committed, each.reached) for number, each in partitions.items()}
        groups = self._groups(gathered, partitions, read)
        parts: list[TableCommit] = []
        tagsets: list[Tagset] = []
        withdrawn = WITHDRAWN.empty_table()
        for name, group in sorted(groups.items(), key=lambda each: each[0] != CONSENT_CHANGE):
            refined = self._refined(group, now)
            blank = Receipt(self.log_id, name, "", positions, EventCounts())
            parts += _quarantine(group, refined, blank, now, now + self.raw_limit)
            if name and (group.opened or group.expired):
                parts.append(self._events(group, refined, blank))
            if refined and refined.records.num_rows:
                withdrawn = refined.withdrawn
                self.walk.ledger.take(refined.records)
                minors = self.walk.withdrawals.of_minors(refined.stated, refined.plan.minors, now)
                withdrawn = pa.concat_tables([withdrawn, minors])
                parts += _consents(group, refined, blank, recorded)
            tagsets += refined.tagsets if refined else []
        if parts:
            first = parts[0]
            parts[0] = replace(
                first, receipt=replace(first.receipt, gaps=gathered.gaps, resent=gathered.resent)
            )
        return Flush(self.log_id, positions, parts, _raised(gathered), tagsets, withdrawn)

    def _groups(
        self, gathered: Gathered, partitions: Mapping[int, Partition], read: AbstractSet[Identity]
    ) -> Mapping[str, "_Group"]:
        """What is to be committed, by contract; the name is empty where the contract is not known."""
        groups: dict[str, _Group] = defaultdict(_Group.empty)
        for pack in gathered.opened:
            name = self._contract(pack.header)
            done = partitions[pack.sealed.partition].done
            stands = done.get(QUARANTINE_TABLE, {}).get(pack.sealed.offset)
            if identity_of(pack.header) in read or stands not in {None, PackOutcome.PARTLY}:
                continue
            groups[name].opened.append(pack)
            if stands:
                groups[name].parted.add(len(groups[name].opened) - 1)
        for failed in gathered.failed:
            name = self._contract(failed.header) if failed.header else ""
            done = partitions[failed.sealed.partition].done
            is_expired = failed.outcome is Fate.EXPIRED
            table = f"events/{name}" if is_expired else QUARANTINE_TABLE
            if failed.sealed.offset not in done.get(table, {}):
                (groups[name].expired if is_expired else groups[name].quarantined).append(failed)
        return groups

    def _contract(self, header: Header) -> str:
        """The name of a pack's contract; empty where it is not on record."""
        try:
            return self.plans.contracts.by_fingerprint(header.fingerprint).name
        except ContractError:
            return ""

    def _refined(self, group: "_Group", now: datetime) -> Refined | None:
        """Take a contract's packs through the steps."""
        if not group.opened or group.opened[0].header.fingerprint == NO_CONTRACT:
            return None  # counts of what no contract names: nothing to refine
        header = group.opened[0].header
        plan = self.plans.plan(self._contract(header), header.policy_version)
        return refine(group.opened, self.plans.contracts, plan, self.walk, lambda: now)

    def _events(self, group: "_Group", refined: Refined | None, blank: Receipt) -> TableCommit:
        """The commit to a contract's event table: rows, or counts alone."""
        plan = refined.plan if refined else self.plans.plan(blank.contract, self.plans.newest)
        tenants = _with_expired(refined.tenants if refined else {}, group.expired)
        receipt = replace(
            blank,
            policy_version=plan.policy_version,
            events=together(tenants.values()),
            tenants=tenants,
            sources=_sources(group.opened),
            packs=[
                *_read(group, refined),
                *(_whole(failed, PackOutcome.EXPIRED) for failed in group.expired),
            ],
            fields=refined.counts if refined else (),
            purposes=refined.purposes if refined else {},
            ledger=self.walk.ledger.version,
            versions=refined.versions if refined else {},
            filled=refined.filled if refined else {},
            floored=refined.floored if refined else {},
        )
        schema = (
            refined.schema if refined else self.plans.schema(blank.contract, plan.policy_version)
        )
        return TableCommit(
            f"events/{blank.contract}", refined.rows if refined else None, receipt, schema
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """What came for one contract.

    Attributes:
        opened: Packs that opened.
        parted: Those of them (by number) whose malformed datums stand in quarantine already.
        expired: Packs whose key was destroyed.
        quarantined: Packs that could not be read.
    """

    opened: list[Opened]
    parted: set[int]
    expired: list[Failed]
    quarantined: list[Failed]

    @classmethod
    def empty(cls) -> "_Group":
        return cls([], set(), [], [])


def identity_of(header: Header) -> Identity:
    """Which pack it is, wherever on the log a copy of it lies."""
    return header.producer, header.lane, header.sequence


def _raised(gathered: Gathered) -> dict[int, dict[tuple[bytes, int], int]]:
    """The marks that this flush raises, by partition."""
    marks: dict[int, dict[tuple[bytes, int], int]] = defaultdict(dict)
    for pack in gathered.opened:
        marks[pack.sealed.partition][pack.header.producer, pack.header.lane] = pack.header.sequence
    return marks


def _sources(packs: Sequence[Opened]) -> list[SourceCount]:
    """The counts of each (producer, lane, tenant): they only grow, so the largest of each holds."""
    found: dict[tuple[bytes, int, str], SourceCount] = {}
    for pack in packs:
        header = pack.header
        key = header.producer, header.lane, header.tenant
        before = found.get(key) or SourceCount(
            header.producer, header.lane, 0, 0, tenant=header.tenant
        )
        refused = dict(before.refused)
        for reason, events in header.counts.refused.items():
            refused[reason] = max(events, refused.get(reason, 0))
        found[key] = replace(
            before,
            sequence=max(before.sequence, header.sequence),
            offered=max(before.offered, header.counts.offered + _held(pack)),
            let_go=max(before.let_go, header.counts.let_go),
            refused=refused,
        )
    return list(found.values())


def _held(pack: Opened) -> int:
    """How many events the source put into a pack, those that did not open included."""
    return len(pack.datums) + len(pack.datums.malformed)


def _read(group: _Group, refined: Refined | None) -> Iterator[PackCount]:
    """The packs that were read: each speaks of its well-formed events."""
    for number, pack in enumerate(group.opened):
        malformed = len(refined.malformed.get(number, ())) if refined else 0
        yield PackCount(
            producer=pack.header.producer,
            lane=pack.header.lane,
            sequence=pack.header.sequence,
            partition=pack.sealed.partition,
            offset=pack.sealed.offset,
            count=_held(pack) - malformed,
            sha256=pack.sha256,
            tenant=pack.header.tenant,
        )


def _whole(failed: Failed, outcome: PackOutcome) -> PackCount:
    """A pack that was not read, as its header claims it."""
    header = failed.header
    return PackCount(
        producer=header.producer if header else b"",
        lane=header.lane if header else 0,
        sequence=header.sequence if header else 0,
        partition=failed.sealed.partition,
        offset=failed.sealed.offset,
        count=failed.count,
        sha256=failed.sha256,
        outcome=outcome,
        tenant=_tenant(failed),
    )


def _tenant(failed: Failed) -> str:
    """Whose a pack claims to be that was not read; the operator's where it has no header."""
    return failed.header.tenant if failed.header else ""


def _with_expired(
    tenants: Mapping[str, EventCounts], expired: Sequence[Failed]
) -> Mapping[str, EventCounts]:
    """What became of each tenant's events, those of packs whose key was destroyed among it."""
    found = dict(tenants)
    for failed in expired:
        gone = EventCounts(expired=failed.count)
        found[_tenant(failed)] = together((found.get(_tenant(failed), EventCounts()), gone))
    return found


def _quarantine(
    group: _Group, refined: Refined | None, blank: Receipt, now: datetime, until: datetime
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
        packs.append(_whole(failed, PackOutcome.QUARANTINED))
        reasons[_tenant(failed)][reason] += failed.count
    for number, places in (refined.malformed if refined else {}).items():
        if number in group.parted:
            continue
        pack = group.opened[number]
        once = _row(pack, Reason.MALFORMED, 1)
        rows += [
            kept | once | {"index": place, "sealed": once["sealed"] if not at else None}
            for at, place in enumerate(places)
        ]
        packs.append(_partly(pack, len(places)))
        reasons[pack.header.tenant][Reason.MALFORMED] += len(places)
    nameless = (
        [] if blank.contract else group.opened
    )  # packs that only count what no contract names
    if not rows and not nameless:
        return []
    packs += _read(_Group(nameless, set(), [], []), None)
    tenants = {tenant: EventCounts(quarantined=dict(counts)) for tenant, counts in reasons.items()}
    receipt = replace(
        blank,
        events=together(tenants.values()),
        tenants=tenants,
        packs=packs,
        sources=_sources(nameless),
    )
    return [
        TableCommit(
            QUARANTINE_TABLE, pa.Table.from_pylist(rows, QUARANTINE) if rows else None, receipt
        )
    ]


def _consents(
    group: _Group, refined: Refined, blank: Receipt, recorded: AbstractSet[Identity]
) -> list[TableCommit]:
    """The commit to the consent ledger: the records of the packs that a crash did not leave there."""
    fresh = {
        pack.header.pack_id: pack
        for pack in group.opened
        if identity_of(pack.header) not in recorded
    }
    rows = refined.records.filter(
        pc.is_in(refined.records.column("pack"), pa.array([*fresh], pa.string()))
    )
    if not rows.num_rows:
        return []
    held = Counter(rows.column("pack").to_pylist())
    packs = [
        replace(pack, count=held[name], outcome=PackOutcome.RECORDED)
        for name, pack in zip(
            fresh, _read(replace(group, opened=list(fresh.values())), None), strict=True
        )
        if held[name]
    ]
    receipt = replace(blank, policy_version=refined.plan.policy_version, packs=packs)
    return [TableCommit(CONSENTS_TABLE, rows, receipt, CONSENTS)]


def _partly(pack: Opened, malformed: int) -> PackCount:
    """A pack of which some datums stand in quarantine."""
    header, sealed = pack.header, pack.sealed
    place = sealed.partition, sealed.offset
    return PackCount(
        header.producer,
        header.lane,
        header.sequence,
        *place,
        malformed,
        pack.sha256,
        PackOutcome.PARTLY,
        header.tenant,
    )


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


def denied_for_s(flush: Flush, now: datetime) -> list[float]:
    """How long each denial of a flush had been on its way, in seconds.

    Args:
        flush: What was committed.
        now: When that was, aware UTC.
    """
    rows = [part.rows for part in flush.parts if part.table == CONSENTS_TABLE and part.rows]
    if not rows:
        return []
    denials = pa.concat_tables(rows)
    denials = denials.filter(pc.is_in(denials.column("status"), pa.array(DENYING)))
    return [(now - at).total_seconds() for at in denials.column("effect_at").to_pylist()]
