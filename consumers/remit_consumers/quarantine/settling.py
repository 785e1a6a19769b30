"""Settling: rows leave the quarantine once a commit counts their events otherwise, their sealed bytes at once.

What a replay read is counted in the commit to its events table, so here its row only goes. What expired or was read from
another copy is taken off the count in the very commit that takes out the row. A crash between the two is put right by the
next replay, which finds the first commit's receipt.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from remit_consumers.lake.columns import QUARANTINE
from remit_consumers.lake.quarantined import EVENTS, TABLE, replays
from remit_consumers.lake.replayed import Replayed, Settled
from remit_consumers.lake.rewrite import Change, Rewriting, live_files, rewrite_files
from remit_consumers.lake.tables import row_tables
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.quarantine.reasons import Reason

Place = tuple[str, int, int]
"""Log, partition and offset of a pack."""

Key = tuple[str, int, int, bool]
"""A place, and whether it is about the whole pack there."""


def place_of(row: Mapping[str, Any]) -> Place:
    """Where the pack of a row lay."""
    return row["log"], row["partition"], row["offset"]


def read_before(root: Path) -> dict[Place, Replayed]:
    """The packs that replays stored, by where they lay."""
    return {
        (receipt.log, one.partition, one.offset): one
        for name in row_tables(root)
        if name.startswith(EVENTS)
        for receipt in replays(root, name)
        for one in receipt.replayed
        if one.settled is Settled.READ
    }


def settle(root: Path, read: Mapping[Place, Replayed], ended: Mapping[Key, Replayed]) -> None:
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


def _left(
    rows: pa.Table, read: Mapping[Place, Replayed], ended: Mapping[Key, Replayed]
) -> Change | None:
    """The rows that stay; None: all do."""
    kept: list[Mapping[str, Any]] = []
    told: dict[Key, Replayed] = {}
    released = 0
    for row in rows.to_pylist():
        place, is_whole = place_of(row), row["index"] is None
        if is_whole and place in read:
            one = read[place]
            kept += _malformed(row, one)
            released += one.count - len(one.malformed)
        elif (key := (*place, is_whole)) in ended:
            told[key] = ended[key]
        else:
            kept.append(row)
    if len(kept) == rows.num_rows and not told and not released:
        return None
    return Change(
        pa.Table.from_pylist(kept, QUARANTINE), [], replayed=[*told.values()], released=released
    )


def _malformed(row: Mapping[str, Any], one: Replayed) -> Iterator[Mapping[str, Any]]:
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
