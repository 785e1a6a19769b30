"""Sorting: what of the quarantine can be read now, what is over, and what stays."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from remit_consumers.deployment import Deployment
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.plans import Plans
from remit_consumers.quarantine.settling import Key, Place, place_of
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Failed, Fate, Opened, open_packs

Identity = tuple[bytes, int, int]
"""Of a pack: producer, lane, sequence."""


@dataclass(slots=True)
class Sorted:
    """What becomes of what stands in quarantine.

    Attributes:
        readable: Packs to be read now, each with its log and what will be told of it.
        ended: What is over: expired, or read from another copy.
        left: Events that stay, by the reason that holds now.
        left_packs: Packs that stay.
    """

    readable: list[tuple[str, Opened, Replayed]] = field(default_factory=list)
    ended: dict[Key, Replayed] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    left_packs: set[Place] = field(default_factory=set)

    def leave(self, row: Mapping[str, Any], reason: str) -> None:
        """Let a row stay."""
        self.left[reason] += row["count"]
        self.left_packs.add(place_of(row))

    def end(self, row: Mapping[str, Any], one: Replayed) -> None:
        """Count a row otherwise, together with others of its pack."""
        key = (*place_of(row), row["index"] is None)
        before = self.ended.get(key)
        if before:  # whose it is stands with the bytes, and these with one row of the pack alone
            whose = one.tenant or before.tenant
            one = replace(one, count=one.count + before.count, tenant=whose)
        self.ended[key] = one


def sort(
    rows: Iterable[Mapping[str, Any]],
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
    for row in rows:
        item = _opened(row, deployment)
        one = _told(row, item)
        is_over = row["keep_until"] <= now or (
            isinstance(item, Failed) and item.outcome is Fate.EXPIRED
        )
        if is_over:
            found.end(row, replace(one, settled=Settled.EXPIRED))
        elif row["index"] is not None or item is None:
            found.leave(row, row["reason"])
        elif isinstance(item, Failed):
            found.leave(row, item.reason)
        elif not plans.knows(item.header.policy_version):
            found.leave(row, row["reason"])
        elif _identity(item) in taken:
            found.end(row, replace(one, settled=Settled.RESENT))
        else:
            taken.add(_identity(item))
            found.readable.append((row["log"], item, one))
    return found


def _opened(row: Mapping[str, Any], deployment: Deployment) -> Opened | Failed | None:
    """Open the pack of a row; None where its bytes are gone, or stand with another row of it."""
    if row["sealed"] is None:
        return None
    sealed = Sealed(row["partition"], row["offset"], row["sealed"], 0.0)
    return open_packs([sealed], deployment.keys, deployment.contracts)[0]


def _identity(pack: Opened) -> Identity:
    return pack.header.producer, pack.header.lane, pack.header.sequence


def _told(row: Mapping[str, Any], item: Opened | Failed | None) -> Replayed:
    """What a receipt says of a row: as it was counted when it came, and by the header that was known then."""
    header = item.header if item is not None and row["pack"] is not None else None
    whole = row["index"] is None and item is not None
    return Replayed(
        settled=Settled.READ,
        contract=row["contract"] or "",
        reason=row["reason"],
        count=row["count"],
        producer=header.producer if header else b"",
        lane=header.lane if header else 0,
        sequence=header.sequence if header else 0,
        partition=row["partition"],
        offset=row["offset"],
        sha256=item.sha256 if item is not None and whole else b"",
        tenant=header.tenant if header else "",
    )


def chunks(
    found: Sequence[tuple[str, Opened, Replayed]], size: int
) -> list[list[tuple[str, Opened, Replayed]]]:
    """Part what is readable into commits: of one log and one policy version each, and no more packs than `size`."""
    groups: dict[tuple[str, str], list[tuple[str, Opened, Replayed]]] = {}
    for one in found:
        groups.setdefault((one[0], one[1].header.policy_version), []).append(one)
    return [
        group[begin : begin + size]
        for group in groups.values()
        for begin in range(0, len(group), size)
    ]
