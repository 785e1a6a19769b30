"""The record of what left: who got what, when, for what and whose; written before anybody can see what went out."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.leaving import (
    DISCLOSED,
    DISCLOSED_TABLE,
    DISCLOSURES,
    DISCLOSURES_TABLE,
)
from remit_consumers.lake.tables import is_table, open_table

MADE, REFUSED, UNDONE = "made", "refused", "undone"
"""What becomes of a disclosure: what is undone was on record, and seen by nobody."""

INTERRUPTED = "interrupted"
"""Why one is undone; and of one that was made: nobody knows whether all of it went out, and what did not comes again."""

KEEP_FOR = timedelta(days=1095)
"""How long a disclosure stays on record: PIPL article 56 has records of handling kept for three years."""

FEW = 10
"""Below so many subjects a count says `<10` (D10)."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One part of a disclosure: what of one contract for one purpose. Columns: `leaving.DISCLOSURES`."""

    disclosure: str
    recipient: str
    role: str
    case: str
    clause: str
    purpose: str
    contract: str
    categories: str
    rows: int
    subjects: int
    held_back: str
    tenant: str
    policy_version: str
    from_day: date | None
    to_day: date | None
    order_reference: str
    approver: str
    sha256: str
    outcome: str
    reason: str
    made_at: datetime
    keep_until: datetime

    def plain(self) -> dict[str, object]:
        """As a row."""
        return asdict(self)


def new_id() -> str:
    """A random id for a disclosure."""
    return uuid.uuid4().hex


def record(root: Path, parts: Sequence[Disclosure], whose: pa.Table | None = None) -> None:
    """Put a disclosure on record, durably: first whose rows, then what.

    Args:
        root: The lake's folder.
        parts: Its parts.
        whose: Columns: `leaving.DISCLOSED`.

    Raises:
        LakeError: It cannot be written; nothing may be handed over then.
    """
    with reaching(root):
        if whose is not None and whose.num_rows:
            _append(root, DISCLOSED_TABLE, whose)
        rows = pa.Table.from_pylist([one.plain() for one in parts], schema=DISCLOSURES)
        _append(root, DISCLOSURES_TABLE, rows)


def mark(root: Path, disclosure: str, recipient: str, became: str, now: datetime) -> None:
    """Put on record what became of a disclosure after all; the same again says the same.

    Args:
        root: The lake's folder.
        disclosure: Its id.
        recipient: Whom it was for.
        became: `UNDONE` or `INTERRUPTED`.
        now: When.

    Raises:
        LakeError: It cannot be written.
    """
    empty: dict[str, object] = dict.fromkeys(DISCLOSURES.names, "")
    numbers = {"rows": 0, "subjects": 0, "from_day": None, "to_day": None}
    times = {"made_at": now, "keep_until": now + KEEP_FOR}
    told = {"disclosure": disclosure, "recipient": recipient, "outcome": became}
    row = empty | numbers | times | told | {"held_back": "{}", "reason": INTERRUPTED}
    with reaching(root):
        _append(root, DISCLOSURES_TABLE, pa.Table.from_pylist([row], schema=DISCLOSURES))


def whose_rows(
    named: tuple[str, str, str], tenant: str, subjects: pa.ChunkedArray, keep_until: datetime
) -> pa.Table:
    """Count whose rows go out (columns: `leaving.DISCLOSED`); those without a subject are nobody's.

    Args:
        named: Disclosure, recipient and contract.
        tenant: Whose customers.
        subjects: For each row, the name that it bears in the lake.
        keep_until: When the record goes.
    """
    counts = pc.value_counts(subjects.drop_null())
    names, rows = (counts.field(one) for one in ("values", "counts"))
    same = [*named, tenant]
    columns = [pa.array([value] * len(names), pa.string()) for value in same]
    until = pa.array([keep_until] * len(names), DISCLOSED.field("keep_until").type)
    arrays = [*columns, names.cast(pa.string()), rows.cast(pa.int64()), until]
    return pa.table(arrays, schema=DISCLOSED)


