"""What a commit takes away of rows that were stored before, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Removal(StrEnum):
    """Why stored rows or values left the lake."""

    REVOKED = "revoked"
    """They were collected on or after the day on which a denial takes effect."""
    SWEPT = "swept"
    """They were stored lawfully, and nothing holds them any more."""
    ERASED = "erased"
    """All that stood of their subject went."""


EXPIRED, DECAYED, ANONYMISED = "expired", "decayed", "anonymised"
"""Why retention takes something: its time is over, it may only be kept more coarsely, or only as an anonymous table."""

NEWER = "newer"
"""Why a re-minimization takes something: a newer version of the policy allows less."""

REASONS = ("requested", "denied", "minor", EXPIRED, DECAYED, ANONYMISED, NEWER)
"""Every reason of a removal."""


@dataclass(frozen=True, slots=True)
class RemovedCount:
    """What a commit took away of rows that were stored before.

    Attributes:
        removal: Why.
        reason: What brought it about, one of `REASONS`.
        rows: Rows that went.
        narrowed: Rows that stay, with less in them.
        values: Values that went, by field; those of rows that went are among them.
        waited_ms: From the record that asked for it to this commit, of several the longest.
        tenants: Rows that went, by tenant.
    """

    removal: Removal
    reason: str
    rows: int = 0
    narrowed: int = 0
    values: Mapping[str, int] = field(default_factory=dict)
    waited_ms: int = 0
    tenants: Mapping[str, int] = field(default_factory=dict)
