"""Restrictions: what was said of one goes, all at once and with a receipt, when it has ended; one that stands never goes.

One that somebody asked for ends when it is lifted, and is kept on record from then on as long as the request. One that
lies on what an erasure could not take ends with the last of these rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from remit_consumers.lake.removed import EXPIRED, Removal, RemovedCount
from remit_consumers.lake.restrictions import KEY, records
from remit_consumers.lake.rewrite import EVENTS, Change, live_files
from remit_consumers.lake.tables import Table, open_table, row_tables


@dataclass(slots=True)
class Ended:
    """The restrictions of a lake that have ended by a moment.

    Attributes:
        root: The lake's folder.
        now: Aware UTC.
    """

    root: Path
    now: datetime
    _keys: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))

    def files(self, table: Table) -> list[str]:
        """Look which have ended; gives the files that may speak of one."""
        self._keys = pa.array(list(_ended(self.root, self.now)), pa.string())
        return live_files(table) if len(self._keys) else []

    def change(self, rows: pa.Table) -> Change | None:
        """The rows of a file without those that speak of one; None: all stay."""
        is_over = pc.is_in(_keys_of(rows), value_set=self._keys)
        gone = pc.sum(is_over).as_py() or 0
        if not gone:
            return None
        removed = RemovedCount(Removal.SWEPT, EXPIRED, rows=gone)
        return Change(rows.filter(pc.invert(is_over)), [removed])


def _ended(root: Path, now: datetime) -> Iterator[str]:
    """The keys of those that have ended."""
    told = [("lifted_at", "count"), ("keep_until", "max"), ("code", "count"), ("to_day", "max")]
    each = records(root).group_by(KEY).aggregate(told)
    is_lawful = pc.and_(pc.greater(each["code_count"], 0), pc.equal(each["lifted_at_count"], 0))
    names = pc.unique(each.filter(is_lawful).column("subject"))
    first = _first_days(root, names) if len(names) else {}
    for key, one in zip(_keys_of(each).to_pylist(), each.to_pylist(), strict=True):
        if one["lifted_at_count"]:
            is_over = one["keep_until_max"] <= now
        else:
            there = first.get(one["subject"])
            to_day = one["to_day_max"] or date.max
            is_over = bool(one["code_count"]) and (there is None or there > to_day)
        if is_over:
            yield key


def _first_days(root: Path, names: pa.Array) -> Mapping[str, date]:
    """The first day of which the lake has a row of each of some subjects; who has none is not in it."""
    first: dict[str, date] = {}
    for name in row_tables(root):
        if name.startswith(EVENTS):
            lake = open_table(root, name).delta.to_pyarrow_dataset()
            rows = lake.to_table(["subject", "day"], filter=ds.field("subject").isin(names))
            for one in rows.group_by("subject").aggregate([("day", "min")]).to_pylist():
                first[one["subject"]] = min(one["day_min"], first.get(one["subject"], date.max))
    return first


def _keys_of(rows: pa.Table) -> pa.ChunkedArray:
    """What each row's restriction is known by, as one text."""
    return pc.binary_join_element_wise(*(rows.column(name) for name in KEY), "\x1f")
