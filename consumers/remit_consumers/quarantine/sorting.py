"""Sorting: what of the quarantine can be read now, what is over, and what stays."""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from remit_consumers.deployment import Deployment
from remit_consumers.grouped import Identity, identity_of
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.lake.settling import Key, Place, Row, ending, key_of, place_of, told_of
from remit_consumers.plans import Plans
from remit_consumers.quarantine.mending import mended
from remit_consumers.quarantine.readable import Readable
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Failed, Fate, Opened, open_packs
from remit_schemas.header import NO_CONTRACT


@dataclass(slots=True)
class Sorted:
    """What becomes of what stands in quarantine.

    Attributes:
        readable: Packs to be read now.
        ended: What is over: expired, or read from another copy.
        left: Events that stay, by the reason that holds now.
        left_packs: Packs that stay.
    """

    readable: list[Readable] = field(default_factory=list)
    ended: dict[Key, Replayed] = field(default_factory=dict)
    left: Counter[Reason] = field(default_factory=Counter)
    left_packs: set[Place] = field(default_factory=set)

    def mend(self, rows: Sequence[Row], one: Readable | None) -> None:
        """Have those events of a pack read that can be by now, and let the others stay."""
        left = len(one.told.malformed) if one else len(rows)
        if one:
            self.readable.append(one)
        if left:
            self.left[Reason.MALFORMED] += left
            self.left_packs.add(place_of(rows[0]))

    def leave(self, rows: Sequence[Row], reason: Reason) -> None:
        """Let the rows of a pack stay."""
        self.left[reason] += sum(row["count"] for row in rows)
        self.left_packs.add(place_of(rows[0]))


def sort(
    rows: Iterable[Row],
    deployment: Deployment,
    plans: Plans,
    read: AbstractSet[Identity],
    now: datetime,
) -> Sorted:
    """Sort rows of the quarantine, the oldest first.

    Args:
        rows: As they stand, sealed bytes included.
        deployment: Its keys and contracts open them.
        plans: Say which policy versions are on record.
        read: Packs whose events are in the lake.
        now: What must go by then has expired.
    """
    found, taken = Sorted(), set(read)
    expired: list[Row] = []
    resent: list[Row] = []
    for group in _together(rows):
        first, item = group[0], _opened(group, deployment)
        is_over = first["keep_until"] <= now or (
            isinstance(item, Failed) and item.outcome is Fate.EXPIRED
        )
        if is_over:
            expired += group
        elif item is None:
            found.leave(group, Reason(first["reason"]))
        elif isinstance(item, Failed):
            found.leave(group, Reason(item.reason) if first["index"] is None else Reason.MALFORMED)
        elif item.header.fingerprint == NO_CONTRACT or not plans.knows(item.header.policy_version):
            # what only counts has no event to be stored, and the next pack of its source counts the same and more
            found.leave(group, Reason(first["reason"]))
        elif first["index"] is not None:
            found.mend(group, mended(group, item, deployment.contracts))
        elif identity_of(item.header) in taken:
            resent += group
        else:
            taken.add(identity_of(item.header))
            found.readable.append(Readable(first["log"], item, told_of(first, Settled.READ)))
    found.ended = ending(expired, Settled.EXPIRED) | ending(resent, Settled.RESENT)
    return found


def _together(rows: Iterable[Row]) -> Iterable[Sequence[Row]]:
    """Rows that share one fate: events of a pack that stand one by one have its bytes with one of them alone."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return groups.values()


def _opened(group: Sequence[Row], deployment: Deployment) -> Opened | Failed | None:
    """Open the pack of some rows; None where its bytes are gone."""
    sealed = [
        Sealed(row["partition"], row["offset"], row["sealed"], 0.0)
        for row in group
        if row["sealed"] is not None
    ]
    return open_packs(sealed[:1], deployment.keys, deployment.contracts)[0] if sealed else None


def chunks(found: Sequence[Readable], size: int) -> list[list[Readable]]:
    """Part what is readable into commits: of one log and one policy version each, and no more packs than `size`."""
    groups: dict[tuple[str, str], list[Readable]] = {}
    for one in found:
        groups.setdefault((one.log, one.pack.header.policy_version), []).append(one)
    return [
        group[begin : begin + size]
        for group in groups.values()
        for begin in range(0, len(group), size)
    ]
