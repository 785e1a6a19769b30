"""What a proof says of the plain door, from receipts alone."""

import pyarrow as pa

from remit_consumers.lake.columns import RECEIPTS
from remit_consumers.proof.report import PlainDoor, told
from remit_schemas.plain_door import plain_producer


def receipts(*sources: tuple[bytes, str, int]) -> pa.Table:
    """What sources say: producer, decision, events."""
    rows = [
        {
            "kind": "source",
            "contract": "page_view",
            "producer": producer.hex(),
            "lane": 0,
            "tenant": "",
            "sequence": 1,
            "decision": decision,
            "values_in": events,
        }
        for producer, decision, events in sources
    ]
    blank = dict.fromkeys(RECEIPTS.names)
    return pa.Table.from_pylist([blank | row for row in rows], RECEIPTS)


def test_a_log_by_which_nothing_came_plain_says_closed() -> None:
    found = told(receipts((b"r" * 16, "offered", 7))).plain_door
    assert found == PlainDoor()
    assert found.sentence() == "closed: every event was sealed at its source"
    assert told(RECEIPTS.empty_table()).plain_door == PlainDoor()


def test_events_are_counted_by_the_marks_of_their_producers() -> None:
    tls, loopback = plain_producer(is_loopback=False), plain_producer(is_loopback=True)
    found = told(
        receipts(
            (tls, "offered", 10),
            (tls, "offered", 25),  # cumulative: the largest holds
            (tls, "refused", 2),
            (tls, "let_go", 1),
            (loopback, "offered", 4),
            (b"r" * 16, "offered", 1000),
        )
    ).plain_door
    assert found == PlainDoor(offered=29, refused=2, let_go=1, without_tls=4, producers=2)
    assert found.sentence() == (
        "open: 29 events came in plain and were sealed at once, 2 of them refused; "
        "1 were lost to the topic's retention; 4 of them WITHOUT TLS, on one machine"
    )
