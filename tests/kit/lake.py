"""Rows, receipts and flushes as a pipeline would hand them to the lake: valid by default."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import QUARANTINE
from remit_consumers.lake.commit import Flush, Lake, TableCommit
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import (
    EventCounts,
    FieldCount,
    PackCount,
    PackOutcome,
    Receipt,
    SourceCount,
)
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.rewrite import Change, rewrite
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.rows import OWN_COLUMNS
from remit_schemas.category import Decision
from remit_schemas.header import pack_id

LOG = "spool/0123456789abcdef"
PRODUCER = bytes(range(16))
TAGSET = Tagset(
    "0123456789abcdef", "page_view", "salesmartly", "2021-11-01", "essential.service", "{}"
)
DAY = date(2026, 11, 23)
TAGS = {"remit.category": "user.device.ip_address", "remit.reducer": "ip", "remit.clause": "S025"}
SCHEMA = pa.schema(
    [pa.field("ip", pa.string(), metadata=TAGS), *(pa.field(*one) for one in OWN_COLUMNS.items())]
)
KEEP_UNTIL = datetime(2027, 5, 23, tzinfo=UTC)


def make_rows(offset: int, events: int = 3, **changed: object) -> pa.Table:
    """Rows of the pack at an offset; a keyword gives all rows another value in one column."""
    rows = [
        {
            "ip": f"192.0.{event}.0",
            "pack": pack_id(PRODUCER, 0, offset + 1),
            "index": event,
            "subject": None,
            "tenant": "",
            "policy_version": "2021-11-01",
            "tagset": TAGSET.tagset,
            "keep_until": KEEP_UNTIL,
            "day": DAY,
        }
        | changed
        for event in range(events)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def make_receipt(
    offset: int, events: int = 3, *, partition: int = 0, contract: str = "page_view"
) -> Receipt:
    """The receipt of the pack at an offset, all of whose events are stored."""
    return Receipt(
        log=LOG,
        contract=contract,
        policy_version="2021-11-01",
        positions={partition: (offset, offset + 1)},
        events=EventCounts(stored=events),
        sources=[SourceCount(PRODUCER, partition, offset + 1, (offset + 1) * events)],
        packs=[PackCount(PRODUCER, partition, offset + 1, partition, offset, events, bytes(32))],
        fields=[
            FieldCount(
                *(
                    "ip",
                    "user.device.ip_address",
                    Decision.REDUCE,
                    "ip",
                    "S025",
                    "essential.service",
                ),
                *("contract", events, events, events * 12, events * 9),
            )
        ],
    )


def make_flush(offset: int, *parts: TableCommit, partition: int = 0, events: int = 3) -> Flush:
    """A flush of one pack; without parts, all its events are page views to store."""
    whole = TableCommit(
        "events/page_view",
        make_rows(offset, events),
        make_receipt(offset, events, partition=partition),
    )
    marks: Mapping[int, Mapping[tuple[bytes, int], int]] = {
        partition: {(PRODUCER, partition): offset + 1}
    }
    return Flush(LOG, {partition: (offset, offset + 1)}, parts or [whole], marks, [TAGSET])


def take_rows(lake: Lake, name: str) -> None:
    """Take the page views of a subject out of a lake, by its name there; the files that held them stay."""

    def change(rows: pa.Table) -> Change | None:
        theirs = pc.fill_null(pc.equal(rows.column("subject"), name), fill_value=False)
        many = rows.filter(theirs).num_rows
        gone = RemovedCount(Removal.ERASED, "requested", rows=many, values={"ip": many})
        return Change(rows.filter(pc.invert(theirs)), [gone]) if many else None

    rewrite(lake.root, "events/page_view", pa.array([name]), change)


def make_quarantined(offset: int, reason: str = "tampered", events: int = 2) -> TableCommit:
    """The pack at an offset, quarantined whole."""
    row = {
        "log": LOG,
        "partition": 0,
        "offset": offset,
        "contract": "page_view",
        "reason": reason,
        "count": events,
        "sealed": bytes(range(256)),
        "quarantined_at": KEEP_UNTIL,
        "keep_until": KEEP_UNTIL,
    }
    pack = PackCount(PRODUCER, 0, offset + 1, 0, offset, events, bytes(32), PackOutcome.QUARANTINED)
    counts = EventCounts(quarantined={Reason(reason): events})
    receipt = Receipt(LOG, "page_view", "", {0: (offset, offset + 1)}, counts, packs=[pack])
    return TableCommit("quarantine", pa.Table.from_pylist([row], QUARANTINE), receipt)
