"""Audit: who read or was refused what, and when, from the table of reads; names are those of accounts and tokens, never values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from remit_consumers.dashboard.asked import Asked
from remit_consumers.lake.queries import DONE, FAILED, REFUSED, history

SHOWN_MAX: Final = 200
ANY: Final = "any"
OUTCOMES: Final = (ANY, DONE, REFUSED, FAILED)


@dataclass(frozen=True, slots=True)
class ShownRead:
    """One read as the page shows it.

    Attributes:
        at: When, aware UTC.
        who: An account of this machine, or the opaque name of a token.
        role: In which role; empty where none are configured.
        tenant: Of whose data; empty for the whole, or a single shop.
        door: Where it was done, and `query` for a statement over views.
        act: What was done, or empty.
        tables: What was read, where a statement did or somebody looked at rows.
        rows: Rows that were handed over.
        outcome: `done`, `refused` or `failed`.
        reason: Why, where it was not done.
    """

    at: datetime
    who: str
    role: str
    tenant: str
    door: str
    act: str
    tables: str
    rows: int
    outcome: str
    reason: str


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows; that somebody looks is on record before, and stands on top.

    Raises:
        LakeError: The lake cannot be read.
    """
    outcome = asked.choice("outcome", OUTCOMES)
    reads: list[dict[str, Any]] = history(asked.site.lake.root, asked.site.now()).to_pylist()[::-1]
    chosen = [one for one in reads if outcome in (ANY, one["outcome"])]
    counts = Counter(str(one["outcome"]) for one in reads)
    return {
        "outcomes": OUTCOMES,
        "outcome": outcome,
        "reads": [_shown(one) for one in chosen[:SHOWN_MAX]],
        "more": max(0, len(chosen) - SHOWN_MAX),
        "counts": {name: counts[name] for name in (DONE, REFUSED, FAILED)},
        "people": len({one["user"] for one in reads}),
        "has_tenants": any(one["tenant"] for one in reads),
    }


def _shown(read: Mapping[str, Any]) -> ShownRead:
    """A row of the table; what stands behind a door's name is an act of access/roles.py."""
    door, is_act, act = read["tables"].partition(":")
    return ShownRead(
        at=read["started_at"],
        who=read["user"],
        role=read["role"],
        tenant=read["tenant"],
        door=door if is_act else "query",
        act=act,
        tables="" if is_act else read["tables"],
        rows=read["rows"],
        outcome=read["outcome"],
        reason=read["reason"],
    )
