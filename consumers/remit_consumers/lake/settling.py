"""Settling: rows leave the quarantine once a commit counts their events otherwise, their sealed bytes at once.

What a replay read is counted in the commit to its events table, so here its row only goes. What expired or was read from
another copy is taken off the count in the very commit that takes out the row. A crash between the two is put right by the
next replay or sweep, which finds the first commit's receipt.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from remit_consumers.lake.columns import QUARANTINE
from remit_consumers.lake.quarantined import EVENTS, TABLE, replays
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.lake.rewrite import Change, Rewriting, due_files, live_files, rewrite_files
from remit_consumers.lake.tables import row_tables
from remit_consumers.lake.vacuum import Vacuum
from remit_schemas.errors import LakeError, PackError
from remit_schemas.header import Header

Row = Mapping[str, Any]
"""A row of the quarantine, what is sealed in it included."""

Place = tuple[str, int, int]
"""Log, partition and offset of a pack."""

Key = tuple[str, int, int, bool]
"""A place, and whether it is about the whole pack there."""


def place_of(row: Row) -> Place:
    """Where the pack of a row lay."""
    return row["log"], row["partition"], row["offset"]


def key_of(row: Row) -> Key:
    """What is told of a row together with others: those of a pack whose events stand there one by one."""
    return (*place_of(row), row["index"] is None)


def key_told(log: str, one: Replayed) -> Key:
    """What a receipt's entry is about."""
    return log, one.partition, one.offset, one.is_whole


def told_of(row: Row, settled: Settled) -> Replayed:
    """What a receipt says of a row: as it was counted when it came, and by the header that was known then."""
    header = _header(row["sealed"]) if row["pack"] is not None else None
    has_whole = row["index"] is None and row["sealed"] is not None
    return Replayed(
        settled=settled,
        contract=row["contract"] or "",
        reason=_reason(row["reason"]),
        count=row["count"],
        producer=header.producer if header else b"",
        lane=header.lane if header else 0,
        sequence=header.sequence if header else 0,
        partition=row["partition"],
        offset=row["offset"],
        sha256=sha256(row["sealed"]).digest() if has_whole else b"",
        tenant=header.tenant if header else "",
    )


def _reason(text: str) -> Reason:
    """The reason that a row stands for.

    Raises:
        LakeError: It is none of the list: nothing can be told of the row, and it stays.
    """
    try:
        return Reason(text)
    except ValueError:
        raise LakeError("a row of the quarantine has a reason that is none of the list") from None


def _header(sealed: bytes | None) -> Header | None:
    """The header of sealed bytes, if they have one; nothing says here that it is authentic."""
    if sealed is None:
        return None
    try:
        return Header.parse(sealed)
    except PackError:
        return None


def ending(rows: Iterable[Row], settled: Settled) -> dict[Key, Replayed]:
    """What a receipt says of rows that go together: those of one pack once, with all their events."""
    found: dict[Key, Replayed] = {}
    for row in rows:
        one, before = told_of(row, settled), found.get(key_of(row))
        if before:  # whose it is stands with the bytes, and these with one row of the pack alone
            whose = one.tenant or before.tenant
            one = replace(one, count=one.count + before.count, tenant=whose)
        found[key_of(row)] = one
    return found


def read_before(root: Path) -> dict[Key, Replayed]:
    """What replays stored, by where it lay; of events that stood one by one, what the last of several says."""
    found: dict[Key, Replayed] = {}
    for name in row_tables(root):
        for receipt in replays(root, name) if name.startswith(EVENTS) else ():
            for one in receipt.replayed:
                key = key_told(receipt.log, one)
                before = found.get(key)
                is_later = before is None or len(one.malformed) < len(before.malformed)
                if one.settled is Settled.READ and is_later:
                    found[key] = one
    return found


def is_read(row: Row, read: Mapping[Key, Replayed]) -> bool:
    """Whether a replay stored what a row stands for, or what of it can be read, so that the row only waits to go."""
    one = read.get(key_of(row))
    return one is not None and (one.is_whole or row["index"] not in one.malformed)


def settle(root: Path, read: Mapping[Key, Replayed], ended: Mapping[Key, Replayed]) -> None:
    """Take rows out of the quarantine, and their bytes off the disk.

    Args:
        root: The lake's folder.
        read: Packs whose events a commit counts.
        ended: What is to be counted otherwise with this commit.

    Raises:
        LakeError: The lake cannot be written.
    """
    rewrite_files(root, TABLE, Rewriting(live_files, lambda rows: _left(rows, read, ended)))
    Vacuum().take(root / TABLE, 0.0)


def expiring(root: Path, now: datetime) -> Rewriting:
    """What a sweep does with the quarantine: whatever is past its end is expired, but for what a replay stored before.

    Source: policy 2021-11-01, clause S085.
    """
    read = read_before(root)

    def decide(rows: pa.Table) -> Change | None:
        due = (row for row in rows.to_pylist() if row["keep_until"] <= now)
        over = [row for row in due if not is_read(row, read)]
        return _left(rows, read, ending(over, Settled.EXPIRED))

    return Rewriting(partial(due_files, now=now), decide)


def _left(
    rows: pa.Table, read: Mapping[Key, Replayed], ended: Mapping[Key, Replayed]
) -> Change | None:
    """The rows that stay; None: all do."""
    kept: list[Row] = []
    told: dict[Key, Replayed] = {}
    loose: dict[Key, bytes] = {}  # what was sealed in a row that goes, of whose pack others stay
    released, is_any = 0, False
    for row in rows.to_pylist():
        key = key_of(row)
        if is_read(row, read):
            one, is_any = read[key], True
            left = list(_malformed(row, one)) if one.is_whole else []
            kept += left
            released += row["count"] - len(left)
            if row["sealed"] is not None and one.malformed and not one.is_whole:
                loose[key] = row["sealed"]
        elif key in ended:
            told[key] = ended[key]
        else:
            kept.append(row)
    if not (told or is_any):
        return None
    kept = [
        {**row, "sealed": loose.pop(key_of(row))} if key_of(row) in loose else row for row in kept
    ]
    return Change(
        pa.Table.from_pylist(kept, QUARANTINE), [], replayed=[*told.values()], released=released
    )


def _malformed(row: Row, one: Replayed) -> Iterator[Row]:
    """The rows of events that stay, one by one; the bytes stand with the first."""
    for number, place in enumerate(one.malformed):
        sealed = None if number else row["sealed"]
        yield {
            **row,
            "index": place,
            "reason": Reason.MALFORMED.value,
            "count": 1,
            "sealed": sealed,
        }
