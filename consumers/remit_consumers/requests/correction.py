"""Correction: what is to be put right, and in which rows, as whoever asks says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Self

from remit_schemas.errors import RequestRefused

REFERENCE: Final = re.compile(r"[0-9a-f]{32}")
"""What a row is called in an access export."""

ROWS_MAX: Final = 10_000
"""References that one correction may name; more rows are told by their days."""

EXAMPLE: Final = '{"contract": "page_view", "fields": {"language": "de"}}'


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of a subject; nothing named is all of them.

    Attributes:
        from_day: First day of collection.
        to_day: Last day of collection.
        rows: What rows are called in an access export.
    """

    from_day: date | None = None
    to_day: date | None = None
    rows: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise RequestRefused("the first day of a correction is after its last")
        if len(self.rows) > ROWS_MAX:
            raise RequestRefused(f"a correction names at most {ROWS_MAX:,} rows: say days instead")
        if not all(REFERENCE.fullmatch(one) for one in self.rows):
            message = 'a row is named as an access export does: 32 digits under "row"'
            raise RequestRefused(message)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be put right.

    Attributes:
        contract: Of which events.
        values: By field, as an app would give them.
        fills: Whether only rows without a value get one; else only rows that have one.
        part: In which rows.
    """

    contract: str
    values: Mapping[str, Any]
    fills: bool = False
    part: Part = field(default_factory=Part)

    @classmethod
    def of(cls, said: object, *, fills: bool) -> Self:
        """Read a correction as JSON has it: contract, fields, and from, to (days) and rows where not all are meant.

        Raises:
            RequestRefused: It is none.
        """
        message = f"what is right comes as a line of JSON: {EXAMPLE}; from, to and rows say where"
        if not isinstance(said, dict) or said.keys() - {"contract", "fields", "from", "to", "rows"}:
            raise RequestRefused(message)
        try:
            contract, values = str(said["contract"]), dict(said["fields"])
            days = (said[name] and date.fromisoformat(said[name]) if name in said else None for name in ("from", "to"))  # fmt: skip
            first, last = (day or None for day in days)
            rows = frozenset(map(str, said.get("rows") or ()))
        except (ValueError, KeyError, TypeError):
            raise RequestRefused(message) from None
        return cls(contract, values, fills, Part(first, last, rows))
