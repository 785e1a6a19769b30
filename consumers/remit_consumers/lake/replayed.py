"""What a commit takes off the count of the quarantine, and its form in a receipt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from remit_consumers.lake.reasons import Reason


class Settled(StrEnum):
    """What became of a pack, or of single datums, that stood in quarantine."""

    READ = "read"
    """It was opened: its events are stored or refused in the same commit, or still quarantined one by one."""
    RESENT = "resent"
    """Another copy of it was read meanwhile: its events are counted there."""
    EXPIRED = "expired"
    """Nobody may or can open it any more: its events are counted as expired."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What leaves the count of the quarantine with a commit.

    Attributes:
        settled: What became of it.
        contract: The contract under which it was counted as quarantined; empty where that was not known.
        reason: Why it was quarantined.
        count: Events it was counted as there.
        producer: Of the pack; empty if it has no header.
        lane: Of the pack.
        sequence: Of the pack.
        partition: Partition of the log.
        offset: Place in the partition.
        sha256: Of the bytes on the log; empty for single datums, whose pack was read before.
        tenant: Whose events they are.
        malformed: Places of its events that stay in quarantine, one by one.
    """

    settled: Settled
    contract: str
    reason: Reason
    count: int
    producer: bytes
    lane: int
    sequence: int
    partition: int
    offset: int
    sha256: bytes
    tenant: str = ""
    malformed: Sequence[int] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is about a whole pack, and not about events of it that stood one by one."""
        return bool(self.sha256)

    def leaving(self, places: Sequence[int]) -> Self:
        """Give what is told where some of the events that stood one by one stay."""
        return replace(self, count=self.count - len(places), malformed=tuple(places))


def written(one: Replayed) -> list[object]:
    """How a receipt writes what leaves the quarantine."""
    told = [
        one.settled.value,
        one.contract,
        one.reason.value,
        one.count,
        one.producer.hex(),
        one.lane,
    ]
    told += [one.sequence, one.partition, one.offset, one.sha256.hex(), one.tenant]
    return [*told, list(one.malformed)]


def read_replayed(form: Sequence[Any]) -> Replayed:
    """Read what left the quarantine, as `written` writes it."""
    settled, contract, reason, count, producer, lane, sequence, partition, offset, *rest = form
    sha256, tenant, malformed = rest
    return Replayed(
        Settled(settled),
        contract,
        Reason(reason),
        count,
        bytes.fromhex(producer),
        *(lane, sequence, partition, offset),
        bytes.fromhex(sha256),
        tenant,
        tuple(malformed),
    )
