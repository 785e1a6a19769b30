"""Anonymise: what is left of rows whose time is over is how many there were, where enough subjects had it in common.

No row and no subject can be told in what is left: no pack, index, subject or tenant, time by the day at the finest, and
at least k distinct subjects in each cell, of whom none has more than half of its rows. Three attacks are tried on it
before it is published, and their record lies beside the table; what does not stand them is deleted and nothing is kept.

Source: DESIGN.md, D8; policy 2021-11-01, clause S109; Article 29 Working Party, Opinion 05/2014.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import starmap
from pathlib import Path

import polars as pl
import pyarrow as pa

from remit_consumers.lake.durable import Written, discard, fsync, sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import evolve, open_table
from remit_consumers.rows import OWN_COLUMNS
from remit_schemas.retention import Cells

AGGREGATES = "aggregates/"
"""What the tables of what is left are called before their contract."""

PERIOD, EVENT_COUNT, SUBJECT_COUNT = "period", "events", "subjects"
"""The columns of such a table beside the cell's own."""

SHARE_MAX = 0.5
"""How much of a cell may be one subject's: with more, the cell tells mostly of that one (a dominance rule; our choice)."""

_PERSON, _MOST, _DAY = "_person", "_most", "_day"


def cells_of(rows: pa.Table, terms: Cells) -> pl.DataFrame:
    """Count rows by period and columns, and leave out cells that too few share or that one subject makes up.

    Somebody may have another name each day: a visitor does, and whose pseudonym changes. So a cell of a month has as many
    subjects as its busiest day, at least; and at most what the busiest subjects of its days have is one subject's.

    Args:
        rows: With `day`, `subject` and the columns; rows of nobody tell of no number of people and are left out.
        terms: What the policy says.
    """
    frame = _people(rows, terms)
    keys = [PERIOD, *terms.columns]
    each = frame.group_by([*keys, _DAY, _PERSON]).agg(pl.len().alias("_n"))
    days = each.group_by([*keys, _DAY]).agg(
        pl.col("_n").sum().alias(EVENT_COUNT),
        pl.len().alias(SUBJECT_COUNT),
        pl.col("_n").max().alias(_MOST),
    )
    whole = days.group_by(keys).agg(
        pl.col(EVENT_COUNT).sum().cast(pl.Int64),
        pl.col(SUBJECT_COUNT).max().cast(pl.Int64),
        pl.col(_MOST).sum(),
    )
    enough = pl.col(SUBJECT_COUNT) >= (terms.subjects_min or 0)
    is_nobodys = pl.col(_MOST) <= pl.col(EVENT_COUNT) * SHARE_MAX
    return whole.filter(enough & is_nobodys).drop(_MOST).sort(keys, nulls_last=True)


def _people(rows: pa.Table, terms: Cells) -> pl.DataFrame:
    """The rows of somebody, with their period and who it is."""
    frame = pl.DataFrame(rows.select([n for n in rows.column_names if n != "index"]))
    missing = [pl.lit(None).alias(one) for one in terms.columns if one not in frame.columns]
    tenant = pl.col("tenant").fill_null("") if "tenant" in frame.columns else pl.lit("")
    return frame.filter(pl.col("subject").is_not_null()).with_columns(
        *missing,
        pl.col("day").alias(_DAY),
        pl.col("day").dt.truncate("1mo" if terms.period == "month" else "1d").alias(PERIOD),
        pl.concat_str(tenant, pl.col("subject"), separator="\x1f").alias(_PERSON),
    )


def tried(rows: pa.Table, cells: pl.DataFrame, terms: Cells) -> dict[str, dict[str, object]]:
    """Try three attacks on what would be published, with the rows at hand; each says whether it is stood.

    Returns:
        `singling_out`: the fewest subjects behind a cell. `linkage`: columns that name a row or subject, and how surely
        somebody who knows a row elsewhere could say whose of a cell it is. `inference`: for each column, how much better
        it is guessed from the others than without them, and how few subjects are behind a guess that is sure.
    """
    k = terms.subjects_min or 0
    keys = [PERIOD, *terms.columns]
    inside = _people(rows, terms).join(cells.select(keys), on=keys, nulls_equal=True)
    daily = inside.group_by([*keys, _DAY]).agg(
        pl.col(_PERSON).n_unique().alias("people"),
        pl.col(_PERSON).value_counts().struct.field("count").max().alias("most"),
        pl.len().alias("rows"),
    )
    behind = daily.group_by(keys).agg(
        pl.col("people").max(), (pl.col("most").sum() / pl.col("rows").sum()).alias("share")
    )
    fewest = min(behind["people"].to_list(), default=0)
    share = max(behind["share"].to_list(), default=0.0)
    names = sorted(set(cells.columns) & set(OWN_COLUMNS))
    guesses = {name: _guessed(cells, name, keys) for name in terms.columns}
    sure = min((few for _, few in guesses.values()), default=fewest)
    return {
        "singling_out": {"holds": fewest >= k, "fewest_subjects": fewest},
        "linkage": {
            "holds": not names and share <= SHARE_MAX,
            "identities": names,
            "surest": round(share, 4),
        },
        "inference": {
            "holds": sure >= k,
            "advantage": {name: round(gain, 4) for name, (gain, _) in guesses.items()},
            "fewest_subjects_behind_a_sure_guess": sure,
        },
    }


