"""About how many different subjects the stored rows of each category are of: from the files that the tables have now.

Each file is read once and sketched; a file that an erasure, a sweep or a compaction took away is forgotten with its
sketches. A visitor without an account has another pseudonym on each day, and counts as somebody else then (D8).
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.lake.fault import reaching
from remit_consumers.lake.rewrite import EVENTS, live_files
from remit_consumers.lake.tables import Table, open_table, row_tables
from remit_consumers.rows import OWN_COLUMNS
from remit_consumers.sketch import Sketch, estimate, rounded, sketch, together
from remit_consumers.store.place import parquet

Sketches = Mapping[str, Sketch]
"""By category."""


@dataclass(slots=True)
class Subjects:
    """Counts the subjects of a lake, again and again.

    Attributes:
        root: The lake's folder.
    """

    root: Path
    _files: dict[str, Sketches] = field(default_factory=dict)

    def count(self) -> Mapping[str, int]:
        """Count them, by category, rounded (`sketch.rounded`).

        Raises:
            LakeError: The lake cannot be read, or a file went while it was read: the next count is right.
        """
        found: dict[str, Sketches] = {}
        with reaching(self.root):
            for name in row_tables(self.root):
                if name.startswith(EVENTS):
                    table = open_table(self.root, name)
                    for path in live_files(table):
                        key = f"{name}/{path}"
                        known = self._files.get(key)
                        found[key] = _sketches(table, path) if known is None else known
        self._files = found
        by_category: defaultdict[str, list[Sketch]] = defaultdict(list)
        for one in found.values():
            for category, of in one.items():
                by_category[category].append(of)
        return {name: rounded(estimate(together(each))) for name, each in by_category.items()}


def _sketches(table: Table, path: str) -> Sketches:
    """Sketch the subjects of a file, by the categories of what its rows hold of them."""
    file = parquet(table.path / path)
    there = set(file.schema_arrow.names)
    rows = file.read(columns=["subject"]).combine_chunks()
    everybody = sketch(rows.column("subject"))
    found: dict[str, Sketch] = {}
    for category, columns in _columns(table).items():
        valid = _any_valid(file, [name for name in columns if name in there])
        if valid is None or not (count := pc.sum(valid).as_py()):
            continue
        whole = count == rows.num_rows
        found[category] = everybody if whole else sketch(rows.column("subject").filter(valid))
    return found


def _any_valid(file: pq.ParquetFile, columns: list[str]) -> pa.ChunkedArray | None:
    """Which rows have a value in any of some columns; None where there are no columns."""
    valid: pa.ChunkedArray | None = None
    for name in columns:
        mine = pc.is_valid(file.read(columns=[name]).combine_chunks().column(0))
        valid = mine if valid is None else pc.or_(valid, mine)
    return valid


def _columns(table: Table) -> Mapping[str, list[str]]:
    """The columns of a contract's fields by the category that each says it is of."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in json.loads(table.delta.schema().to_json())["fields"]:
        category = one["metadata"].get("remit.category")
        if category and one["name"] not in OWN_COLUMNS:
            found[category].append(one["name"])
    return found
