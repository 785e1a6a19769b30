"""What was taken away of rows stored before, told from receipts; and how long those who asked for it had to wait."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import EVERY_PURPOSE
from remit_consumers.lake.removed import Removal
from remit_consumers.lake.renewal import left_unused
from remit_consumers.lake.restrictions import kept_back
from remit_consumers.lake.rewrite import EVENTS, holds
from remit_consumers.lake.tables import row_tables
from remit_consumers.lake.withdrawn import erased, waited
from remit_consumers.period import EVER, Period

REMOVALS = tuple(removal.value for removal in Removal)
"""What becomes of stored rows: stored = present + revoked + swept + erased, for each contract."""

_KINDS = {"removed": "rows", "narrowed": "narrowed", "removed_values": "values"}


def removed_by(receipts: pa.Table, key: str, kind: str = "removed") -> Counter[str | int]:
    """Rows that went (or values, by kind), by table, version or field."""
    rows = receipts.filter(pc.equal(receipts.column("kind"), kind))
    sums = rows.group_by(key).aggregate([("values_in", "sum")]).to_pylist()
    return Counter({row[key]: row["values_in_sum"] for row in sums})


def removals(receipts: pa.Table) -> dict[str, dict[str, int]]:
    """For each removal and its reason: rows that went, rows left with less, and values that went."""
    wanted = receipts.filter(pc.is_in(receipts.column("kind"), pa.array(list(_KINDS))))
    sums = wanted.group_by(["decision", "reason", "kind"]).aggregate([("values_in", "sum")])
    found: dict[str, dict[str, int]] = {}
    for row in sums.sort_by([("decision", "ascending"), ("reason", "ascending")]).to_pylist():
        name = f"{row['decision']}.{row['reason']}"
        figures = found.setdefault(name, dict.fromkeys(_KINDS.values(), 0))
        figures[_KINDS[row["kind"]]] += row["values_in_sum"]
    return found


def removed_values(receipts: pa.Table) -> dict[str, dict[str, int]]:
    """For each field, `<contract>.<field>`: how many of its values went, by removal."""
    rows = receipts.filter(pc.equal(receipts.column("kind"), "removed_values"))
    keys = ["contract", "field", "decision"]
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in rows.group_by(keys).aggregate([("values_in", "sum")]).to_pylist():
        found[f"{row['contract']}.{row['field']}"][row["decision"]] = row["values_in_sum"]
    return dict(sorted(found.items()))


def waits(root: Path, period: Period = EVER) -> dict[str, Mapping[str, float]]:
    """How long denials and erasures waited until no row stood against them, in seconds.

    `done` counts the names under which rows could stand, of which a subject has one for each period of its pseudonym.
    """
    rows = period.of(waited(root), "applied_at")
    is_erasure = pc.equal(rows.column("purpose"), EVERY_PURPOSE)
    parts = {
        "revocation_seconds": rows.filter(pc.invert(is_erasure)),
        "minor_erasure_seconds": rows.filter(is_erasure),
    }
    return {name: _told(part.column("waited_ms")) for name, part in parts.items()}


def _told(ms: pa.ChunkedArray) -> Mapping[str, float]:
    """How many, the middle and the longest."""
    if not len(ms):
        return {"done": 0, "median": 0.0, "max": 0.0}
    middle, longest = pc.quantile(ms, [0.5, 1.0]).to_pylist()
    return {"done": len(ms), "median": middle / 1_000, "max": longest / 1_000}


def left_of_erased(root: Path) -> Iterator[str]:
    """Say in which tables files of before an erasure hold rows of who was erased: those of no commit as well.

    What was stored after it, for somebody who has a basis since, is no breach; nor is what a law or a hold keeps, which
    is under a restriction that says so.
    """
    kept = kept_back(root).select(["tenant", "subject"])
    gone = erased(root).join(kept, ["tenant", "subject"], join_type="left anti")
    if not gone.num_rows:
        return
    for name in row_tables(root):
        if name.startswith(EVENTS):
            count = sum(_holds_erased(file, gone) for file in (root / name).glob("day=*/*.parquet"))
            if count:
                yield f"{name}: {count} files hold rows of subjects that were erased"


def left_in_dictionaries(root: Path) -> Iterator[str]:
    """Say in which tables files of an older remit name values that no row of theirs has: an erasure may have left them."""
    for name, files, values in left_unused(root):
        yield (
            f"{name}: the dictionaries of {files} files of an older remit name {values} values that no row has: "
            "`remit sweep --apply` writes them anew"
        )


def _holds_erased(file: Path, gone: pa.Table) -> bool:
    """Whether a file that was written before an erasure holds a row of who was erased in it."""
    try:
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        later = gone.filter(pc.greater(gone.column("applied_at"), pa.scalar(written_at)))
        return bool(later.num_rows) and holds(file, later.column("subject").combine_chunks())
    except (FileNotFoundError, pa.ArrowInvalid):  # gone meanwhile, or not finished
        return False


def spread(waited_ms: Sequence[int]) -> Mapping[str, int]:
    """How many there are, and how long the middle one and the hundredth slowest were on their way."""
    last = len(waited_ms) - 1
    places = {"p50_ms": last // 2, "p99_ms": round(last * 0.99)}
    return {"denials": len(waited_ms)} | {
        name: waited_ms[place] if waited_ms else 0 for name, place in places.items()
    }
