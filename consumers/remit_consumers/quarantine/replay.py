"""Replay: what could not be read is read after all, by the stricter of what held then and what holds now.

The packs walk the one pipeline. Before it stand what is stopped and who is restricted; the list of the erased, the tenants and
the consent ledger are asked as they are now; and every plan is the stricter of that of its time and of today's. So a replay
never stores what would have been refused then, nor what would be refused now.

While it runs it holds the lake's lease and every consumer's lock of deciding, so that nothing is withdrawn, erased or committed
between the decision and the commit; a consumer on another machine is fenced by the transactions of the packs' partitions.

Source: DESIGN.md, D2, D3, D7.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.quiet import quiet
from remit_consumers.erasure.reach import maintaining
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.flush import Composer
from remit_consumers.gather import Gathered, Partition
from remit_consumers.lake.commit import Committed
from remit_consumers.lake.flush import Flush, TableCommit
from remit_consumers.lake.quarantined import EVENTS, TABLE, stands
from remit_consumers.lake.receipt import EventCounts, PackOutcome, together
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.lake.restrictions import standing
from remit_consumers.lake.tables import is_table
from remit_consumers.locks import CONSUMERS_MAX
from remit_consumers.pipeline import Walk, excluding, steps
from remit_consumers.plans import Plans
from remit_consumers.quarantine.guard import guarded
from remit_consumers.quarantine.settling import Place, place_of, read_before, settle
from remit_consumers.quarantine.sorting import Identity, Sorted, chunks, sort
from remit_consumers.steps.open import Opened
from remit_schemas.plan import Plan
from remit_schemas.stricter import stricter

PACKS_MAX = 64
"""Packs of one commit: some 64 MiB decoded at the very most."""

Progress = Callable[[int, int], None]
"""Told how many packs are stored, and of how many."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to.

    Attributes:
        packs: Packs that were read, or in a dry run could be.
        events: Events in them.
        stored: Of these, how many are in the lake.
        refused: Of these, how many are refused, by reason.
        malformed: Of these, how many stay in quarantine one by one.
        resent: Events of packs of which another copy was read.
        expired: Events that nobody may or can read any more.
        left: Events that stay, by the reason that holds now.
        left_packs: Packs that stay.
    """

    packs: int = 0
    events: int = 0
    stored: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    malformed: int = 0
    resent: int = 0
    expired: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    left_packs: int = 0


class StricterPlans(Plans):
    """Plans of which each is the stricter of its own version and the newest."""

    def plan(self, contract: str, version: str) -> Plan:
        """The plan of a contract under a version, less what the newest does not allow; KeyError if not on record."""
        return stricter(super().plan(contract, version), super().plan(contract, self.newest))


def replay(
    deployment: Deployment,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
    *,
    dry_run: bool = False,
) -> Outcome:
    """Read what can be read by now, take out what is over, leave the rest.

    Args:
        deployment: What it stands on.
        now: Aware UTC.
        progress: Told of each commit.
        dry_run: Only say what would be tried: what of it would be refused, only a replay decides.

    Raises:
        LakeError: The lake cannot be read or written; what is stored by then stays, and the next replay goes on.
        KeysOutOfReach: Keys, vault or the list of the erased cannot be read.
    """
    root = deployment.lake.root
    if not is_table(root, TABLE):
        return Outcome()
    plans = _plans(deployment)
    plans.take_up()
    with maintaining(root), quiet(deployment.settings.locks):
        done = read_before(root)
        rows = [row for row in stands(root).to_pylist() if not _is_done(row, done)]
        read, recorded = _identities(deployment, "read"), _identities(deployment, "recorded")
        found = sort(rows, deployment, plans, read, now)
        if dry_run:
            return _outcome(found, [])
        committed: list[Committed] = []
        for group in chunks(found.readable, PACKS_MAX):
            committed.append(_commit(deployment, plans, group, now, recorded))
            progress(sum(len(one.receipts[-1].packs) for one in committed), len(found.readable))
        settle(root, read_before(root), found.ended)
    return _outcome(found, committed)


def _is_done(row: Mapping[str, object], done: Mapping[Place, Replayed]) -> bool:
    """Whether the row of a pack only waits to be taken out: a replay that stored it was interrupted."""
    return row["index"] is None and place_of(row) in done


def _plans(deployment: Deployment) -> StricterPlans:
    return StricterPlans(
        deployment.contracts,
        deployment.policy,
        deployment.policy_folder,
        deployment.means.check,
        deployment.keys.tenancy,
    )


def _identities(deployment: Deployment, outcome: str) -> frozenset[Identity]:
    """The packs that receipts say came to an outcome."""
    rows = deployment.lake.receipts()
    mask = pc.and_(
        pc.equal(rows.column("kind"), "pack"),
        pc.equal(rows.column("decision"), PackOutcome(outcome).value),
    )
    told = rows.filter(pc.fill_null(mask, fill_value=False)).select(
        ["producer", "lane", "sequence"]
    )
    return frozenset(
        (bytes.fromhex(row["producer"]), row["lane"], row["sequence"]) for row in told.to_pylist()
    )


def _walk(deployment: Deployment, plans: StricterPlans, now: datetime) -> Walk:
    """The steps of a consumer, with the guard before them, as everything stands at this moment."""
    names, ledger = deployment.names(), deployment.ledger()
    ledger.load()
    floors = deployment.floors(CONSUMERS_MAX, lambda: now)
    walk = steps(names, deployment.means, floors, ledger, plans)
    walk = excluding(walk, Suppression.open(deployment.settings.keys), lambda: now)
    under = standing(deployment.lake.root).select(["tenant", "subject"]).to_pylist()
    held = {(row["tenant"] or "", row["subject"]) for row in under}
    epochs = ["", *plans.epochs(now)]

    def is_restricted(tenant: str, subject: str) -> bool:
        return bool(held) and any(
            (tenant, name) in held for name in names.ever(tenant, subject, epochs)
        )

    stopped = deployment.keys.status(now).stopped
    return replace(walk, entitle=guarded(walk.entitle, stopped, is_restricted))


def _commit(
    deployment: Deployment,
    plans: StricterPlans,
    group: Sequence[tuple[str, Opened, Replayed]],
    now: datetime,
    recorded: AbstractSet[Identity],
) -> Committed:
    """Take packs of one log and policy version through the steps, and commit what comes of them."""
    log_id, opened = group[0][0], [one for _, one, _ in group]
    partitions = {}
    for number in sorted({one.sealed.partition for one in opened}):
        position = deployment.lake.claim(log_id, number).position or 0
        partitions[number] = Partition(position, position)
    walk = _walk(
        deployment, plans, now
    )  # after the claims: what is committed later makes them stale
    composer = Composer(log_id, plans, walk, timedelta(hours=deployment.policy.raw_limit_h))
    gathered = Gathered(opened=opened, policy_version=opened[0].header.policy_version)
    flush = composer.flush(gathered, partitions, now, frozenset(), recorded)
    return deployment.lake.replay(_restated(flush, group, plans))


def _restated(flush: Flush, group: Sequence[tuple[str, Opened, Replayed]], plans: Plans) -> Flush:
    """Have the commits to events tables say what they take off the quarantine's count.

    Events that are malformed stay there, under the row that the pack has: they are counted in the same commit.
    """
    apart = [part for part in flush.parts if part.table == TABLE]
    bad: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for part in apart:
        for row in part.rows.to_pylist() if part.rows is not None else ():
            bad[row["partition"], row["offset"]].append(row["index"])
    told: defaultdict[str, list[Replayed]] = defaultdict(list)
    for _, pack, one in group:
        name = plans.contracts.by_fingerprint(pack.header.fingerprint).name
        places = tuple(sorted(bad[one.partition, one.offset]))
        told[f"{EVENTS}{name}"].append(replace(one, malformed=places))
    quarantined = {f"{EVENTS}{part.receipt.contract}": part for part in apart}
    parts = [
        _telling(part, told.get(part.table, ()), quarantined.get(part.table))
        for part in flush.parts
        if part.table != TABLE
    ]
    return replace(flush, parts=parts)


def _telling(
    part: TableCommit, replayed: Sequence[Replayed], apart: TableCommit | None
) -> TableCommit:
    """A commit that says what it takes off the quarantine's count, and which events it leaves there."""
    receipt = part.receipt
    if apart is not None:
        tenants = dict(receipt.tenants)
        for name, events in apart.receipt.tenants.items():
            tenants[name] = together((tenants.get(name, EventCounts()), events))
        events = together((receipt.events, apart.receipt.events))
        receipt = replace(receipt, events=events, tenants=tenants)
    return replace(part, receipt=replace(receipt, replayed=replayed))


def _outcome(found: Sorted, committed: Sequence[Committed]) -> Outcome:
    """Add up what became of everything."""
    counts = together(
        receipt.events for one in committed for receipt in one.receipts if receipt.replayed
    )
    ended: Counter[Settled] = Counter()
    for one in found.ended.values():
        ended[one.settled] += one.count
    return Outcome(
        packs=len(found.readable),
        events=sum(len(pack.datums) + len(pack.datums.malformed) for _, pack, _ in found.readable),
        stored=counts.stored,
        refused=counts.refused,
        malformed=sum(counts.quarantined.values()),
        resent=ended[Settled.RESENT],
        expired=ended[Settled.EXPIRED],
        left=dict(found.left),
        left_packs=len(found.left_packs),
    )


__all__ = ["Outcome", "StricterPlans", "replay"]
