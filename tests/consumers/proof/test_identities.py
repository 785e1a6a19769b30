"""Rows that stand twice are found, wherever and however often, whatever their packs and places are."""

from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.proof.identities import PLACES_MAX, Identities

PACKS = st.sampled_from(["a-0-1", "a-0-2", "b-1-1", None])
PLACES = st.one_of(
    st.integers(0, 40), st.sampled_from([PLACES_MAX - 1, PLACES_MAX, 2**31 - 1, None])
)
PARTS = st.lists(st.lists(st.tuples(PACKS, PLACES), max_size=12), max_size=5)


@given(PARTS)
def test_every_row_beyond_the_first_of_its_identity_is_a_double(
    parts: list[list[tuple[str | None, int | None]]],
) -> None:
    identities = Identities()
    for part in parts:
        packs, places = pa.array([p for p, _ in part], pa.string()), [i for _, i in part]
        identities.add(pa.table({"pack": packs, "index": pa.array(places, pa.int32())}))
    seen = Counter(row for part in parts for row in part)
    assert identities.doubles == sum(seen.values()) - len(seen)
