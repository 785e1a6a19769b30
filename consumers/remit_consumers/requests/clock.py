"""The clock of a request: it starts at receipt and never pauses.

Source: policy 2021-11-01, clauses S101, S102.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from remit_schemas.requests import RequestTerms

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """How a request stands in time.

    Attributes:
        days_left: Whole days that are left, rounded down; below zero it is late.
        alert: Which warning is due: 0 for none, 1 for the first, and so on.
        is_late: Whether the time is over.
    """

    days_left: int
    alert: int
    is_late: bool


def due_at(received_at: datetime, terms: RequestTerms) -> datetime:
    """When a request must be answered, whatever is asked or checked meanwhile."""
    return received_at + terms.respond_within


def due(received_at: datetime, until: datetime, terms: RequestTerms, now: datetime) -> Due:
    """Say how an open request stands.

    Args:
        received_at: When it came, aware UTC.
        until: When it must be answered, as it was promised then.
        terms: Of the policy in force: when warnings are due.
        now: Aware UTC.
    """
    alert = sum(now - received_at >= after for after in terms.alert_after)
    return Due((until - now) // DAY, alert, now > until)
