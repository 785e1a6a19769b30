"""A report for everybody: how much was collected, refused, asked for and shared, in counts that tell of nobody.

Small counts are hidden (`small_counts`). What is left is rounded, or has noise added that hides one event more or less.
The noise of a count hangs on a secret of the deployment and on the period: asked again, the same question has the same
answer, so that nobody can take the mean of many. All parameters stand in the report.

Source: Ghosh, Roughgarden, Sundararajan, "Universally utility-maximizing privacy mechanisms" (2009): geometric noise.
"""

import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from remit_consumers.evidence.small_counts import SHOWN_MIN, Shown, Suppressed, suppress
from remit_consumers.lake.receipt import canonical
from remit_consumers.period import Period
from remit_schemas.errors import SettingsError

ROUNDED_TO: Final = 10
"""To what counts are rounded unless something else is asked for."""

KEY: Final = "report.key"
"""The secret that noise is derived from, in the folder of keys."""

_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "contracts": ("stored", "refused", "quarantined", "let_go", "expired"),
    "categories": ("kept", "reduced", "refused"),
    "consents": ("given", "refused", "withdrawn"),
    "disclosures": ("made", "refused"),
}
"""What is told, by part of the report: columns that add up to something."""

_UNIT: Final = 1 << 53


@dataclass(frozen=True, slots=True)
class Blur:
    """How counts are made vague.

    Attributes:
        rounded_to: Counts are multiples of this; 1: they are not rounded.
        epsilon: Strength of the noise: one event more or less changes the chance of any answer by a factor of
            e^epsilon at most. None: no noise.
        key: The secret that it is derived from, 32 bytes; needed with `epsilon`.
    """

    rounded_to: int = ROUNDED_TO
    epsilon: float | None = None
    key: bytes = b""

    def told(self) -> dict[str, object]:
        """The parameters, as they stand in the report."""
        noise = None
        if self.epsilon is not None:
            noise = {
                "kind": "two-sided geometric, results below 0 become 0",
                "epsilon": self.epsilon,
                "hides": "one event more or less in one count; not everything that one person did",
                "seed": "HMAC-SHA256 of period, table, row and column under a secret of the deployment",
            }
        return {
            "small_counts": f"1 to {SHOWN_MIN - 1} show as <{SHOWN_MIN}; others are withheld where a total would tell one",
            "rounded_to": self.rounded_to,
            "noise": noise,
        }


def public(facts: Mapping[str, Any], period: Period, blur: Blur, today: date) -> dict[str, object]:
    """Make the public report.

    Args:
        facts: As `Report.to_dict` gives them, of the same period.
        period: Its days.
        blur: How counts are made vague.
        today: The UTC day on which it is made.

    Raises:
        SettingsError: A parameter is out of range; or noise is asked for and the days are not over: every day's answer
            would have noise of its own, and their mean would have none.
    """
    _check(period, blur, today)
    tables = {name: _columns(facts.get(name) or {}, columns) for name, columns in _TABLES.items()}
    tables["requests"] = _requests(facts.get("requests") or {})
    return {
        "period": period.to_dict(),
        "parameters": blur.told(),
        "tables": {
            name: _blurred(suppress(table), _vague(blur, period, name))
            for name, table in tables.items()
            if table
        },
    }


def _check(period: Period, blur: Blur, today: date) -> None:
    """See that parameters make sense."""
    if blur.rounded_to < 1:
        raise SettingsError("--round takes a whole number from 1 on")
    if blur.epsilon is None:
        return
    if not 0 < blur.epsilon < math.inf:
        raise SettingsError("--noise takes a number above 0: the smaller, the more noise")
    if period.first is None or period.last is None or period.last >= today:
        raise SettingsError("--noise needs days that are over: name them with --from and --to")


def _columns(rows: Mapping[str, Mapping[str, int]], columns: tuple[str, ...]) -> dict[str, dict[str, int]]:  # fmt: skip
    """Some columns of a table; what came to be less than nothing in a period counts as nothing."""
    return {
        name: {column: max(row.get(column, 0), 0) for column in columns}
        for name, row in rows.items()
    }


def _requests(asked: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Requests by right and state."""
    found: dict[str, dict[str, int]] = {}
    states = sorted({name.partition(".")[2] for name in asked.get("rights", {})})
    for name, count in asked.get("rights", {}).items():
        right, _, state = name.partition(".")
        found.setdefault(right, dict.fromkeys(states, 0))[state] = count
    return found


def _vague(blur: Blur, period: Period, table: str) -> Callable[[int, str, str], int]:
    """How a count of a table is made vague, told by its row and column."""

    def one(count: int, row: str, column: str) -> int:
        if blur.epsilon is not None:
            place = canonical([period.to_dict(), table, row, column, blur.epsilon])
            count = max(0, count + _noise(hmac.digest(blur.key, place.encode(), "sha256"), blur.epsilon))  # fmt: skip
        half = blur.rounded_to // 2
        return (count + half) // blur.rounded_to * blur.rounded_to

    return one


def _noise(seed: bytes, epsilon: float) -> int:
    """Two-sided geometric noise: the difference of two geometric numbers, each from half of a seed of 32 bytes."""

    def geometric(part: bytes) -> int:
        drawn = int.from_bytes(hashlib.sha256(part).digest()[:8]) >> 11
        return math.floor(math.log((drawn + 1) / (_UNIT + 1)) / -epsilon)

    return geometric(seed[:16]) - geometric(seed[16:])


def _blurred(table: Suppressed, vague: Callable[[int, str, str], int]) -> dict[str, object]:
    """A table as it is published."""

    def one(count: Shown, row: str, column: str) -> Shown:
        return count if isinstance(count, str) else vague(count, row, column)

    return {
        "rows": {
            name: {column: one(count, name, column) for column, count in row.items()}
            for name, row in table.rows.items()
        },
        "row_totals": {name: one(count, name, "") for name, count in table.row_totals.items()},
        "column_totals": {
            name: one(count, "", name) for name, count in table.column_totals.items()
        },
        "total": one(table.total, "", ""),
    }
