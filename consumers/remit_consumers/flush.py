"""A flush: what was gathered becomes table commits, each with the receipt that speaks of its rows.

An event is counted in exactly one receipt: stored, refused and expired ones in the commit to their contract's table,
quarantined ones in the commit to the quarantine. Packs that a crash left in a table are not committed to it again.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.gather import Gathered, Partition
from remit_consumers.grouped import (
    Group,
    Identity,
    identity_of,
    read_of,
    sources_of,
    tenant_of,
    whole,
)
from remit_consumers.lake.columns import CONSENTS, CONSENTS_TABLE, WITHDRAWN
from remit_consumers.lake.commit import Flush, TableCommit
from remit_consumers.lake.quarantined import TABLE as QUARANTINE_TABLE
from remit_consumers.lake.receipt import (
    EventCounts,
    PackOutcome,
    Receipt,
    together,
)
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.pipeline import Refined, Walk, refine
from remit_consumers.plans import Plans
from remit_consumers.quarantining import quarantine
from remit_consumers.steps.open import Failed, Fate
from remit_schemas.category import DENYING
from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.errors import ContractError
from remit_schemas.header import NO_CONTRACT, Header


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
            parts += quarantine(group, refined, blank, now, now + self.raw_limit)
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
    ) -> Mapping[str, "Group"]:
        """What is to be committed, by contract; the name is empty where the contract is not known."""
        groups: dict[str, Group] = defaultdict(Group.empty)
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
            told = (done.get(table, {}) for table in (QUARANTINE_TABLE, f"events/{name}"))
            before = {one.get(failed.sealed.offset) for one in told}
            if before <= {None, PackOutcome.PARTLY}:  # else it stands, whatever its key is now
                is_expired = failed.outcome is Fate.EXPIRED
                group = groups[name]
                (group.expired if is_expired else group.quarantined).append(failed)
        return groups

    def _contract(self, header: Header) -> str:
        """The name of a pack's contract; empty where it is not on record."""
        try:
            return self.plans.contracts.by_fingerprint(header.fingerprint).name
        except ContractError:
            return ""

    def _refined(self, group: "Group", now: datetime) -> Refined | None:
        """Take a contract's packs through the steps."""
        if not group.opened or group.opened[0].header.fingerprint == NO_CONTRACT:
            return None  # counts of what no contract names: nothing to refine
        header = group.opened[0].header
        plan = self.plans.plan(self._contract(header), header.policy_version)
        return refine(group.opened, self.plans.contracts, plan, self.walk, lambda: now)

    def _events(self, group: "Group", refined: Refined | None, blank: Receipt) -> TableCommit:
        """The commit to a contract's event table: rows, or counts alone."""
        plan = refined.plan if refined else self.plans.plan(blank.contract, self.plans.newest)
        tenants = _with_expired(refined.tenants if refined else {}, group.expired)
        receipt = replace(
            blank,
            policy_version=plan.policy_version,
            events=together(tenants.values()),
            tenants=tenants,
            sources=sources_of(group.opened),
            packs=[
                *read_of(group, refined),
                *(whole(failed, PackOutcome.EXPIRED) for failed in group.expired),
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


def _raised(gathered: Gathered) -> dict[int, dict[tuple[bytes, int], int]]:
    """The marks that this flush raises, by partition."""
    marks: dict[int, dict[tuple[bytes, int], int]] = defaultdict(dict)
    for pack in gathered.opened:
        marks[pack.sealed.partition][pack.header.producer, pack.header.lane] = pack.header.sequence
    return marks


def _with_expired(
    tenants: Mapping[str, EventCounts], expired: Sequence[Failed]
) -> Mapping[str, EventCounts]:
    """What became of each tenant's events, those of packs whose key was destroyed among it."""
    found = dict(tenants)
    for failed in expired:
        gone = EventCounts(expired=failed.count)
        found[tenant_of(failed)] = together((found.get(tenant_of(failed), EventCounts()), gone))
    return found


def _consents(
    group: Group, refined: Refined, blank: Receipt, recorded: AbstractSet[Identity]
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
            fresh, read_of(replace(group, opened=list(fresh.values())), None), strict=True
        )
        if held[name]
    ]
    receipt = replace(blank, policy_version=refined.plan.policy_version, packs=packs)
    return [TableCommit(CONSENTS_TABLE, rows, receipt, CONSENTS)]


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
