"""What of the lake's own registers lay open beside events: what people said and asked for, what left, who read.

Each register has pseudonyms of its own, so that nobody can tie one to another: their subjects are counted apart, and a
person may be counted in several.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from remit_consumers.erasure.notices import TABLE as NOTICES_TABLE
from remit_consumers.lake.columns import (
    CONSENTS_TABLE,
    QUERIES_TABLE,
    REQUESTS_TABLE,
    RESTRICTIONS_TABLE,
    WITHDRAWN_TABLE,
)
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.leaving import DISCLOSED_TABLE, DISCLOSURES_TABLE
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.sharing.disclosures import told_subjects

SUBJECT: Final = "subject"

REGISTERS: Final[Mapping[str, str]] = {
    CONSENTS_TABLE: "recorded_at",
    WITHDRAWN_TABLE: "recorded_at",
    REQUESTS_TABLE: "at",
    RESTRICTIONS_TABLE: "placed_at",
    DISCLOSURES_TABLE: "made_at",
    NOTICES_TABLE: "made_at",
    QUERIES_TABLE: "started_at",
}
"""The registers, each with the column that says when a row came into it."""

CATEGORIES: Final[Mapping[str, str]] = {
    CONSENTS_TABLE: "user.privacy_preferences",
    WITHDRAWN_TABLE: "user.privacy_preferences",
}
"""What the values of a register are, where they are of a category that policies speak of."""

NOT_COVERED: Final = (
    "purpose views and streams: rows of the same events under other names, on this machine and at brokers",
    "the folder of keys: keys, and sealed in it whom open requests and erasures are about",
    "backups, the outbox of notices, and whatever was copied elsewhere",
    "what recipients and sources hold themselves",
    "logs of the machine, and the accounts of who works with it beside the names in requests, reads and disclosures",
)
"""What is not counted here, and has to be looked at by a person."""


@dataclass(frozen=True, slots=True)
class Register:
    """What lay open of one register.

    Attributes:
        rows: So many.
        subjects: Different subjects, as many as may be told; None where a register names nobody.
        tenants: For each tenant its subjects, as they may be told.
    """

    rows: int
    subjects: str | int | None
    tenants: Mapping[str, str | int]

    def to_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {"rows": self.rows, "subjects": self.subjects, "tenants": dict(self.tenants)}


def registers(lake: Path, first: date, last: date) -> dict[str, Register]:
    """Find what of the registers came into them in a span of UTC days, `last` included; those with nothing are left out.

    Raises:
        LakeError: The lake cannot be read.
    """
    with reaching(lake):
        found = dict(_tables(lake, first, last))
    return {name: _counted(rows) for name, rows in found.items() if rows.num_rows}


def categories_of(found: Mapping[str, Register]) -> set[str]:
    """The categories of what lay open of registers."""
    return {CATEGORIES[name] for name in found if name in CATEGORIES}


def _tables(lake: Path, first: date, last: date) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each register that came in a span."""
    for name, at in REGISTERS.items():
        if is_table(lake, name):
            yield name, _read(lake, name, _between(at, first, last))
    if is_table(lake, DISCLOSURES_TABLE) and is_table(lake, DISCLOSED_TABLE):
        within = _between(REGISTERS[DISCLOSURES_TABLE], first, last)
        made = open_table(lake, DISCLOSURES_TABLE).delta.to_pyarrow_dataset()
        names = pc.unique(made.to_table(["disclosure"], filter=within).column("disclosure"))
        yield DISCLOSED_TABLE, _read(lake, DISCLOSED_TABLE, ds.field("disclosure").isin(names))


def _read(lake: Path, name: str, chosen: ds.Expression) -> pa.Table:
    """Whose the chosen rows of a table are; a column that it has not is left out."""
    dataset = open_table(lake, name).delta.to_pyarrow_dataset()
    there = [column for column in ("tenant", SUBJECT) if column in dataset.schema.names]
    return dataset.to_table(columns=there, filter=chosen)


def _between(column: str, first: date, last: date) -> ds.Expression:
    """Whether a moment is in a span of UTC days."""
    begin = datetime.combine(first, time(), UTC)
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    from_, to = (pa.scalar(moment, pa.timestamp("us", "UTC")) for moment in (begin, end))
    return (ds.field(column) >= from_) & (ds.field(column) < to)


def _counted(rows: pa.Table) -> Register:
    """Count rows and subjects."""
    if SUBJECT not in rows.column_names:
        return Register(rows.num_rows, None, {})
    known = rows.filter(pc.is_valid(rows.column(SUBJECT)))
    tenant = pc.fill_null(known.column("tenant"), "")
    known = known.set_column(known.schema.get_field_index("tenant"), "tenant", tenant)
    each = known.group_by(["tenant", SUBJECT]).aggregate([])
    counts = each.group_by("tenant").aggregate([(SUBJECT, "count")]).sort_by("tenant").to_pylist()
    tenants = {row["tenant"]: told_subjects(row[f"{SUBJECT}_count"]) for row in counts}
    return Register(rows.num_rows, told_subjects(each.num_rows), tenants)
