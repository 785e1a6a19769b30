"""Outcomes: what became of everything that was offered, by contract, and of each tenant's alone; told from receipts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.receipt import PackOutcome
from remit_consumers.lake.receipts import REPLAYED
from remit_consumers.proof.removals import REMOVALS

OUTCOMES = ("offered", "stored", "refused", "quarantined", "let_go", "expired", "in_flight")
"""What is told of each contract: offered is the sum of all the others."""

UNKNOWN = "unknown"
"""The name under which events of no known contract are told."""

Counts = Mapping[str, Mapping[str, int]]
"""Figures by name, for each thing that is counted."""

_Sums = defaultdict[str, defaultdict[str, int]]


def grouped(table: pa.Table, keys: list[str], sums: list[str]) -> list[dict[str, str | int]]:
    """Sum columns for each combination of keys; null keys are empty, the rows come in the keys' order."""
    result = table.group_by(keys).aggregate([(name, "sum") for name in sums])
    result = result.rename_columns([name.removesuffix("_sum") for name in result.column_names])
    return [
        {name: row[name] or 0 if name in sums else row[name] or "" for name in row}
        for row in _in_order(result, keys)
    ]


def _in_order(table: pa.Table, keys: list[str]) -> list[dict[str, str | int]]:
    """Rows in the order of some columns."""
    rows: list[dict[str, str | int]] = table.sort_by(
        [(key, "ascending") for key in keys]
    ).to_pylist()
    return rows


def of_kind(receipts: pa.Table, kind: str, *decisions: str) -> pa.Table:
    """The rows of one kind, and of some decisions."""
    mask = pc.equal(receipts.column("kind"), kind)
    if decisions:
        mask = pc.and_(mask, pc.is_in(receipts.column("decision"), pa.array(decisions)))
    return receipts.filter(mask)


def outcomes(receipts: pa.Table) -> tuple[Counts, Counts]:
    """What became of events, by contract, and for which reasons."""
    contracts: _Sums = defaultdict(lambda: defaultdict(int))
    reasons: _Sums = defaultdict(lambda: defaultdict(int))
    for row in (*_counted(receipts), *_claimed(receipts)):
        name, decision, events = (
            str(row["contract"]) or UNKNOWN,
            str(row["decision"]),
            int(row["values_in"]),
        )
        contracts[name][decision] += events
        if row["reason"]:
            reasons[name][f"{decision}.{row['reason']}"] += events
    whole = {
        name: _law(sums)
        for name, sums in sorted(contracts.items())
        if name != UNKNOWN or any(sums.values())
    }
    return whole, {name: dict(sums) for name, sums in sorted(reasons.items()) if any(sums.values())}


def _law(sums: Mapping[str, int]) -> dict[str, int]:
    """The figures of a contract; what is offered and has no outcome yet is in flight."""
    figures = {name: sums.get(name, 0) for name in OUTCOMES}
    figures["in_flight"] = figures["offered"] - sum(figures[name] for name in OUTCOMES[1:-1])
    gone = {name: sums.get(name, 0) for name in REMOVALS}
    figures |= {"present": figures["stored"] - sum(gone.values()), **gone}
    return figures


def _counted(receipts: pa.Table) -> Iterator[dict[str, str | int]]:
    """What consumers counted, and what every source says: its counters only grow, so the largest of each holds.

    Not those of the newest header: what a dead process let go, or its successor for it, is told by older packs.
    """
    keys = ["contract", "decision", "reason"]
    yield from grouped(of_kind(receipts, "events"), keys, ["values_in"])
    removed = of_kind(receipts, "removed")  # records of consents are no events
    removed = removed.filter(pc.not_equal(removed.column("table"), CONSENTS_TABLE))
    yield from grouped(removed, keys, ["values_in"])
    yield from _said(receipts, keys)


def _said(receipts: pa.Table, keys: list[str]) -> list[dict[str, str | int]]:
    """What sources say of themselves."""
    counters = [*_SOURCE, "decision", "reason"]
    sources = of_kind(receipts, "source")
    largest = sources.group_by(counters).aggregate([("values_in", "max")])
    return grouped(largest.rename_columns([*counters, "values_in"]), keys, ["values_in"])


_SOURCE = ["producer", "lane", "contract", "tenant"]


def newest_sources(sources: pa.Table) -> pa.Table:
    """For each (producer, lane, contract, tenant), the sequence of the newest header: it counts all that came before."""
    return (
        sources.group_by(_SOURCE)
        .aggregate([("sequence", "max")])
        .rename_columns([*_SOURCE, "sequence"])
    )


