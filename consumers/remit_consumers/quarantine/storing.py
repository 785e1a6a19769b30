"""Storing: what a replay decided is committed, also where consumers of other machines commit all the while.

Those of this machine stand still meanwhile (`quiet`). Each commit of another one fences a commit of the replay that was
claimed before it, so it is tried again: what was decided stays, as long as nothing came to the consent ledger and nobody
stored another copy of one of the packs. Then only the claim lies between two commits of theirs, and the replay finds room.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from remit_consumers.deployment import Deployment
from remit_consumers.flush import Composer
from remit_consumers.gather import Partition
from remit_consumers.grouped import Identity, identity_of
from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.flush import Flush
from remit_consumers.lake.history import receipts_after
from remit_consumers.lake.log import newest_version
from remit_consumers.lake.quarantined import EVENTS
from remit_consumers.lake.receipt import PackOutcome, Receipt
from remit_consumers.lake.settling import Key, key_told
from remit_consumers.lake.tables import row_tables
from remit_consumers.plans import Plans
from remit_consumers.quarantine.composing import composed, identities, walk_now
from remit_consumers.quarantine.readable import Readable
from remit_schemas.errors import StaleWriter

ATTEMPTS = 200
"""How often a commit is tried: a consumer elsewhere is fenced once a try was faster, and stands still for as long as it
takes to read where the lake stands; 20 were too few beside one that commits ten times a second."""

DECIDED_S = 5.0
"""For how long a decision is good: then suppression, restrictions and all else are asked anew."""


@dataclass(slots=True)
class Storing:
    """The commits of one replay. Make it before asking which packs were read: it knows of those that are read since.

    Attributes:
        deployment: What it stands on.
        plans: The stricter of then and now.
        now: Aware UTC.
    """

    deployment: Deployment
    plans: Plans
    now: datetime
    _begun: dict[str, int] = field(default_factory=dict)
    _stood: dict[str, int] = field(default_factory=dict)
    _since: set[Identity] = field(default_factory=set)
    _done: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        root = self.deployment.lake.root
        self._begun = {name: newest_version(root / name) for name in _tables(root)}
        self._stood = dict(self._begun)

    def store(self, group: Sequence[Readable]) -> None:
        """Commit packs of one log and policy version, but for those of which somebody stored a copy meanwhile.

        Raises:
            StaleWriter: A consumer of another machine was faster each time.
        """
        left = list(group)
        decided: _Decided | None = None
        for _ in range(ATTEMPTS):
            partitions = self._claimed(group)
            still = self._not_read_since(left)
            if not still:
                return
            ledger = newest_version(self.deployment.lake.root / CONSENTS_TABLE)
            if decided is None or len(still) < len(left) or not decided.holds(ledger):
                left = still
                begun = time.monotonic()
                decided = _Decided(self._decide(left, partitions), ledger, begun)
            try:
                self.deployment.lake.replay(_claiming(decided.flush, partitions))
            except StaleWriter:
                continue
            return
        message = "consumers of other machines commit too often for a replay: stop them, or have them flush later"
        raise StaleWriter(message)

    def receipts(self) -> Iterator[Receipt]:
        """The receipts of what was committed since this was made: others tell of nothing that was in quarantine."""
        root = self.deployment.lake.root
        for name in _tables(root):
            yield from receipts_after(root, name, self._begun.get(name, -1))

    def _claimed(self, group: Sequence[Readable]) -> dict[int, Partition]:
        """Claim the partitions that packs lay on: what others commit from here on makes the claim stale."""
        log_id = group[0].log
        partitions = {}
        for number in sorted({one.pack.sealed.partition for one in group}):
            position = self.deployment.lake.claim(log_id, number).position or 0
            partitions[number] = Partition(position, position)
        return partitions

    def _not_read_since(self, group: Sequence[Readable]) -> list[Readable]:
        """The packs that nobody stored since this was made: another copy of them, or this replay before it was fenced."""
        root = self.deployment.lake.root
        for name in _tables(root):
            begins, self._stood[name] = self._stood.get(name, -1), newest_version(root / name)
            for receipt in receipts_after(root, name, begins):
                self._since |= {
                    (pack.producer, pack.lane, pack.sequence)
                    for pack in receipt.packs
                    if pack.outcome is PackOutcome.READ
                }
                self._done |= {key_told(receipt.log, one) for one in receipt.replayed}
        return [
            one
            for one in group
            if identity_of(one.pack.header) not in self._since
            and key_told(one.log, one.told) not in self._done
        ]

    def _decide(self, group: Sequence[Readable], partitions: dict[int, Partition]) -> Flush:
        """Take packs through the steps, as everything stands at this moment."""
        walk = walk_now(self.deployment, self.plans, self.now)
        recorded = identities(self.deployment, PackOutcome.RECORDED)
        raw_limit = timedelta(hours=self.deployment.policy.raw_limit_h)
        composer = Composer(group[0].log, self.plans, walk, raw_limit)
        return composed(composer, group, partitions, self.now, recorded)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided, by which version of the consent ledger, and when (monotonic seconds)."""

    flush: Flush
    ledger: int
    at: float

    def holds(self, ledger: int) -> bool:
        """Whether nothing came to the ledger since, and it is not long ago."""
        return ledger == self.ledger and time.monotonic() - self.at < DECIDED_S


def _claiming(flush: Flush, partitions: dict[int, Partition]) -> Flush:
    """The same flush, from where its partitions stand now."""
    stands = {number: (each.committed, each.reached) for number, each in partitions.items()}
    parts = [replace(part, receipt=replace(part.receipt, positions=stands)) for part in flush.parts]
    return replace(flush, positions=stands, parts=parts)


def _tables(root: Path) -> list[str]:
    """The tables of events."""
    return [name for name in row_tables(root) if name.startswith(EVENTS)]
