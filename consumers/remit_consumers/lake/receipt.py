"""A receipt: the counts that a commit carries of the rows it commits, and their one canonical form.

An event's outcome is counted in exactly one receipt: stored, refused and expired ones in the commit to the events
table of their contract; quarantined ones, whole packs or single datums, in the commit to `quarantine`. The commit to
the consent ledger counts no events: it names the packs whose consent changes it records, and how many. Nor does a commit
that says where a table's log is cut: its receipt is what is known of the commits before.
"""

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from enum import StrEnum
from typing import Any, Self, TypeVar

from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.replayed import Replayed, read_replayed, written
from remit_schemas.category import Decision
from remit_schemas.errors import LakeError
from remit_schemas.read_json import read_json

Name = TypeVar("Name", bound=Hashable)

FORMAT = 8
"""The newest `v` of a receipt; a reader refuses a newer one. Only what speaks of packs whose key is lost is written as 8, only
what speaks of a replay as 7, all else as 6: so older remits read what they know. Version 1 had no distinct values, bits and floors, version 2 no
purposes and no ledger, version 3 no versions and nothing that was removed, version 4 no events by tenant, version 5 no
cuts and nothing that was put right."""


class PackOutcome(StrEnum):
    """What a commit did with a pack."""

    READ = "read"
    """Opened; its events are stored or refused, malformed ones apart."""
    EXPIRED = "expired"
    """Its key was destroyed before it was read."""
    QUARANTINED = "quarantined"
    """The whole pack stands in quarantine, sealed as it came."""
    PARTLY = "partly"
    """Some of its datums stand in quarantine; the pack itself was read."""
    RECORDED = "recorded"
    """Its consent changes stand in the ledger; its events are counted in the commit that reads it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the log of a table is cut: what its entries up to there came to, before they go.

    Attributes:
        version: The Delta version whose checkpoint stands for all entries up to it.
        head: Head of the table's chain after that version, as hex.
        rows: Rows in the table's files then.
        files: SHA-256 of these files' paths and rows (`files.sum_of`), as hex.
    """

    version: int
    head: str
    rows: int
    files: str


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of the events that a commit speaks of; refused and quarantined by reason."""

    stored: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    quarantined: Mapping[Reason, int] = field(default_factory=dict)
    expired: int = 0

    def told(self) -> dict[str, Any]:
        """Give what is not nothing, as JSON: a commit has one of these for each tenant."""
        return {name: count for name, count in asdict(self).items() if count}


@dataclass(frozen=True, slots=True)
class SourceCount:
    """The source's own counts as of a pack: cumulative for (producer, lane, contract, tenant).

    Attributes:
        producer: 16 random bytes of the process that packed.
        lane: Lane of the pack.
        sequence: Sequence of the pack: of several the highest is the newest.
        offered: Events offered, this pack's own included.
        let_go: Events let go for a full spool.
        refused: Events refused at the source, by reason.
        tenant: Whose events they are; empty for a single shop.
    """

    producer: bytes
    lane: int
    sequence: int
    offered: int
    let_go: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class PackCount:
    """A pack that a commit speaks of.

    Attributes:
        producer: 16 random bytes of the process that packed; empty if the pack has no header.
        lane: Lane of the pack.
        sequence: Sequence of the pack in its lane.
        partition: Partition of the log.
        offset: Place in the partition.
        count: How many events of it the commit speaks of.
        sha256: Of the bytes on the log.
        outcome: What the commit did with it.
        tenant: Whose events they are; empty for a single shop.
    """

    producer: bytes
    lane: int
    sequence: int
    partition: int
    offset: int
    count: int
    sha256: bytes
    outcome: PackOutcome = PackOutcome.READ
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class FieldCount:
    """What became of the values of one field, for one decision and set of purposes.

    Attributes:
        field: Name of the field in its contract.
        category: What the contract says it is.
        decision: What was done.
        reducer: How it was made smaller; empty if it was not.
        clause: The clause that says so; empty where none names the field.
        purposes: The sorted purposes, joined by commas; empty if refused.
        basis: The ground it is kept on; empty if refused.
        values_in: Values that came, nulls and refused events not counted.
        values_out: Values that were stored.
        bytes_in: Size of the values that came.
        bytes_out: Size of the values that were stored.
        distinct_in: Different values that came.
        distinct_out: Different values that were stored.
        bits_in: What the values that came told, `entropy.Information.bits`.
        bits_out: What is left of that.
    """

    field: str
    category: str
    decision: Decision
    reducer: str = ""
    clause: str = ""
    purposes: str = ""
    basis: str = ""
    values_in: int = 0
    values_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    distinct_in: int = 0
    distinct_out: int = 0
    bits_in: int = 0
    bits_out: int = 0


def _source_told(one: SourceCount) -> list[object]:
    """How a receipt writes a source's counts."""
    return [
        *(one.producer.hex(), one.lane, one.sequence, one.offered, one.let_go),
        *(dict(one.refused), one.tenant),
    ]