def _claimed(
    receipts: pa.Table, keys: Sequence[str] = ("contract",)
) -> Iterator[dict[str, str | int]]:
    """What packs nobody could open claim to hold, where no later header of their source counts it: offered as well."""
    unread = _unread(receipts)
    newest = newest_sources(of_kind(receipts, "source")).rename_columns([*_SOURCE, "counted"])
    both = unread.join(newest, _SOURCE, join_type="left outer")
    later = pc.greater(both.column("sequence"), pc.fill_null(both.column("counted"), -1))
    for row in grouped(both.filter(later), [*keys], ["values_in"]):
        yield row | {"decision": "offered", "reason": ""}


def _unread(receipts: pa.Table) -> pa.Table:
    """The packs nobody could open, less those that a replay did: its row takes back what the first one claimed."""
    unread = of_kind(receipts, "pack", PackOutcome.EXPIRED.value, PackOutcome.QUARANTINED.value)
    replayed = of_kind(receipts, "pack", REPLAYED)
    if not replayed.num_rows:
        return unread
    place = replayed.schema.get_field_index("values_in")
    taken_back = replayed.set_column(place, "values_in", pc.negate(replayed.column("values_in")))
    names = [*_SOURCE, "sequence", "values_in"]
    return pa.concat_tables([unread.select(names), taken_back.select(names)])


def of_tenant(receipts: pa.Table, tenant: str) -> pa.Table:
    """The receipts' rows that speak of one tenant, as if there were no other: what became of its events, and its sources.

    What a receipt before format 5 says of events is not among them: `untold` names the contracts that have such.
    """
    mine = receipts.filter(pc.equal(receipts.column("tenant"), tenant))
    is_told = pc.equal(mine.column("kind"), "tenant")
    kinds = pc.if_else(is_told, "events", mine.column("kind"))
    return mine.set_column(mine.schema.get_field_index("kind"), "kind", kinds)


def tenants_of(receipts: pa.Table) -> Sequence[str]:
    """The tenants that receipts speak of, in order."""
    names = pc.unique(receipts.column("tenant")).to_pylist()
    return sorted(name for name in names if name is not None)


def untold(receipts: pa.Table) -> frozenset[str]:
    """The contracts of whose events some were counted before receipts told tenants (format 4)."""
    commits = pc.unique(of_kind(receipts, "tenant").column("commit"))
    counted = pa.concat_tables([of_kind(receipts, "events"), of_kind(receipts, "removed")])
    counted = counted.filter(pc.greater(counted.column("values_in"), 0))
    older = counted.filter(pc.invert(pc.is_in(counted.column("commit"), commits)))
    return frozenset(name or UNKNOWN for name in pc.unique(older.column("contract")).to_pylist())


def in_flight_by_tenant(receipts: pa.Table) -> Iterator[tuple[str, str, int]]:
    """Tell contract, tenant and events in flight, where they are not 0 and every receipt tells tenants.

    It costs two groupings, however many tenants there are.
    """
    keys = ["contract", "tenant"]
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    law = of_kind(receipts, "tenant", *OUTCOMES)
    for row in grouped(law, keys, ["values_in"]):
        sums[str(row["contract"]), str(row["tenant"])] -= int(row["values_in"])
    for row in (*_said(receipts, [*keys, "decision"]), *_claimed(receipts, keys)):
        sign = 1 if row["decision"] == "offered" else -1
        sums[str(row["contract"]), str(row["tenant"])] += sign * int(row["values_in"])
    older = untold(receipts)
    for (contract, tenant), events in sorted(sums.items()):
        if events and (contract or UNKNOWN) not in older:
            yield contract or UNKNOWN, tenant, events


def not_the_sum(receipts: pa.Table) -> Iterator[str]:
    """Name the contracts whose tenants together are not what the same receipts say of all events and removed rows."""
    keys = ["commit", "contract", "decision", "reason"]
    by_tenant = of_kind(receipts, "tenant")
    commits = pc.unique(by_tenant.column("commit"))
    whole = pa.concat_tables([of_kind(receipts, "events"), of_kind(receipts, "removed")])
    whole = whole.filter(pc.is_in(whole.column("commit"), commits))
    whole = whole.filter(pc.not_equal(whole.column("values_in"), 0))
    told, parts = (
        {tuple(str(row[key]) for key in keys): row["values_in"] for row in rows}
        for rows in (grouped(whole, keys, ["values_in"]), grouped(by_tenant, keys, ["values_in"]))
    )
    wrong = {key[1] for key in told.keys() | parts.keys() if told.get(key) != parts.get(key)}
    yield from sorted(name or UNKNOWN for name in wrong)
