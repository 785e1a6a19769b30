"""The crowd around a row: of all that another purpose may see, too, a view shows what many subjects have in common.

A row belongs to a crowd of k if in its tenant's rows that show the same, no subject has more than one in k. Who holds
another view, and knows there whose row is whose, is then right about a row of this one at most one time in k.
"""

from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa

from remit_consumers.views.allowed import Allowed
from remit_schemas.precision import PRECISIONS

PERSON = "_person"
"""The column that tells subjects apart while crowds are counted; no contract has a field of such a name."""

_EVERY = dict(zip(PRECISIONS, ("1s", "1m", "1h", "1d"), strict=True))


def crowded(rows: pa.Table, allowed: Allowed, subjects_min: int) -> pa.Table:
    """Show of each row only what a crowd has in common: first times more coarsely, then not, then other values not.

    Args:
        rows: Of a view, with `tenant` and `PERSON`.
        allowed: What its purpose may see.
        subjects_min: How many the crowd must be.

    Returns:
        As many rows, in another order. What is left alone at the end shows nothing that is shared.
    """
    rest = pl.DataFrame(rows)
    shared = [name for name in rows.column_names if name in allowed.shared]
    times = [name for name in shared if name in allowed.precisions]
    keys = ["tenant", *shared]
    done = []
    for change in _ever_less(rest, times, [name for name in shared if name not in times]):
        rest = rest.with_columns(change)
        is_crowd = _is_crowd(rest, keys, subjects_min)
        done.append(rest.filter(is_crowd))
        rest = rest.filter(~is_crowd)
        if rest.is_empty():
            break
    return pl.concat([*done, rest]).to_arrow().cast(rows.schema)


def _is_crowd(rows: pl.DataFrame, keys: Sequence[str], subjects_min: int) -> pl.Series:
    """Whether each row is one of many: no subject has more than one in `subjects_min` of those that show the same."""
    own = pl.when(pl.col(PERSON).is_null()).then(1).otherwise(pl.len().over([*keys, PERSON]))
    counted = rows.with_columns(_all=pl.len().over(keys), _own=own)
    most = pl.col("_own").max().over(keys)
    return counted.select(pl.col("_all") >= subjects_min * most).to_series()


def _ever_less(
    rows: pl.DataFrame, times: Sequence[str], others: Sequence[str]
) -> Iterator[list[pl.Expr]]:
    """What to change so that rows show ever less.

    Times as they are, then up to days, then none; of the others, the one that tells most goes first.
    """
    yield []
    for every in _EVERY.values() if times else ():
        yield [pl.col(name).dt.truncate(every) for name in times]
    if times:
        yield [_nothing(name) for name in times]
    for name in sorted(others, key=lambda name: rows[name].n_unique(), reverse=True):
        yield [_nothing(name)]


def _nothing(name: str) -> pl.Expr:
    """A column without a value, of the same type."""
    return pl.when(pl.lit(value=False)).then(pl.col(name)).alias(name)