def _pack_told(one: PackCount) -> list[object]:
    """How a receipt writes a pack."""
    return [
        *(one.producer.hex(), one.lane, one.sequence, one.partition, one.offset, one.count),
        *(one.sha256.hex(), one.outcome.value, one.tenant),
    ]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a commit says of the rows it commits.

    Attributes:
        log: The log's id.
        contract: The contract of all events in it; empty in quarantine where it is not known.
        policy_version: The version in force; empty in quarantine.
        positions: For each partition, the first offset of the flush and the first behind it.
        events: What became of the events.
        sources: The newest counts of each (producer, lane) in the flush.
        packs: The packs it speaks of.
        fields: What became of the values.
        purposes: For each optional purpose of the plan, the events whose subject granted it, and all others.
        ledger: The version of the consent ledger that decided, beside what the flush itself recorded; -1: it was empty.
        versions: Events stored, by the policy version that governed them.
        filled: Rows that had no value of a field and have `other` in its place, by field.
        floored: Rows whose value became `other` because too few subjects shared it with the others, by column.
        gaps: Sequence numbers that were skipped.
        resent: Packs that came again and were dropped.
        removed: What the commit took away of rows stored before; such a commit counts no events.
        corrected: Rows whose value was put right because their subject asked, by field and the clause that lets them,
            `<field> <clause>`.
        tenants: What became of each tenant's events: together they are `events`. Values are counted for all tenants
            together, because a row for each tenant and field would be more than the rows that it speaks of.
        cut: Where the log is cut behind this commit; such a commit counts nothing.
        replayed: What is no longer counted as quarantined, because this commit counts it otherwise.
        released: Events of rows that this commit takes out of the quarantine and others count since.
    """

    log: str
    contract: str
    policy_version: str
    positions: Mapping[int, tuple[int, int]]
    events: EventCounts
    sources: Sequence[SourceCount] = ()
    packs: Sequence[PackCount] = ()
    fields: Sequence[FieldCount] = ()
    purposes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ledger: int = -1
    versions: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    floored: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    resent: int = 0
    removed: Sequence[RemovedCount] = ()
    corrected: Mapping[str, int] = field(default_factory=dict)
    tenants: Mapping[str, EventCounts] = field(default_factory=dict)
    cut: Cut | None = None
    replayed: Sequence[Replayed] = ()
    released: int = 0

    def to_json(self) -> str:
        """Write the canonical JSON: sorted keys, no spaces, ASCII; equal receipts give equal bytes."""
        return canonical(
            {
                "v": self._format(),
                "log": self.log,
                "contract": self.contract,
                "policy_version": self.policy_version,
                "positions": {
                    str(partition): list(ends) for partition, ends in self.positions.items()
                },
                "events": asdict(self.events),
                "sources": [_source_told(one) for one in self.sources],
                "packs": [_pack_told(one) for one in self.packs],
                "fields": [list(astuple(one)) for one in self.fields],
                "purposes": {name: list(events) for name, events in self.purposes.items()},
                "ledger": self.ledger,
                "versions": dict(self.versions),
                "filled": dict(self.filled),
                "floored": dict(self.floored),
                "gaps": self.gaps,
                "resent": self.resent,
                "removed": [asdict(one) for one in self.removed],
                "corrected": dict(self.corrected),
                "tenants": {name: one.told() for name, one in self.tenants.items()},
            }
            | ({} if self.cut is None else {"cut": asdict(self.cut)})
            | self._replay_told()
        )

    def _format(self) -> int:
        """The oldest format that says all of it."""
        reasons = {*self.events.quarantined, *(one.reason for one in self.replayed)}
        if Reason.KEY_LOST in reasons:
            return FORMAT
        return FORMAT - 1 if self.replayed or self.released else FORMAT - 2

    def _replay_told(self) -> dict[str, object]:
        """Give what is said of a replay, where anything is: so receipts of no replay stay what they were."""
        if not (self.replayed or self.released):
            return {}
        told = [written(one) for one in self.replayed]
        return {"replayed": told, "released": self.released}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            LakeError: It is no receipt, or one of a newer remit.
        """
        try:
            return cls(**_read(read_json(text)))
        except (ValueError, LookupError, TypeError, AttributeError):
            message = (
                f"a commit of the lake carries no receipt that can be read ({len(text)} characters)"
            )
            raise LakeError(message) from None


