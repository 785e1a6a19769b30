"""What a flush holds of one contract, and how its packs and their sources are counted in a receipt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from remit_consumers.lake.receipt import PackCount, PackOutcome, SourceCount
from remit_consumers.pipeline import Refined
from remit_consumers.steps.open import Failed, Opened
from remit_schemas.header import Header

Identity = tuple[bytes, int, int]
"""Of a pack: producer, lane, sequence."""


@dataclass(frozen=True, slots=True)
class Group:
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
    def empty(cls) -> "Group":
        """Begin one of which nothing came yet."""
        return cls([], set(), [], [])


def identity_of(header: Header) -> Identity:
    """Which pack it is, wherever on the log a copy of it lies."""
    return header.producer, header.lane, header.sequence


def sources_of(packs: Sequence[Opened]) -> list[SourceCount]:
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


def read_of(group: Group, refined: Refined | None) -> Iterator[PackCount]:
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


def whole(failed: Failed, outcome: PackOutcome) -> PackCount:
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
        tenant=tenant_of(failed),
    )


def partly(pack: Opened, malformed: int) -> PackCount:
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


def tenant_of(failed: Failed) -> str:
    """Whose a pack claims to be that was not read; the operator's where it has no header."""
    return failed.header.tenant if failed.header else ""
