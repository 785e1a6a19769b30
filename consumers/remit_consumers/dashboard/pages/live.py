"""Live: the events that come in now, each field beside what became of it and why.

Who looks is on record in the table of reads; values are shown to the privacy officer alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from remit_consumers.backup.guard import check_applied
from remit_consumers.dashboard.asked import Asked
from remit_consumers.dashboard.live import SeenField, SeenRow
from remit_schemas.category import Decision


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One event as the page shows it.

    Attributes:
        number: Of the row.
        contract: Its contract.
        at: When it was committed.
        stored: Fields that stand.
        refused: Fields that were refused, whether they came or not.
    """

    number: int
    contract: str
    at: datetime | None
    stored: tuple[SeenField, ...]
    refused: tuple[SeenField, ...]


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows; that somebody looks is on record before.

    Raises:
        LakeError: The lake cannot be read, or was restored from before an erasure.
        KeysOutOfReach: The ledger of erasures cannot be read.
    """
    settings = asked.site.settings
    check_applied(settings.lake, settings.keys)
    rows = asked.site.recent.of(asked.identity.tenant).rows()
    if rows:
        contracts = sorted({row.contract for row in rows})
        begins = not asked.wants_part
        asked.site.audit.look(contracts, len(rows), identity=asked.identity, begins=begins)
    return {
        "rows": [_shown(row) for row in rows],
        "is_empty": not rows,
        "newest": rows[0].number if rows else 0,
        "clauses": _clauses(rows),
    }


def has_news(asked: Asked) -> bool:
    """Whether there is anything that an open page does not show yet."""
    after = asked.request.query_params.get("after", "")
    rows = asked.site.recent.of(asked.identity.tenant).rows()
    return not rows or str(rows[0].number) != after


def _shown(row: SeenRow) -> ShownRow:
    refuse = Decision.REFUSE.value
    stored = tuple(one for one in row.fields if one.decision != refuse and one.value)
    refused = tuple(one for one in row.fields if one.decision == refuse)
    return ShownRow(row.number, row.contract, row.at, stored, refused)


def _clauses(rows: Sequence[SeenRow]) -> Sequence[str]:
    """The sentences that decided, in their order."""
    return sorted({one.clause for row in rows for one in row.fields if one.clause})
