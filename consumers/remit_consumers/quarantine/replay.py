"""Replay: what could not be read is read after all, by the stricter of what held then and what holds now.

The packs walk the one pipeline. Before it stand what is stopped and who is restricted; the list of the erased, the tenants and
the consent ledger are asked as they are now; and every plan is the stricter of that of its time and of today's. So a replay
never stores what would have been refused then, nor what would be refused now.

While it runs it holds the lake's lease and every consumer's lock of deciding, so that nothing is withdrawn, erased or committed
between the decision and the commit; a consumer on another machine is fenced by the transactions of the packs' partitions.

Source: DESIGN.md, D2, D3, D7.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.quiet import quiet
from remit_consumers.erasure.reach import maintaining
from remit_consumers.flush import Composer
from remit_consumers.gather import Partition
from remit_consumers.lake.quarantined import TABLE, stands
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import PackOutcome, Receipt, together
from remit_consumers.lake.replayed import Settled
from remit_consumers.lake.settling import is_read, read_before, settle
from remit_consumers.lake.tables import is_table
from remit_consumers.plans import Plans
from remit_consumers.quarantine.composing import composed, identities, walk_now
from remit_consumers.quarantine.sorting import Sorted, chunks, sort
from remit_consumers.quarantine.storing import Storing
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
        rows = [row for row in stands(root).to_pylist() if not is_read(row, done)]
        storing = Storing(deployment, plans, now)
        found = sort(rows, deployment, plans, identities(deployment, PackOutcome.READ), now)
        if dry_run:
            return _outcome(found, _foreseen(deployment, plans, found, now))
        packs = 0
        for group in chunks(found.readable, PACKS_MAX):
            storing.store(group)
            packs += len(group)
            progress(packs, len(found.readable))
        settle(root, read_before(root), found.ended)
        return _outcome(found, storing.receipts())


def _plans(deployment: Deployment) -> StricterPlans:
    return StricterPlans(
        deployment.contracts,
        deployment.policy,
        deployment.policy_folder,
        deployment.means.check,
        deployment.keys.tenancy,
    )


def _foreseen(
    deployment: Deployment, plans: StricterPlans, found: Sorted, now: datetime
) -> Iterator[Receipt]:
    """Give the receipts of the commits that a replay would make now. Nothing is written, and no subject gets a secret."""
    looking = replace(deployment, vault=deployment.vault.unwritten())
    walk, recorded = walk_now(looking, plans, now), identities(deployment, PackOutcome.RECORDED)
    for group in chunks(found.readable, PACKS_MAX):
        composer = Composer(
            group[0].log, plans, walk, timedelta(hours=deployment.policy.raw_limit_h)
        )
        partitions = {one.pack.sealed.partition: Partition(0, 0) for one in group}
        for part in composed(composer, group, partitions, now, recorded).parts:
            yield part.receipt


def _outcome(found: Sorted, receipts: Iterable[Receipt]) -> Outcome:
    """Add up what became of everything."""
    counts = together(receipt.events for receipt in receipts if receipt.replayed)
    ended: Counter[Settled] = Counter()
    for one in found.ended.values():
        ended[one.settled] += one.count
    return Outcome(
        packs=len(found.readable),
        events=sum(len(one.pack.datums) + len(one.pack.datums.malformed) for one in found.readable),
        stored=counts.stored,
        refused=counts.refused,
        malformed=sum(counts.quarantined.values()),
        resent=ended[Settled.RESENT],
        expired=ended[Settled.EXPIRED],
        left=dict(found.left),
        left_packs=len(found.left_packs),
    )


__all__ = ["Outcome", "StricterPlans", "replay"]
