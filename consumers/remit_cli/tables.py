"""Tables of counts, as the reports print them."""

from collections.abc import Mapping
from datetime import datetime

from rich import box
from rich.filesize import decimal
from rich.table import Column, Table

DECISIONS = ("values_in", "kept", "reduced", "refused", "bytes_in", "bytes_out")
"""The columns of a category's row."""

SIZES = ("values_in", "values_out", "bytes_in", "bytes_out")
"""The columns of a clause's row."""

MEASURES = ("values_in", "distinct_in", "distinct_out", "bits_in", "bits_out")
"""The columns of a reducer's row."""

CONSENTS = ("given", "refused", "withdrawn", "events_granted", "events_withheld")
"""The columns of a purpose's row."""

READS = ("done", "refused", "failed", "rows")
"""The columns of a purpose's reads."""

DISCLOSURES = ("made", "refused", "rows")
"""The columns of a recipient's disclosures."""

OUTCOMES = ("offered", "stored", "refused", "quarantined", "let_go", "expired", "in_flight")
"""The columns of a contract's row, in the order of the conservation law."""

STANDING = ("stored", "present", "revoked", "swept", "erased")
"""The columns of a contract's row where rows were removed: the first is the sum of the others."""

REMOVED = ("rows", "narrowed", "values")
"""The columns of a removal's row."""


def whole(*names: str) -> list[Column]:
    """Columns of which nothing is left out on a narrow terminal: what stands there is needed for the next command."""
    return [Column(name, overflow="fold") for name in names]


def cell(value: object) -> str:
    """What stands in a table: nothing for None, of a time its minute."""
    if value is None:
        return ""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def table_of(
    title: str, first: str, columns: tuple[str, ...], rows: Mapping[str, Mapping[str, float | str]]
) -> Table:
    """A table of counts; an empty one says what to do next."""
    caption = (
        None if rows else "nothing stored yet: `remit up` stores what waits, `--wait` waits for it"
    )
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column.replace("_", "\n"), justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(name, *(_figure(column, row.get(column, 0)) for column in columns))
    return table


def _figure(column: str, count: float | str) -> str:
    """A count as it is, or what stands in its place; bytes and bits rounded, because nobody reads nine digits."""
    if isinstance(count, str):
        return count
    if column.startswith("bits"):
        return f"{count:.1f}"
    return decimal(int(count)) if column.startswith("bytes") else f"{count:,}"
