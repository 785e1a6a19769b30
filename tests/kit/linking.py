"""An attacker who holds two views of one population, with all their columns, and wants to know who is who."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

TIME = "occurred_at"
COARSER = ("1h", "1d")
"""What the time of a row may be rounded to, beyond what the view's purpose says."""


@dataclass(frozen=True, slots=True)
class Linked:
    """How often an attack was right, of 1.

    Attributes:
        by_place: Row n of one view is of the subject of row n of the other.
        by_row: A row is of a subject who has a row like it: drawn among the rows that agree in all shared columns.
        by_frequency: The subject who comes n-th most often is the same in both.
        by_history: A subject is the one whose rows agree most, rare ones counting more.
        guessing: What drawing a subject at random comes to.
    """

    by_place: float
    by_row: float
    by_frequency: float
    by_history: float
    guessing: float


def linked(left: pa.Table, right: pa.Table, same: Mapping[str, str]) -> Linked:
    """Try every attack.

    Args:
        left: One view.
        right: The other.
        same: The truth: for each subject of `left`, its name in `right`.
    """
    one, two = _frame(left), _frame(right)
    one = one.with_columns(truth=pl.col("subject").replace_strict(same, default=None))
    shared = sorted((set(one.columns) & set(two.columns)) - {"subject"})
    pairs = pl.concat([_alike(part, two, shared) for part in _patterns(one, shared)])
    return Linked(
        by_place=_right(one.head(two.height)["truth"], two.head(one.height)["subject"]),
        by_row=_by_row(one, pairs),
        by_frequency=_by_frequency(one, two),
        by_history=_by_history(one, pairs, two["subject"].n_unique()),
        guessing=1 / two["subject"].n_unique(),
    )


def _frame(view: pa.Table) -> pl.DataFrame:
    """The rows of a view that have a subject."""
    return pl.DataFrame(view).filter(pl.col("subject").is_not_null())


def _patterns(one: pl.DataFrame, shared: Sequence[str]) -> list[pl.DataFrame]:
    """Part rows by what they show: which columns are empty, and how coarse the time may be."""
    at = pl.col(TIME)
    level = pl.sum_horizontal(at.dt.truncate(every) == at for every in COARSER).fill_null(0)
    empty = pl.concat_str([pl.col(name).is_null().cast(pl.Int8) for name in shared])
    return one.with_columns(_level=level, _empty=empty).partition_by(["_level", "_empty"])


def _alike(part: pl.DataFrame, two: pl.DataFrame, shared: Sequence[str]) -> pl.DataFrame:
    """For each row, the subjects of the other view who have rows that agree with all it shows, and how many.

    Whatever a row does not show may be anything: the attacker knows how views are made.
    """
    shown = [name for name in shared if part[name].null_count() == 0]
    level = int(part["_level"][0])
    if TIME in shown and level:
        two = two.with_columns(pl.col(TIME).dt.truncate(COARSER[level - 1]))
    cells = (
        two.group_by([*shown, "subject"])
        .len("times")
        .with_columns(
            rows=pl.col("times").sum().over(shown or pl.lit(1)),
            crowd=pl.len().over(shown or pl.lit(1)),
        )
    )
    left = part.group_by([*shown, "truth"]).len("came")
    pairs = left.join(cells, on=shown) if shown else left.join(cells, how="cross")
    return pairs.select("truth", "subject", "came", "times", "rows", "crowd")


def _by_row(one: pl.DataFrame, pairs: pl.DataFrame) -> float:
    """Each row: the share of the right subject among the rows of the other view that agree."""
    right = pairs.filter(pl.col("truth") == pl.col("subject"))
    return float((right["came"] * right["times"] / right["rows"]).sum()) / one.height


def _by_history(one: pl.DataFrame, pairs: pl.DataFrame, subjects: int) -> float:
    """Each subject: of those who share rows with it, the one that shares most, a row of few subjects counting more."""
    weight = math.log(subjects + 1) - pl.col("crowd").log()
    score = (
        pl.min_horizontal("came", "times") * weight
        - 0.1 * (pl.col("came") - pl.col("times").cast(pl.Int64)).abs()
    )
    scores = (
        pairs.with_columns(score=score).group_by(["truth", "subject"]).agg(pl.col("score").sum())
    )
    most = scores.sample(fraction=1, shuffle=True, seed=1).sort("score", descending=True)
    picked = most.unique("truth", keep="first", maintain_order=True)
    return float((picked["truth"] == picked["subject"]).sum() / one["truth"].n_unique())


def _by_frequency(one: pl.DataFrame, two: pl.DataFrame) -> float:
    """Subjects in the order of how often they come; ties are broken at random."""
    left = one.group_by("truth").len().sample(fraction=1, shuffle=True, seed=1)
    right = two.group_by("subject").len().sample(fraction=1, shuffle=True, seed=2)
    left, right = left.sort("len", descending=True), right.sort("len", descending=True)
    return _right(left["truth"].head(right.height), right["subject"].head(left.height))


def _right(claimed: pl.Series, true: pl.Series) -> float:
    return float((claimed == true).sum()) / max(len(claimed), 1)
