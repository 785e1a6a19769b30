"""What lay open: rows, categories, subjects, tenants and recipients of a span of days, and what was sealed or gone by then.

Source: PIPL article 57; GDPR articles 33 and 34.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from remit_consumers.breach.registers import NOT_COVERED, Register, categories_of, registers
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.sharing.disclosures import MADE, history, told_subjects
from remit_schemas.category import Decision

NOTIFY_WITHIN = timedelta(hours=72)
"""How long after a breach was found the authority may wait for word of it (GDPR article 33; PIPL 57 says at once)."""

EVENTS = "events/"
_COLUMNS = ("tenant", "subject", "tagset")


@dataclass(frozen=True, slots=True)
class Span:
    """Of what.

    Attributes:
        from_day: First UTC day of collection whose rows lay open.
        to_day: The last.
        found_at: When the breach was found; the clock runs from here.
    """

    from_day: date
    to_day: date
    found_at: datetime

    @property
    def notify_by(self) -> datetime:
        """Until when the authority must have word."""
        return self.found_at + NOTIFY_WITHIN


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed to one epoch: nobody reads it without the epoch's key.

    Attributes:
        epoch: Its name.
        created_at: From when on it sealed.
        not_after: Until when.
        unreadable_since: When its key was destroyed; None: it opens still, for who has the keys.
    """

    epoch: str
    created_at: datetime
    not_after: datetime
    unreadable_since: datetime | None


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom and what a breach concerns.

    Attributes:
        rows: Rows that lay open, by contract.
        categories: Their categories, sorted.
        subjects: Different subjects, as many as may be told.
        without_subject: Rows that nobody can be tied to.
        tenants: For each tenant, its subjects as they may be told.
        recipients: Those who got something of that span.
        sealed: What lay there sealed, or was unreadable by then.
        registers: What lay open of the lake's own registers.
        vault: Subjects whose secrets the vault holds, of whatever day, as many as may be told; None: out of reach.
    """

    rows: Mapping[str, int]
    categories: tuple[str, ...]
    subjects: str | int
    without_subject: int
    tenants: Mapping[str, str | int]
    recipients: tuple[str, ...]
    sealed: Sequence[Sealed]
    registers: Mapping[str, Register]
    vault: str | int | None

    def to_dict(self, span: Span) -> dict[str, object]:
        """What `remit breach --json` prints, without the draft."""
        return {
            "from": span.from_day.isoformat(),
            "to": span.to_day.isoformat(),
            "found_at": span.found_at.isoformat(),
            "notify_by": span.notify_by.isoformat(),
            "rows": dict(self.rows),
            "categories": list(self.categories),
            "subjects": self.subjects,
            "rows_without_subject": self.without_subject,
            "tenants": dict(self.tenants),
            "recipients": list(self.recipients),
            "sealed": [
                {
                    "epoch": one.epoch,
                    "from": one.created_at.isoformat(),
                    "until": one.not_after.isoformat(),
                    "unreadable_since": one.unreadable_since and one.unreadable_since.isoformat(),
                }
                for one in self.sealed
            ],
            "registers": {name: one.to_dict() for name, one in self.registers.items()},
            "vault": {"subjects": self.vault},
            "not_covered": list(NOT_COVERED),
        }


def affected(lake: Path, span: Span, sealed: Sequence[Sealed], vault: int | None) -> Affected:
    """Find whom and what a breach of the lake concerns.

    Args:
        lake: The lake's folder.
        span: Of what.
        sealed: The epochs that sealed in it.
        vault: How many subjects' secrets the vault holds; None where it is out of reach.

    Raises:
        LakeError: The lake cannot be read.
    """
    with reaching(lake):
        tables = {name.removeprefix(EVENTS): _open_rows(lake, name, span) for name in _events(lake)}
        categories = _categories(lake, tables)
    beside = registers(lake, span.from_day, span.to_day)
    people = [rows.select(["tenant", "subject"]) for rows in tables.values()]
    everybody = pa.concat_tables(people) if people else _NOBODY
    known = everybody.filter(pc.is_valid(everybody.column("subject")))
    by_tenant = known.group_by(["tenant", "subject"]).aggregate([])
    counts = by_tenant.group_by("tenant").aggregate([("subject", "count")]).to_pylist()
    return Affected(
        rows={name: rows.num_rows for name, rows in sorted(tables.items()) if rows.num_rows},
        categories=tuple(sorted(categories | categories_of(beside))),
        subjects=told_subjects(by_tenant.num_rows),
        without_subject=everybody.num_rows - known.num_rows,
        tenants={
            row["tenant"]: told_subjects(row["subject_count"])
            for row in sorted(counts, key=lambda row: str(row["tenant"]))
        },
        recipients=_recipients(lake, span),
        sealed=sealed,
        registers=beside,
        vault=None if vault is None else told_subjects(vault),
    )


_NOBODY = pa.table({"tenant": pa.array([], pa.string()), "subject": pa.array([], pa.string())})


def _events(lake: Path) -> list[str]:
    return [name for name in row_tables(lake) if name.startswith(EVENTS)]


def _open_rows(lake: Path, name: str, span: Span) -> pa.Table:
    """The rows of a span that are not under any key."""
    dataset = open_table(lake, name).delta.to_pyarrow_dataset()
    first, last = (pa.scalar(day, pa.date32()) for day in (span.from_day, span.to_day))
    rows = dataset.to_table(
        columns=list(_COLUMNS), filter=(ds.field("day") >= first) & (ds.field("day") <= last)
    )
    tenant = rows.schema.get_field_index("tenant")
    return rows.set_column(tenant, "tenant", pc.fill_null(rows.column("tenant"), ""))


def _categories(lake: Path, tables: Mapping[str, pa.Table]) -> set[str]:
    """The categories of what stands in rows, by the tags that they bear."""
    if not is_table(lake, "tagsets"):
        return set()
    borne = {
        tag for rows in tables.values() for tag in pc.unique(rows.column("tagset")).to_pylist()
    }
    catalogue = open_table(lake, "tagsets").delta.to_pyarrow_table(columns=["tagset", "fields"])
    return {
        field["category"]
        for row in catalogue.to_pylist()
        if row["tagset"] in borne
        for field in json.loads(row["fields"]).values()
        if field["decision"] != Decision.REFUSE
    }


def _recipients(lake: Path, span: Span) -> tuple[str, ...]:
    """Who got something whose days touch the span."""
    rows = history(lake, span.found_at).to_pylist()
    return tuple(sorted({row["recipient"] for row in rows if _touches(row, span)}))


def _touches(row: Mapping[str, object], span: Span) -> bool:
    """Whether a disclosure may hold rows of the span; what was collected later than it was made is not in it."""
    made, first, last = row["made_at"], row["from_day"], row["to_day"]
    begins_after = isinstance(first, date) and first > span.to_day
    ends_before = isinstance(last, date) and last < span.from_day
    made_before = isinstance(made, datetime) and made.date() < span.from_day
    return row["outcome"] == MADE and not (begins_after or ends_before or made_before)


def days_of(created_at: datetime, not_after: datetime) -> tuple[date, date]:
    """The UTC days in which an epoch sealed."""
    return created_at.astimezone(UTC).date(), not_after.astimezone(UTC).date()


def overlapping(epochs: Iterator[Sealed], span: Span) -> list[Sealed]:
    """The epochs that sealed in a span."""
    return [
        one
        for one in epochs
        for first, last in [days_of(one.created_at, one.not_after)]
        if first <= span.to_day and last >= span.from_day
    ]
