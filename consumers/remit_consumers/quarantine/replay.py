"""Replay: what could not be read is read after all, by the stricter of what held then and what holds now.

The packs walk the one pipeline. Before it stand what is stopped and who is restricted; the list of the erased, the tenants and
the consent ledger are asked as they are now; and every plan is the stricter of that of its time and of today's. So a replay
never stores what would have been refused then, nor what would be refused now.

While it runs it holds the lake's lease and every consumer's lock of deciding, so that nothing is withdrawn, erased or committed
between the decision and the commit; a consumer on another machine is fenced by the transactions of the packs' partitions.

Source: DESIGN.md, D2, D3, D7.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.quiet import quiet
from remit_consumers.erasure.reach import maintaining
from remit_consumers.flush import Composer
from remit_consumers.gather import Partition
from remit_consumers.lake.quarantined import TABLE, stands
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import PackOutcome, Receipt, together
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.lake.settling import (
    Place,
    is_of,
    place_of,
    read_before,
    replaying,
    settle,
)
from remit_consumers.lake.tables import is_table
from remit_consumers.plans import Plans
from remit_consumers.quarantine.composing import composed, walk_now
from remit_consumers.quarantine.sorting import Identity, Readable, Sorted, chunks, sort
from remit_schemas.errors import StaleWriter
from remit_schemas.plan import Plan
from remit_schemas.stricter import stricter

PACKS_MAX = 64
"""Packs of one commit: some 64 MiB decoded at the very most."""

ATTEMPTS = 20
"""How often a commit is tried where a consumer of another machine commits all the while for the same partitions: that one
commits once a second at most as it is set, and is fenced once a replay was faster."""

Progress = Callable[[int, int], None]
"""Told how many packs are stored, and of how many."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to.

    Attributes:
        packs: Packs that were read, or in a dry run could be.
        events: Events in them.
        stored: Of these, how many are in the lake, or in a dry run would be; so for all that follows.
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
    left: Mapping[Reason, int] = field(default_factory=dict)
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
        dry_run: Only say what would become of it: it takes the same steps, and nothing is written.

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
        found = sort(rows, deployment, plans, _identities(deployment, "read"), now)
        if dry_run:
            return _outcome(found, _foreseen(deployment, plans, found, now))
        packs = 0
        for group in chunks(found.readable, PACKS_MAX):
            _stored(deployment, plans, group, now)
            packs += len(group)
            progress(packs, len(found.readable))
        settle(root, read_before(root), found.ended)
        places = frozenset(map(_place, found.readable))
        return _outcome(found, (one for one in replaying(root) if is_of(one, places)))


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


def _stored(
    deployment: Deployment, plans: StricterPlans, group: Sequence[Readable], now: datetime
) -> None:
    """Commit packs of one log and policy version; a consumer elsewhere that commits before has it begin again.

    Raises:
        StaleWriter: That happened each time.
    """
    root, left = deployment.lake.root, list(group)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _commit(deployment, plans, left, now)
        except StaleWriter:
            done = read_before(
                root
            )  # one table may stand that was committed before another was not
            left = [one for one in left if _place(one) not in done]
            if not left:
                return
            if attempt == ATTEMPTS:
                raise
        else:
            return


def _commit(
    deployment: Deployment, plans: StricterPlans, group: Sequence[Readable], now: datetime
) -> None:
    """Take packs through the steps, and commit what comes of them."""
    log_id = group[0][0]
    partitions = {}
    for number in sorted({one.sealed.partition for _, one, _ in group}):
        position = deployment.lake.claim(log_id, number).position or 0
        partitions[number] = Partition(position, position)
    walk = walk_now(
        deployment, plans, now
    )  # after the claims: what is committed later makes them stale
    recorded = _identities(deployment, "recorded")
    composer = Composer(log_id, plans, walk, timedelta(hours=deployment.policy.raw_limit_h))
    deployment.lake.replay(composed(composer, group, partitions, now, recorded))


def _foreseen(
    deployment: Deployment, plans: StricterPlans, found: Sorted, now: datetime
) -> Iterator[Receipt]:
    """Give the receipts of the commits that a replay would make now. Nothing is written, and no subject gets a secret."""
    looking = replace(deployment, vault=deployment.vault.unwritten())
    walk, recorded = walk_now(looking, plans, now), _identities(deployment, "recorded")
    for group in chunks(found.readable, PACKS_MAX):
        composer = Composer(
            group[0][0], plans, walk, timedelta(hours=deployment.policy.raw_limit_h)
        )
        partitions = {one.sealed.partition: Partition(0, 0) for _, one, _ in group}
        for part in composed(composer, group, partitions, now, recorded).parts:
            yield part.receipt


def _place(one: Readable) -> Place:
    """Where a pack lay."""
    return one[0], one[1].sealed.partition, one[1].sealed.offset


def _outcome(found: Sorted, receipts: Iterable[Receipt]) -> Outcome:
    """Add up what became of everything."""
    counts = together(receipt.events for receipt in receipts if receipt.replayed)
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