def _guessed(cells: pl.DataFrame, name: str, keys: Sequence[str]) -> tuple[float, int]:
    """How much better a column is guessed from the others, and how few subjects are behind a guess that is sure."""
    others = [one for one in keys if one != name]
    total = int(cells[EVENT_COUNT].sum())
    groups = cells.group_by(others).agg(
        pl.col(EVENT_COUNT).max().alias("right"),
        pl.len().alias("values"),
        pl.col(SUBJECT_COUNT).sum().alias("people"),
    )
    without = cells.group_by(name).agg(pl.col(EVENT_COUNT).sum())[EVENT_COUNT].to_list()
    gain = (int(groups["right"].sum()) - max(without)) / total
    sure = groups.filter(pl.col("values") == 1)["people"].to_list()
    return gain, min(sure or cells[SUBJECT_COUNT].to_list())


@dataclass(slots=True)
class Anonymiser:
    """Publishes what is left of a contract's rows, exactly once: with the commit that takes the rows, or not at all.

    Files and an intent are durable before the rows go; the rows' commit bears the intent's name; then what is left is
    committed. A crash before the rows went leaves an intent that nothing bears, and one after it an intent that is
    carried out by the next sweep.

    Attributes:
        root: The lake's folder.
        contract: Of the rows.
        now: Aware UTC.
        rows: What goes, under what each policy version says is left of it; emptied when files are read anew.
    """

    root: Path
    contract: str
    now: datetime
    rows: dict[Cells, list[pa.Table]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where what is left lies."""
        return self.root / AGGREGATES / self.contract

    def begin(self) -> None:
        """Forget what was taken in, and settle what a crash or an attempt left."""
        self.rows.clear()
        self.settle()

    def take(self, rows: pa.Table, terms: Cells) -> None:
        """Take in rows that go."""
        self.rows.setdefault(terms, []).append(rows)

    def ready(self) -> Mapping[str, int]:
        """Write what will be left; gives the transaction that the rows' commit must bear, none where nothing is left."""
        parts = [part for part in starmap(self._part, self.rows.items()) if part is not None]
        if not parts:
            return {}
        name = uuid.uuid4().hex
        left = pa.concat_tables([part for part, _ in parts], promote_options="default")
        table = open_table(self.root, f"{AGGREGATES}{self.contract}", left.schema)
        evolve(table, left.schema)
        (file,) = write(table.path, left)
        sync([file])
        for number, (_, about) in enumerate(parts):
            _put(self.folder / "_tests" / f"{name}{f'-{number}' if number else ''}.json", about)
        intent = {"path": file.path, "size": file.size, "rows": file.rows}
        _put(self.folder / "_pending" / f"{name}.json", intent)
        return {transaction(name): 1}

    def _part(
        self, terms: Cells, taken: Sequence[pa.Table]
    ) -> tuple[pa.Table, dict[str, object]] | None:
        """What is left of the rows of one policy's terms, and how it stood the attacks; None where it did not."""
        rows = pa.concat_tables(taken, promote_options="default")
        cells = cells_of(rows, terms)
        results = tried(rows, cells, terms) if len(cells) else {}
        if not results or not all(one["holds"] for one in results.values()):
            return None
        left = cells.to_arrow()
        plain = pa.schema([one.with_type(_plain(one.type)) for one in left.schema])
        about = {
            "at": self.now.isoformat(),
            "rows_in": rows.num_rows,
            "rows_left": int(cells[EVENT_COUNT].sum()),
            "cells": len(cells),
            "subjects_min": terms.subjects_min,
            **results,
        }
        return left.cast(plain), about

    def settle(self) -> None:
        """Publish what the rows' commits bear, and drop what none does."""
        for path in sorted((self.folder / "_pending").glob("*.json")):
            told = json.loads(path.read_text("utf-8"))
            file = Written(self.folder, told["path"], told["size"], told["rows"], None)
            name = transaction(path.stem)
            events = open_table(self.root, f"{EVENTS}{self.contract}")
            table = open_table(self.root, f"{AGGREGATES}{self.contract}")
            if events.delta.transaction_version(name) is None:
                discard([file])
                for record in (self.folder / "_tests").glob(f"{path.stem}*.json"):
                    record.unlink(missing_ok=True)
            elif table.delta.transaction_version(name) is None:
                append(table.path, table.version, Append([file], {name: 1}))
            path.unlink()
            fsync(path.parent)


def transaction(name: str) -> str:
    """What the rows' commit and what is left of them bear."""
    return f"anonymise/{name}"


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type that the lake keeps."""
    return pa.string() if kind in {pa.large_string(), pa.string_view()} else kind


def _put(path: Path, told: Mapping[str, object]) -> None:
    """Write a file that is whole or not there, durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(told, indent=2, sort_keys=True), "utf-8")
    fsync(draft)
    draft.replace(path)
    fsync(path.parent)
