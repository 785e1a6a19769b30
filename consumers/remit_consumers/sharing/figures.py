"""Figures of groups: all that partners for advertising and research can get, by type.

An `Aggregate` cannot be made of fewer subjects than its bound, and what is written for these partners is written of
Aggregates and of nothing else.

Source: policy 2021-11-01, clauses S063, S064, S066b; ISO/IEC 20889, aggregation; PIPL article 73.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from remit_schemas.recipients import CELL_MIN, Measure

Value = str | bool | None
"""What a group is made by: a value of a closed list, or that there was none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One group.

    Attributes:
        values: What its members have in common, one for each column of the aggregate.
        count: How many, rounded down to a multiple of the aggregate's bound.
        subjects: How many different subjects are in it; it is not written.
    """

    values: tuple[Value, ...]
    count: int
    subjects: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A figure of groups, each of many subjects.

    Attributes:
        measure: Its name in the policy.
        event: Name of the contract that was counted.
        by: The columns that the groups were made by.
        of: `subjects` or `events`.
        cells: The groups.
        subjects_min: How many subjects each has at least.
        suppressed: How many groups were too small.
    """

    measure: str
    event: str
    by: tuple[str, ...]
    of: str
    cells: tuple[Cell, ...]
    subjects_min: int
    suppressed: int = 0

    def __post_init__(self) -> None:
        """Refuse to be what no figure may be."""
        if self.subjects_min < CELL_MIN:
            message = f"a figure is of {CELL_MIN} subjects at least"
            raise ValueError(message)
        for cell in self.cells:
            if cell.subjects < self.subjects_min:
                message = f"a group of {self.measure} has fewer subjects than {self.subjects_min}"
                raise ValueError(message)
            if len(cell.values) != len(self.by) or cell.count % self.subjects_min:
                message = f"a group of {self.measure} is not what its figure says"
                raise ValueError(message)

    def to_json(self) -> dict[str, object]:
        """What is written: counts and values of closed lists."""
        cells = [
            dict(zip(self.by, cell.values, strict=True)) | {"count": cell.count}
            for cell in self.cells
        ]
        return {
            "measure": self.measure,
            "event": self.event,
            "by": list(self.by),
            "of": self.of,
            "subjects_min": self.subjects_min,
            "suppressed": self.suppressed,
            "cells": cells,
        }


def figure(name: str, terms: Measure, rows: pa.Table, subjects_min: int) -> Aggregate:
    """Count one figure.

    A count is rounded down to a multiple of the bound: the figures of two days that differ by one person are the same.

    Args:
        name: Of the measure.
        terms: What the policy says of it.
        rows: Stored rows that may be counted, with `subject`; rows without a subject count for nobody.
        subjects_min: How many subjects each group must have.
    """
    frame = pl.DataFrame(
        rows.select(["subject", *(one for one in terms.by if one in rows.column_names)])
    )
    absent = [pl.lit(None).alias(one) for one in terms.by if one not in frame.columns]
    groups = (
        frame.with_columns(absent)
        .filter(pl.col("subject").is_not_null())
        .with_columns(_all=pl.lit(0))
        .group_by([*terms.by, "_all"])
        .agg(events=pl.len(), subjects=pl.col("subject").n_unique())
        .sort([*terms.by], nulls_last=True)
        if terms.by
        else _whole(frame)
    )
    cells = tuple(_cells(groups, terms, subjects_min))
    return Aggregate(
        name, terms.event, terms.by, terms.of, cells, subjects_min, groups.height - len(cells)
    )


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Everybody as one group."""
    known = frame.filter(pl.col("subject").is_not_null())
    return known.select(events=pl.len(), subjects=pl.col("subject").n_unique())


def _cells(groups: pl.DataFrame, terms: Measure, subjects_min: int) -> Iterator[Cell]:
    """The groups that are large enough."""
    for row in groups.filter(pl.col("subjects") >= subjects_min).iter_rows(named=True):
        count = row["subjects"] if terms.of == "subjects" else row["events"]
        values = tuple(row[column] for column in terms.by)
        yield Cell(values, count - count % subjects_min, row["subjects"])


def written(figures: Sequence[Aggregate], terms: Mapping[str, object]) -> bytes:
    """Write figures for a partner; nothing but Aggregates can be written.

    Raises:
        TypeError: Something else was given.
    """
    for one in figures:
        if type(one) is not Aggregate:
            message = "only figures of groups are written for this class of recipients"
            raise TypeError(message)
    whole = {"terms": terms, "figures": [one.to_json() for one in figures]}
    return json.dumps(whole, indent=1, ensure_ascii=True).encode() + b"\n"
