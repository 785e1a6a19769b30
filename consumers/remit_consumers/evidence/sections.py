"""The sections of a written report: tables and bars, from the same facts that `remit report --json` prints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, int | float | str | None]


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a title.

    Attributes:
        title: Its heading.
        note: How it is to be read.
        first: What its rows are.
        columns: Names of figures.
        rows: For each row its figures.
        parts: Columns that a bar shows side by side; empty: no bar.
    """

    title: str
    note: str
    first: str
    columns: tuple[str, ...]
    rows: Mapping[str, Row]
    parts: tuple[str, ...] = ()

    def shares(self, name: str) -> Iterator[tuple[str, float]]:
        """The parts of a row's bar, in hundredths of the longest one."""
        sizes = {row: sum(_size(self.rows[row], part) for part in self.parts) for row in self.rows}
        longest = max(sizes.values(), default=0) or 1
        for part in self.parts:
            yield part, 100 * _size(self.rows[name], part) / longest


_ALL = (
    ("Events", "Offered is the sum of all the others.", "contract", "contracts",
     ("offered", "stored", "refused", "quarantined", "let_go", "expired", "in_flight"),
     ("stored", "refused", "quarantined", "let_go", "expired")),
    ("Values by category", "What came in, and what became of it.", "category", "categories",
     ("values_in", "kept", "reduced", "refused", "bytes_in", "bytes_out"),
     ("kept", "reduced", "refused")),
    ("Stored for a purpose", "A value with two purposes counts for both.", "purpose", "purposes",
     ("values_out", "bytes_out"), ("values_out",)),
    ("Made smaller by", "Bits are what values tell of who they are about.", "reducer", "reducers",
     ("values_in", "values_out", "bits_in", "bits_out"), ()),
    ("Rows that were stored", "Stored is the sum of the others.", "contract", "contracts",
     ("stored", "present", "revoked", "swept", "erased"), ("present", "revoked", "swept", "erased")),
    ("Removals", "Rows that went, were left with less, and values that went.", "removal", "removals",
     ("rows", "narrowed", "values"), ()),
    ("Consent", "What was said to each optional purpose, and the events it was asked for.", "purpose",
     "consents", ("given", "refused", "withdrawn", "events_granted", "events_withheld"), ()),
    ("Reads", "What was asked for each purpose, and the rows it gave.", "purpose", "reads",
     ("done", "refused", "failed", "rows"), ()),
    ("Shared", "What left for each recipient.", "recipient", "disclosures",
     ("made", "refused", "rows"), ()),
    ("On which sentence of the policy", "Every value that came is decided by one.", "clause", "clauses",
     ("values_in", "values_out", "bytes_in", "bytes_out"), ()),
)  # fmt: skip


def sections(facts: Mapping[str, Any]) -> list[Section]:
    """Every section that has rows.

    Args:
        facts: As `Report.to_dict` gives them.
    """
    found = [
        Section(title, note, first, columns, facts.get(part) or {}, parts)
        for title, note, first, part, columns, parts in _ALL
    ]
    asked: Mapping[str, Mapping[str, int]] = facts.get("requests") or {}
    counts = {
        f"{part}: {word}": {"count": n} for part, row in asked.items() for word, n in row.items()
    }
    requests = Section(
        "Requests", "What people asked for, and how it stands.", "", ("count",), counts
    )
    return [one for one in (*found, requests) if one.rows]


def figure(row: Row, column: str) -> str:
    """A figure as it is written; what a row does not have is a dash."""
    value = row.get(column)
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if isinstance(value, int) else f"{value:,.1f}"


def days(facts: Mapping[str, Any]) -> str:
    """Of which days a report tells."""
    period = facts.get("period") or {}
    first, last = period.get("from"), period.get("to")
    if first and last:
        return f"{first} to {last} (UTC, both included)"
    if first:
        return f"since {first} (UTC)"
    return f"until {last} (UTC, included)" if last else "everything so far"


def _size(row: Row, column: str) -> float:
    """A figure of a bar; what came to be less than nothing in a period has no length."""
    value = row.get(column)
    return max(float(value), 0.0) if isinstance(value, int | float) else 0.0
