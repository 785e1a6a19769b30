"""The report: what was offered, stored, refused and reduced, told from the receipts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.commit import Lake
from remit_consumers.lake.floors import Crowd, Floor
from remit_consumers.lake.queries import counted as counted_reads
from remit_consumers.lake.queries import history as read_history
from remit_consumers.lake.receipts import GRANTED, WITHHELD
from remit_consumers.lake.requests import counted as counted_requests
from remit_consumers.lake.requests import standing
from remit_consumers.lake.requests import steps as request_steps
from remit_consumers.proof.outcomes import Counts, grouped, of_kind, outcomes
from remit_consumers.proof.removals import removals, removed_values, spread, waits
from remit_consumers.sharing.disclosures import summed
from remit_schemas.category import Decision
from remit_schemas.plain_door import MARK_BYTES, OVER_LOOPBACK, OVER_TLS

CHANGES = ("given", "refused", "withdrawn")
"""What is said to an optional purpose."""

_WORDS = {
    Decision.KEEP.value: "kept",
    Decision.REDUCE.value: "reduced",
    Decision.REFUSE.value: "refused",
}
"""What a report calls the values of each decision."""

_Sums = defaultdict[str, defaultdict[str, int]]


SUBJECTS_SHOWN_MIN = 10
"""Counts of subjects below that are not shown (D10)."""


@dataclass(frozen=True, slots=True)
class Traits:
    """How many subjects share the traits that were stored.

    Attributes:
        floor: The last closed window.
        subjects_min: How many subjects must share a combination.
        subjects: How many there were in the window, about.
        before: Combinations of the window as they came, those of fewer than `subjects_min`, those of one.
        after: The same as they were stored.
        floored: Of all time, how many rows have `other` in a column for it.
    """

    floor: str
    subjects_min: int
    subjects: int
    before: Crowd
    after: Crowd
    floored: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PlainDoor:
    """What came in plain, from other languages' producers: the one exception to sealing at the source (D9).

    Attributes:
        offered: Events that came in by it.
        refused: Those of them that it turned away.
        let_go: Messages that the topic's retention took before they were read.
        without_tls: Events that came in without TLS, between programs of one machine.
        producers: Producer ids that carried them in.
    """

    offered: int = 0
    refused: int = 0
    let_go: int = 0
    without_tls: int = 0
    producers: int = 0

    def sentence(self) -> str:
        """Say it in one line."""
        if not self.producers:
            return "closed: every event was sealed at its source"
        said = f"open: {self.offered} events came in plain and were sealed at once, {self.refused} of them refused"
        if self.let_go:
            said += f"; {self.let_go} were lost to the topic's retention"
        if self.without_tls:
            said += f"; {self.without_tls} of them WITHOUT TLS, on one machine"
        return said


@dataclass(frozen=True, slots=True)
class Report:
    """What became of everything that was offered. Every figure comes from receipts.

    Attributes:
        contracts: For each contract, the figures of `OUTCOMES`; and what became of those stored: present, and the figures
            of `removals.REMOVALS`.
        reasons: For each contract, ``refused.<reason>`` and ``quarantined.<reason>``.
        categories: For each category: values_in, kept, reduced, refused, bytes_in, bytes_out.
        purposes: For each purpose: values_out, bytes_out.
        consents: For each optional purpose: changes recorded (given, refused, withdrawn), and the events whose subject
            had granted it or not (events_granted, events_withheld).
        clauses: For each clause: values_in, values_out, bytes_in, bytes_out.
        reducers: For each reducer: values_in, values_out, bytes_in, bytes_out; bits_in and bits_out, what the values
            told and still tell; distinct_in and distinct_out, the most different values in one commit.
        policy_versions: For each policy version: events stored under it, that is, whose subject it governed.
        denials: How many denials of a purpose are on record, and how long they were on their way to the ledger, from
            which on they hold: p50_ms, p99_ms.
        notices: For each policy version, how many were told of it, by channel.
        floors: For each contract with a floor whose first window is closed, what it came to.
        plain_door: What came in plain.
        reads: For each purpose: reads done, refused and failed, and the rows they gave; from the table of reads.
        disclosures: For each recipient: made and refused, and the rows that went out; from the table of disclosures.
        removals: For each `<removal>.<reason>`: rows that went, rows narrowed, values that went.
        requests: What people asked for (`requests.counts.counted`); empty where nobody did.
        removed_values: For each `<contract>.<field>`: values that went, by removal.
        waits: How long it took from a denial, and from finding a minor without a basis, until its rows were rewritten.
    """

    contracts: Counts
    categories: Counts
    reasons: Counts = field(default_factory=dict)
    purposes: Counts = field(default_factory=dict)
    consents: Counts = field(default_factory=dict)
    clauses: Counts = field(default_factory=dict)
    reducers: Counts = field(default_factory=dict)
    policy_versions: Mapping[str, int] = field(default_factory=dict)
    denials: Mapping[str, int] = field(default_factory=dict)
    notices: Counts = field(default_factory=dict)
    floors: Mapping[str, Traits] = field(default_factory=dict)
    plain_door: PlainDoor = field(default_factory=PlainDoor)
    reads: Counts = field(default_factory=dict)
    disclosures: Counts = field(default_factory=dict)
    removals: Counts = field(default_factory=dict)
    removed_values: Counts = field(default_factory=dict)
    requests: Counts = field(default_factory=dict)
    waits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """What `remit report --json` prints; counts of subjects that are too small to show are null (D10)."""
        told = asdict(self)
        told |= told.pop("waits")
        for floor in told["floors"].values():
            if floor["subjects"] < SUBJECTS_SHOWN_MIN:
                floor["subjects"] = None
        return told


def report(lake: Lake, *, receipts: pa.Table | None = None) -> Report:
    """Tell what the lake's receipts say, those not yet materialised included.

    Args:
        lake: The lake.
        receipts: All of them, where they are at hand (columns: `columns.RECEIPTS`); else they are read.

    Raises:
        LakeError: The lake cannot be read.
    """
    receipts, now = lake.receipts() if receipts is None else receipts, datetime.now(UTC)
    floors = [floor for kind in lake.floors().values() for floor in kind]
    consents = _consents(lake.consent_counts(), receipts)
    return replace(
        told(receipts),
        floors=_floors(floors, receipts),
        consents=consents,
        denials=spread(lake.stopped_after_ms()),
        notices=lake.notices(),
        reads=counted_reads(read_history(lake.root, now)),
        requests=counted_requests(standing(request_steps(lake.root)), now),
        disclosures=summed(lake.root, now),
        waits=waits(lake.root),
    )


def told(receipts: pa.Table) -> Report:
    """Tell what receipts say."""
    contracts, reasons = outcomes(receipts)
    fields = receipts.filter(pc.equal(receipts.column("kind"), "field"))
    return Report(
        contracts=contracts,
        reasons=reasons,
        categories=_categories(fields),
        purposes=_purposes(fields),
        clauses=_by(fields, "clause"),
        reducers=_reducers(fields),
        policy_versions=_versions(receipts),
        plain_door=_plain_door(receipts),
        removals=removals(receipts),
        removed_values=removed_values(receipts),
    )


def _versions(receipts: pa.Table) -> Mapping[str, int]:
    """How many events each version governed; older receipts know only which one was in force."""
    told: Counter[str] = Counter()
    governed = of_kind(receipts, "version")
    for row in grouped(governed, ["reason"], ["values_in"]):
        told[str(row["reason"])] += int(row["values_in"])
    stored = of_kind(receipts, "events", "stored")
    older = stored.filter(
        pc.invert(pc.is_in(stored.column("commit"), pc.unique(governed.column("commit"))))
    )
    for row in grouped(older, ["policy_version"], ["values_in"]):
        told[str(row["policy_version"])] += int(row["values_in"])
    return dict(sorted(told.items()))


def _consents(changes: Counts, receipts: pa.Table) -> Counts:
    """What was said to each optional purpose, and for how many events it was asked."""
    words = (*CHANGES, *(f"events_{each}" for each in (GRANTED, WITHHELD)))
    found: dict[str, dict[str, int]] = {}
    for purpose, statuses in changes.items():
        found[purpose] = dict.fromkeys(words, 0) | dict(statuses)
    for row in grouped(of_kind(receipts, "purpose"), ["purposes", "decision"], ["values_in"]):
        sums = found.setdefault(str(row["purposes"]), dict.fromkeys(words, 0))
        sums[f"events_{row['decision']}"] += int(row["values_in"])
    return dict(sorted(found.items()))


def _plain_door(receipts: pa.Table) -> PlainDoor:
    """What came in plain: the ids of producers say it."""
    plain = _marked(receipts, OVER_TLS, OVER_LOOPBACK)
    sums = _sum_up(plain)
    return PlainDoor(
        offered=sums["offered"],
        refused=sums["refused"],
        let_go=sums["let_go"],
        without_tls=_sum_up(_marked(receipts, OVER_LOOPBACK))["offered"],
        producers=int(pc.count_distinct(plain.column("producer")).as_py()),
    )


def _marked(receipts: pa.Table, *marks: bytes) -> pa.Table:
    """The rows of producers whose ids begin so."""
    begins = pc.binary_slice(pc.cast(receipts.column("producer"), pa.binary()), 0, 2 * MARK_BYTES)
    wanted = pa.array([mark.hex().encode() for mark in marks], pa.binary())
    return receipts.filter(pc.is_in(begins, wanted))


def _sum_up(receipts: pa.Table) -> Counter[str]:
    """The figures of all contracts together."""
    sums: Counter[str] = Counter()
    for figures in outcomes(receipts)[0].values():
        sums.update(figures)
    return sums


def _floors(floors: Iterable[Floor], receipts: pa.Table) -> Mapping[str, Traits]:
    """What the last closed windows say of traits, and what was taken away for it."""
    floored: _Sums = defaultdict(lambda: defaultdict(int))
    for row in grouped(of_kind(receipts, "floored"), ["contract", "field"], ["values_in"]):
        floored[str(row["contract"])][str(row["field"])] += int(row["values_in"])
    return {
        floor.contract: Traits(
            floor=floor.name,
            subjects_min=floor.subjects_min,
            subjects=floor.subjects,
            before=floor.before,
            after=floor.after,
            floored=dict(floored[floor.contract]),
        )
        for floor in sorted(floors, key=lambda floor: floor.ended_at)
    }


def _categories(fields: pa.Table) -> Counts:
    """What became of the values of each category."""
    names = ("values_in", "kept", "reduced", "refused", "bytes_in", "bytes_out")
    found: dict[str, dict[str, int]] = {}
    for row in grouped(fields, ["category", "decision"], ["values_in", "bytes_in", "bytes_out"]):
        sums = found.setdefault(str(row["category"]), dict.fromkeys(names, 0))
        sums[_WORDS[str(row["decision"])]] += int(row["values_in"])
        for name in ("values_in", "bytes_in", "bytes_out"):
            sums[name] += int(row[name])
    return found


def _by(fields: pa.Table, key: str, *more: str) -> Counts:
    """Values, bytes and what more is named, for each clause or reducer."""
    names = ["values_in", "values_out", "bytes_in", "bytes_out", *more]
    return {
        str(row[key]): {name: int(row[name]) for name in names}
        for row in grouped(fields, [key], names)
        if row[key]
    }


def _reducers(fields: pa.Table) -> Counts:
    """Values, bytes and what they tell, for each reducer."""
    told = _by(fields, "reducer", "bits_in", "bits_out")
    names = ["distinct_in", "distinct_out"]
    largest = fields.group_by(["reducer"]).aggregate([(name, "max") for name in names])
    most = {str(row["reducer"]): row for row in largest.to_pylist()}
    return {
        reducer: {**figures, **{name: int(most[reducer][f"{name}_max"] or 0) for name in names}}
        for reducer, figures in told.items()
    }


def _purposes(fields: pa.Table) -> Counts:
    """Values and bytes that are stored for each purpose; a value with two purposes counts for both."""
    found: _Sums = defaultdict(lambda: defaultdict(int))
    for row in grouped(fields, ["purposes"], ["values_out", "bytes_out"]):
        for purpose in filter(None, str(row["purposes"]).split(",")):
            for name in ("values_out", "bytes_out"):
                found[purpose][name] += int(row[name])
    return {purpose: dict(sums) for purpose, sums in sorted(found.items())}
