"""Where each partition of a log stands: its position, and the marks of the producers seen in it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from remit_consumers.lake.columns import POSITIONS
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.history import receipts_before_the_log
from remit_consumers.lake.log import cut, first_version
from remit_consumers.lake.log import entry as read_entry
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import PackCount, PackOutcome, Receipt
from remit_consumers.lake.tables import CHECKPOINT_EVERY, Table

RAW_LIMIT_S = 72 * 3600
"""A producer silent for so long is forgotten: what it sent before cannot be opened any more (D2, D3)."""

Marks = Mapping[tuple[bytes, int], int]
"""The highest sequence stored for each (producer, lane)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition stands.

    Attributes:
        position: The next offset to read.
        marks: For each (producer, lane) the highest sequence stored, and when it was raised (seconds since 1970).
    """

    position: int
    marks: Mapping[tuple[bytes, int], tuple[int, int]] = field(default_factory=dict)

    def after(self, position: int, raised: Marks, now_s: int) -> "Standing":
        """The standing after a flush; producers silent for longer than the raw limit are forgotten."""
        kept = {key: mark for key, mark in self.marks.items() if now_s - mark[1] <= RAW_LIMIT_S}
        news = {
            key: (sequence, now_s)
            for key, sequence in raised.items()
            if sequence > kept.get(key, (0, 0))[0]
        }
        return Standing(position, kept | news)

    def sequences(self) -> dict[tuple[bytes, int], int]:
        """The marks without their times."""
        return {key: mark[0] for key, mark in self.marks.items()}


NOWHERE = Standing(-1)
"""A partition of which nothing was stored yet."""

Key = tuple[str, int]
"""A log's id and a partition of it."""

NEAR = 2
"""So many of the newest commits are looked at before delta-rs is asked for partitions that they do not speak of."""


def app_id(log_id: str, partition: int) -> str:
    """The name of a partition's transactions."""
    return f"{log_id}/{partition}"


def standings(table: Table) -> dict[Key, Standing]:
    """Read where every partition stands, as of the version that `table` shows."""
    found: dict[Key, Standing] = {}
    for row in table.delta.to_pyarrow_table().to_pylist():
        key = (row["log"], row["partition"])
        if row["position"] > found.get(key, NOWHERE).position:
            found[key] = Standing(row["position"], _marks(row["marks"]))
    return found


def rows(standing: Mapping[Key, Standing]) -> pa.Table:
    """The rows of partitions, for the positions table."""
    now = datetime.now(UTC)
    return pa.table(
        {
            "log": [key[0] for key in standing],
            "partition": [key[1] for key in standing],
            "position": [one.position for one in standing.values()],
            "marks": [_text(one) for one in standing.values()],
            "committed_at": [now] * len(standing),
        },
        schema=POSITIONS,
    )


def _text(standing: Standing) -> str:
    """Write marks: for each producer, its lanes as [lane, sequence, raised at]."""
    by_producer: dict[str, list[tuple[int, int, int]]] = {}
    for (producer, lane), (sequence, raised_s) in standing.marks.items():
        by_producer.setdefault(producer.hex(), []).append((lane, sequence, raised_s))
    return json.dumps(by_producer, separators=(",", ":"))


def _marks(text: str) -> dict[tuple[bytes, int], tuple[int, int]]:
    """Read what `_text` wrote."""
    return {
        (bytes.fromhex(producer), lane): (sequence, raised_s)
        for producer, lanes in json.loads(text).items()
        for lane, sequence, raised_s in lanes
    }


def done_beyond(
    table: Table, log_id: str, positions: Mapping[int, int]
) -> dict[int, dict[int, PackCount]]:
    """Packs of partitions at or beyond their positions that stand in a row table already.

    Read from the commits, newest first, until one of each partition lies behind its position; those that the log has no
    more are in `receipts`. Most commits have something of every partition, so the newest says it all.

    Args:
        table: The row table.
        log_id: The log of the partitions.
        positions: The position of each.

    Returns:
        For each partition, its packs by offset.
    """
    done: dict[int, dict[int, PackCount]] = {number: {} for number in positions}
    left = dict(positions)
    for seen, receipt in enumerate(_newest_first(table)):
        if seen == NEAR:
            left = {
                number: at for number, at in left.items() if _has_beyond(table, log_id, number, at)
            }
        for number, at in list(left.items()) if receipt.log == log_id else ():
            first, end = receipt.positions.get(number, (0, 0))
            if first < end <= at:
                del left[number]
            else:
                done[number] |= _packs(receipt, number, at)
        if not left:
            break
    return done


def _has_beyond(table: Table, log_id: str, number: int, position: int) -> bool:
    """Whether a table has anything of a partition beyond a position; asked of delta-rs, which reads its whole log for it."""
    stood = table.delta.transaction_version(app_id(log_id, number))
    return stood is not None and stood > position


def _newest_first(table: Table) -> Iterator[Receipt]:
    """The receipts of a table's commits."""
    for version in range(table.version, first_version(table.path) - 1, -1):
        receipt = read_entry(table.path, version).parsed()
        if receipt is not None:
            yield receipt
    yield from receipts_before_the_log(table.root, table.name)


def _packs(receipt: Receipt, number: int, position: int) -> dict[int, PackCount]:
    """The packs of a partition at or beyond a position that a receipt speaks of, by offset."""
    return {
        one.offset: one
        for one in receipt.packs
        if one.partition == number and one.offset >= position
    }


def compact(table: Table, version: int) -> None:
    """Leave one row for each partition, and cut the log behind the checkpoint before; after `checkpoint`, for `version`.

    Files that it takes out stay for an hour, for readers that have begun.
    """
    table.refresh()
    current = standings(table)
    replaced: list[str] = pa.chunked_array(table.delta.get_add_actions()["path"]).to_pylist()
    files = write(table.path, rows(current))
    sync(files)
    append(table.path, table.version, Append(files, {}, replaced=replaced))
    table.delta.vacuum(retention_hours=1, dry_run=False, enforce_retention_duration=False)
    cut(table.path, version - CHECKPOINT_EVERY)


def identities(
    done: Mapping[str, Mapping[int, PackCount]], outcome: PackOutcome
) -> frozenset[tuple[bytes, int, int]]:
    """The packs that came to this outcome, wherever on the log a copy of them lies."""
    return frozenset(
        (pack.producer, pack.lane, pack.sequence)
        for packs in done.values()
        for pack in packs.values()
        if pack.outcome is outcome
    )


def outcomes_of(packs: Mapping[int, PackCount]) -> dict[int, PackOutcome]:
    """What was done with each pack, by its offset."""
    return {offset: pack.outcome for offset, pack in packs.items()}