def together(counts: Iterable[EventCounts]) -> EventCounts:
    """Add what became of events, by outcome and reason."""
    parts = tuple(counts)
    return EventCounts(
        stored=sum(one.stored for one in parts),
        refused=summed(one.refused for one in parts),
        quarantined=summed(one.quarantined for one in parts),
        expired=sum(one.expired for one in parts),
    )


def summed(counts: Iterable[Mapping[Name, int]]) -> dict[Name, int]:
    """Add counts by name."""
    total: Counter[Name] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def canonical(value: object) -> str:
    """Write JSON in the one form that is hashed: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _read(form: dict[str, Any]) -> dict[str, Any]:
    """Turn the parsed JSON into the arguments of a receipt."""
    if form.pop("v") not in range(1, FORMAT + 1):
        message = "not a receipt of this format"
        raise ValueError(message)
    return form | {
        "positions": {
            int(partition): (ends[0], ends[1]) for partition, ends in form["positions"].items()
        },
        "events": _counts(form["events"]),
        "sources": tuple(SourceCount(bytes.fromhex(one[0]), *one[1:]) for one in form["sources"]),
        "packs": tuple(_pack(one) for one in form["packs"]),
        "purposes": {name: tuple(events) for name, events in form.get("purposes", {}).items()},
        "fields": tuple(
            FieldCount(one[0], one[1], Decision(one[2]), *one[3:]) for one in form["fields"]
        ),
        "tenants": {name: _counts(one) for name, one in form.get("tenants", {}).items()},
        "removed": tuple(
            RemovedCount(**one | {"removal": Removal(one["removal"])})
            for one in form.get("removed", ())
        ),
        "cut": Cut(**form["cut"]) if "cut" in form else None,
        "replayed": tuple(read_replayed(one) for one in form.get("replayed", ())),
    }


def _counts(form: dict[str, Any]) -> EventCounts:
    """Read what became of events; a reason that is not on the list makes the receipt unreadable."""
    reasons = {Reason(name): count for name, count in form.get("quarantined", {}).items()}
    return EventCounts(**form | {"quarantined": reasons})


def _pack(form: Sequence[Any]) -> PackCount:
    """Read a pack: producer, five numbers, then hash, outcome and tenant."""
    producer, lane, sequence, partition, offset, count, sha256, outcome, tenant = form
    return PackCount(
        producer=bytes.fromhex(producer),
        lane=lane,
        sequence=sequence,
        partition=partition,
        offset=offset,
        count=count,
        sha256=bytes.fromhex(sha256),
        outcome=PackOutcome(outcome),
        tenant=tenant,
    )
