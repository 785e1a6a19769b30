"""What stands in quarantine is told by reason and contract: packs once, events together, the first end of all."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from remit_consumers.lake.columns import QUARANTINE
from remit_consumers.lake.held import Held, by_reason, held
from remit_consumers.lake.reasons import Reason

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def row(offset: int, reason: str, **changed: object) -> dict[str, object]:
    """A row of the quarantine; one at a higher offset came later, and stays longer."""
    times = {"quarantined_at": BEGUN + offset * DAY, "keep_until": BEGUN + (offset + 3) * DAY}
    place = {"log": "spool/x", "partition": 0, "offset": offset}
    return place | {"contract": "page_view", "reason": reason, "count": 1} | times | changed


def told(*rows: dict[str, object]) -> list[Held]:
    """What is told of rows."""
    return held(pa.Table.from_pylist(list(rows), QUARANTINE))


def test_rows_of_one_pack_are_one_pack_and_as_many_events_as_they_stand_for() -> None:
    (one,) = told(row(2, "malformed"), row(2, "malformed"), row(1, "malformed", count=4))
    times = (BEGUN + DAY, BEGUN + 4 * DAY)
    assert one == Held(Reason.MALFORMED, "page_view", 2, 6, *times)


def test_reasons_and_contracts_stand_apart_in_order_and_reasons_can_be_told_together() -> None:
    groups = told(row(1, "tampered"), row(2, "pack"), row(3, "pack", contract=None))
    assert [(one.reason, one.contract) for one in groups] == [
        (Reason.PACK, ""),
        (Reason.PACK, "page_view"),
        (Reason.TAMPERED, "page_view"),
    ]
    whole = by_reason(groups)
    assert (whole[Reason.PACK].packs, whole[Reason.TAMPERED].packs) == (2, 1)
    assert whole[Reason.PACK].since == BEGUN + 2 * DAY


def test_only_what_can_be_mended_and_is_about_to_end_is_urgent() -> None:
    (mendable, other) = told(row(0, "unknown_policy"), row(0, "tampered"))[::-1]
    ends = BEGUN + 3 * DAY
    assert not mendable.ends_soon(ends - DAY)
    assert mendable.ends_soon(ends - DAY + timedelta(seconds=1))
    assert not other.ends_soon(ends)