def history(root: Path, now: datetime) -> pa.Table:
    """The disclosures on record that are still kept, oldest first, each as what became of it (columns: `leaving.DISCLOSURES`).

    Raises:
        LakeError: The lake cannot be read.
    """
    if not is_table(root, DISCLOSURES_TABLE):
        return DISCLOSURES.empty_table()
    with reaching(root):
        rows = open_table(root, DISCLOSURES_TABLE).delta.to_pyarrow_table(columns=DISCLOSURES.names)
    moment = pa.scalar(now, DISCLOSURES.field("keep_until").type)
    kept = rows.filter(pc.greater(rows.column("keep_until"), moment)).cast(DISCLOSURES)
    return _became(kept).sort_by(
        [(name, "ascending") for name in ("made_at", "disclosure", "contract", "purpose")]
    )


def _became(rows: pa.Table) -> pa.Table:
    """The rows of disclosures as what was marked afterwards says of them."""
    outcome = rows.column("outcome")
    undone, doubtful = (
        rows.filter(pc.equal(outcome, became)).column("disclosure").combine_chunks()
        for became in (UNDONE, INTERRUPTED)
    )
    rows = rows.filter(pc.is_in(outcome, pa.array([MADE, REFUSED])))
    is_undone = pc.is_in(rows.column("disclosure"), undone)
    is_told = pc.or_(is_undone, pc.is_in(rows.column("disclosure"), doubtful))
    for name, mask, word in (("outcome", is_undone, UNDONE), ("reason", is_told, INTERRUPTED)):
        place = rows.schema.get_field_index(name)
        column = pc.if_else(mask, word, rows.column(name))
        rows = rows.set_column(place, rows.schema.field(place), column)
    return rows


def recipients_of(root: Path, tenant: str, pseudonyms: Sequence[str], now: datetime) -> list[str]:
    """Name the recipients that got anything of a subject, sorted.

    Args:
        root: The lake's folder.
        tenant: Whose customer.
        pseudonyms: Every name under which rows of the subject stood in the lake.
        now: Aware UTC.
    """
    if not is_table(root, DISCLOSED_TABLE):
        return []
    columns = ["disclosure", "tenant", "subject", "recipient"]
    with reaching(root):
        rows = open_table(root, DISCLOSED_TABLE).delta.to_pyarrow_table(columns=columns)
    mine = pc.and_(
        pc.equal(rows.column("tenant"), tenant),
        pc.is_in(rows.column("subject"), pa.array(pseudonyms, pa.string())),
    )
    found = history(root, now)
    made = found.filter(pc.equal(found.column("outcome"), MADE)).column("disclosure")
    went = pc.is_in(rows.column("disclosure"), made.combine_chunks())
    return sorted(set(rows.filter(pc.and_(mine, went)).column("recipient").to_pylist()))


def counted(rows: pa.Table) -> Mapping[str, Mapping[str, int]]:
    """For each recipient: disclosures made and refused, and the rows that went out."""
    found: dict[str, Counter[str]] = {}
    seen: set[str] = set()
    for row in rows.to_pylist():
        sums = found.setdefault(row["recipient"], Counter(made=0, refused=0, rows=0))
        sums[row["outcome"]] += row["disclosure"] not in seen
        sums["rows"] += row["rows"] if row["outcome"] == MADE else 0
        seen.add(row["disclosure"])
    return {name: dict(sums) for name, sums in sorted(found.items())}


def by_category(rows: pa.Table) -> Counter[tuple[str, str]]:
    """How many disclosures to each recipient held each category."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows.to_pylist():
        for category in filter(None, row["categories"].split(",")):
            if row["outcome"] == MADE:
                found.setdefault((row["recipient"], category), set()).add(row["disclosure"])
    return Counter({key: len(ids) for key, ids in found.items()})


def told_subjects(count: int) -> str | int:
    """A number of subjects as it may be told."""
    return count if count >= FEW or not count else f"<{FEW}"


def told(row: Mapping[str, object]) -> dict[str, object]:
    """A disclosure as it is shown: few subjects as few, what was held back as counts."""
    held: Mapping[str, int] = json.loads(str(row["held_back"] or "{}"))
    shown = {name: told_subjects(count) for name, count in held.items()}
    return dict(row) | {"subjects": told_subjects(_whole(row["subjects"])), "held_back": shown}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _append(root: Path, name: str, rows: pa.Table) -> None:
    append_rows(open_table(root, name), rows)


def sums_of(parts: Iterable[Mapping[str, int]]) -> str:
    """Several counts as one, in canonical JSON."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return json.dumps(dict(total), sort_keys=True, separators=(",", ":"))
