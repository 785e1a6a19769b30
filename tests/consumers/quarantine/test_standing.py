"""What stands in quarantine is told by reason and contract: packs once, events together, the first end of all."""

from remit_consumers.quarantine.standing import Held, held


def row(offset: int, reason: str, **changed: object) -> dict[str, str | int | None]:
    """A row as the lake lists it."""
    times = {
        "quarantined_at": f"2026-03-0{offset}T00:00:00Z",
        "keep_until": f"2026-03-1{offset}T00:00:00Z",
    }
    place = {"log": "spool/x", "partition": 0, "offset": offset}
    return place | {"contract": "page_view", "reason": reason, "count": 1} | times | changed  # type: ignore[return-value]


def test_rows_of_one_pack_are_one_pack_and_as_many_events_as_they_stand_for() -> None:
    rows = [row(2, "malformed"), row(2, "malformed"), row(1, "malformed", count=4)]
    (one,) = held(rows)
    times = ("2026-03-01T00:00:00Z", "2026-03-11T00:00:00Z")
    assert one == Held("malformed", "page_view", 2, 6, *times)


def test_reasons_and_contracts_stand_apart_in_order() -> None:
    rows = [row(1, "tampered"), row(2, "pack"), row(3, "pack", contract=None)]
    assert [(one.reason, one.contract) for one in held(rows)] == [
        ("pack", ""),
        ("pack", "page_view"),
        ("tampered", "page_view"),
    ]
