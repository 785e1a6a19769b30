"""First agreements, learned as columns: nearly all that a large ledger holds is one agreement of each subject to a purpose.

What is more than that, or beside it, is left to be learned record by record. Everything is folded so that the order in
which it is learned does not matter, so it does not matter either what is learned this way.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.consent.answers import Answers
from remit_consumers.consent.found import Known
from remit_consumers.consent.places import Places, Times
from remit_consumers.reducers.closed import OTHER
from remit_schemas.category import GIVING

WORTH = 256
"""Records from which on columns are faster."""

_GROUP = ("tenant", "purpose", "agreed_version")


def learn_firsts(rows: pa.Table, known_of: Callable[[str], Known]) -> pa.Table:
    """Learn the first agreements of accounts; gives the records that are left.

    Args:
        rows: Columns: `tables.CONSENTS`.
        known_of: Gives what is known of a tenant's subjects.
    """
    if rows.num_rows < WORTH:
        return rows
    is_left = np.ones(rows.num_rows, bool)
    at = np.flatnonzero(_is_plain(rows))
    said = rows.take(pa.array(at))
    groups = said.select(_GROUP).group_by(_GROUP).aggregate([]).to_pylist()
    for group in groups:
        tenant, purpose, version = (group[name] for name in _GROUP)
        same = [pc.equal(said.column(name), group[name]) for name in _GROUP]
        mine = np.flatnonzero(pc.and_(pc.and_(same[0], same[1]), same[2]).to_numpy())
        some = said.take(pa.array(mine))
        moments = some.column("effect_at").cast(pa.timestamp("ms", "UTC"), safe=False)
        is_done = _begin(
            known_of(tenant),
            some.column("subject").to_pylist(),
            moments.cast(pa.int64()).to_numpy(),
            (purpose, version),
        )
        is_left[at[mine[is_done]]] = False
    return rows.filter(pa.array(is_left))


def _begin(
    known: Known, names: list[str], effects: Times, agreed: tuple[str, str]
) -> npt.NDArray[np.bool_]:
    """Learn agreements to a purpose and a version; says which of them need not be looked at again."""
    purpose, version = agreed
    places: Places = np.array(known.index.all_of(names), np.int64)
    is_done = np.zeros(len(places), bool)
    _, once = np.unique(places, return_index=True)
    answers = known.answers.setdefault(purpose, Answers())
    is_first = answers.begin(places[once], effects[once], version)
    once = once[is_first]
    is_done[once] = known.acceptances.begin(places[once], effects[once], version)
    return is_done


def _is_plain(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Which records are agreements of accounts to a purpose and a version, not given by a guardian."""
    version = rows.column("agreed_version")
    told = (
        pc.is_in(rows.column("status"), pa.array(sorted(GIVING), pa.string())),
        rows.column("purpose").is_valid(),
        pc.fill_null(pc.not_equal(version, pa.scalar(OTHER)), fill_value=False),
        pc.not_equal(pc.fill_null(version, ""), pa.scalar("")),
        rows.column("visitor_day").is_null(),
        rows.column("guardian").is_null(),
        rows.column("subject").is_valid(),
    )
    found: npt.NDArray[np.bool_] = np.logical_and.reduce([each.to_numpy() for each in told])
    return found
