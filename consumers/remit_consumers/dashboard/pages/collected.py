"""Collected: how much of each data category came in, and what became of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.dashboard.asked import Asked
from remit_consumers.dashboard.charts import DECISIONS, OverTime, bars, by_time, flow, over_time
from remit_consumers.dashboard.figures import Stand, stamp
from remit_consumers.dashboard.small_counts import Shown, shown
from remit_consumers.proof.outcomes import OUTCOMES, Counts, grouped, newest_sources, of_kind
from remit_consumers.proof.report import Report
from remit_schemas.policy import Policy

BY: Final = ("decision", "category", "purpose", "contract", "source", "function")
"""By what the chart over time can be divided."""

SOURCES_SHOWN: Final = 12
WORDS: Final = {"keep": "kept", "reduce": "reduced", "refuse": "refused"}


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    by, figures = asked.choice("by", BY), asked.site.figures
    key = ("collected", by, asked.t.language, str(asked.is_officer))
    return figures.derived(key, lambda: _show(asked, figures.now(), by))


def _show(asked: Asked, stand: Stand, by: str) -> Mapping[str, object]:
    """What it shows of the lake as it stands."""
    report = stand.report
    if stand.is_empty:
        return {"stamp": stamp(stand), "is_empty": True, "by": by}
    found = _over_time(stand, asked, by)
    return {
        "stamp": stamp(stand),
        "is_empty": False,
        "by": by,
        "choices": BY,
        "events": total(report.contracts),
        "values": total(report.categories),
        "bits": total(report.reducers),
        "flow": _flow(report, asked),
        "over_time": over_time(found, _names(found, by, asked), asked.t.language),
        "points": found,
        "point_names": _names(found, by, asked),
        "categories": _categories(report),
        "bars": _bars(report, asked),
        "reducers": report.reducers,
        "reasons": _reasons(report),
        "refused_fields": _refused_fields(stand.receipts),
        "floors": _floors(report, is_officer=asked.is_officer),
        "sources": _sources(stand.receipts),
        "functions": _functions(report.contracts, asked.site.policy),
    }


def total(counts: Counts) -> Counter[str]:
    """The figures of all together."""
    sums: Counter[str] = Counter()
    for figures in counts.values():
        sums.update(figures)
    return sums


def _categories(report: Report) -> Counts:
    """The categories of which something came, the one with the most values first."""
    known = {name: row for name, row in report.categories.items() if row["values_in"]}
    return dict(sorted(known.items(), key=lambda item: -item[1]["values_in"]))


def _flow(report: Report, asked: Asked) -> dict[str, object]:
    """Values from their categories to what became of them."""
    sources = [
        (asked.t.named("category", name), {key: row[key] for key in DECISIONS})
        for name, row in _categories(report).items()
    ]
    targets = {key: asked.t(f"decision.{key}") for key in DECISIONS}
    return flow(sources, targets, asked.t.language)


def _bars(report: Report, asked: Asked) -> dict[str, object]:
    """Bytes of each category as they came and as they were stored."""
    known = _categories(report)
    labels = [asked.t.named("category", name) for name in known]
    series = [
        (asked.t("size.stored"), "kept", [row["bytes_out"] for row in known.values()]),
        (
            asked.t("size.gone"),
            "refused",
            [max(row["bytes_in"] - row["bytes_out"], 0) for row in known.values()],
        ),
    ]
    return bars(labels, series, asked.t.language, "byte")


def _over_time(stand: Stand, asked: Asked, by: str) -> OverTime:
    """Values or events by time, divided by what was chosen."""
    moments, receipts = asked.site.figures.moments, stand.receipts
    if by in {"contract", "source", "function"}:
        rows = of_kind(receipts, "pack", "read") if by == "source" else of_kind(receipts, "events")
        names = rows.column("producer" if by == "source" else "contract")
        if by == "source":
            names = pc.utf8_slice_codeunits(names, 0, 8)
        if by == "function":
            names = _functions_of(names, asked.site.policy)
    else:
        rows = of_kind(receipts, "field")
        names = rows.column({"purpose": "purposes"}.get(by, by))
    if by == "purpose":
        return _by_purpose(rows, moments.of(rows))
    if by == "decision":
        names = pa.array([WORDS[one] for one in names.to_pylist()], pa.string())
    return by_time(moments.of(rows), _flat(names), _flat(rows.column("values_in")))


def _by_purpose(rows: pa.Table, times: pa.Array) -> OverTime:
    """A value with two purposes counts for both, as in the report."""
    lists = pc.split_pattern(_flat(rows.column("purposes")), ",")
    parents = pc.list_parent_indices(lists)
    names, values = pc.list_flatten(lists), _flat(rows.column("values_out")).take(parents)
    has_one = pc.not_equal(names, "")
    return by_time(
        times.take(parents).filter(has_one), names.filter(has_one), values.filter(has_one)
    )


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _names(found: OverTime, by: str, asked: Asked) -> Mapping[str, str]:
    """What the series are called."""
    room = by if by in {"decision", "category", "purpose"} else ""
    others = {"…": asked.t("over_time.others"), "": asked.t("over_time.none")}
    return {
        name: others.get(name) or (asked.t.named(room, name) if room else name)
        for name in found.series
    }


def _reasons(report: Report) -> Sequence[tuple[str, str, str, int]]:
    """Contract, outcome, reason and events of what was not stored, the most first."""
    found = [
        (contract, *outcome_and_reason(name), count)
        for contract, reasons in report.reasons.items()
        for name, count in reasons.items()
    ]
    return sorted((row for row in found if row[1] in OUTCOMES), key=lambda row: -row[3])


def outcome_and_reason(name: str) -> tuple[str, str]:
    """The two parts of what the report calls ``refused.unparsed``."""
    outcome, _, reason = name.partition(".")
    return outcome, reason


def _refused_fields(receipts: pa.Table) -> Sequence[Mapping[str, object]]:
    """Fields of which values were refused, the most first; one without a clause is in no sentence."""
    rows = grouped(
        of_kind(receipts, "field", "refuse"),
        ["contract", "field", "category", "clause"],
        ["values_in"],
    )
    return sorted((row for row in rows if row["values_in"]), key=lambda row: -int(row["values_in"]))


def _floors(report: Report, *, is_officer: bool) -> Mapping[str, Mapping[str, Shown]]:
    """How many subjects there were in the last closed window, and how many combinations of traits few of them shared."""
    return {
        name: {
            "subjects": shown(floor.subjects, is_officer=is_officer),
            "before": shown(floor.before.rare, is_officer=is_officer),
            "after": shown(floor.after.rare, is_officer=is_officer),
        }
        for name, floor in report.floors.items()
    }


def _sources(receipts: pa.Table) -> Mapping[str, object]:
    """What the producers say of themselves: the largest, and how many there are."""
    said = of_kind(receipts, "source")
    newest = newest_sources(said)
    keys = ["producer", "lane", "contract", "tenant", "decision", "reason"]
    largest = said.group_by(keys).aggregate([("values_in", "max")])
    rows = grouped(
        largest.rename_columns([*keys, "values_in"]), ["producer", "decision"], ["values_in"]
    )
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        sums.setdefault(str(row["producer"]), Counter())[str(row["decision"])] += int(
            row["values_in"]
        )
    packs = grouped(newest, ["producer"], ["sequence"])
    for row in packs:
        sums.setdefault(str(row["producer"]), Counter())["packs"] += int(row["sequence"])
    ranked = sorted(sums.items(), key=lambda item: -item[1]["offered"])
    return {"count": len(ranked), "shown": ranked[:SOURCES_SHOWN]}


def _functions_of(contracts: Iterable[object], policy: Policy) -> pa.Array:
    """The function that each contract belongs to; its own name where it belongs to none."""
    names = {
        event: function for function, terms in policy.functions.items() for event in terms.events
    }
    found = [str(one) for one in _flat(contracts).to_pylist()]
    return pa.array([names.get(one, one) for one in found], pa.string())


def _functions(contracts: Counts, policy: Policy) -> Sequence[Mapping[str, object]]:
    """For each function of the policy that anything came of: who has it, and how much came."""
    found = []
    for name, terms in policy.functions.items():
        mine = total({event: contracts[event] for event in terms.events if event in contracts})
        if mine["offered"]:
            row = {"name": name, "necessity": str(terms.necessity), "clause": terms.clause}
            found.append(row | {"editions": terms.editions, "module": terms.module, **mine})
    return found
