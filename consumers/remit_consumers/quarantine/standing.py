"""What stands in quarantine, told by reason and contract; never what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str | int | None]
"""A row of the quarantine as `Lake.quarantined` lists it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What stands there for one reason, of one contract.

    Attributes:
        reason: Why, from the closed list.
        contract: Of its events; empty where that is not known.
        packs: Packs, counted once also where several datums of one stand there.
        events: Events, as far as can be told.
        since: When the first of them came there, ISO 8601.
        readable_until: When the first of them can be read no more, ISO 8601.
    """

    reason: str
    contract: str
    packs: int
    events: int
    since: str
    readable_until: str


def held(rows: Sequence[Row]) -> list[Held]:
    """Sum rows of the quarantine by reason and contract, in that order."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((str(row["reason"]), str(row["contract"] or "")), []).append(row)
    return [
        Held(
            reason=reason,
            contract=contract,
            packs=len({(row["log"], row["partition"], row["offset"]) for row in mine}),
            events=sum(int(row["count"] or 0) for row in mine),
            since=min(str(row["quarantined_at"]) for row in mine),
            readable_until=min(str(row["keep_until"]) for row in mine),
        )
        for (reason, contract), mine in sorted(groups.items())
    ]
