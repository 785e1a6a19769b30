"""What is counted within a window: combinations and their visitors, up to as many as are enough."""

import json
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.floor import seen as seen_module
from remit_consumers.floor.seen import Combination, Seen, common

ENOUGH = 3
TRAITS = st.tuples(st.sampled_from(["", "shop"]), *[st.sampled_from(["a", "b", None])] * 3)
SIGHTINGS = st.lists(st.tuples(TRAITS, st.integers(0, 6)), max_size=60)
"""Who (0: nobody can tell) was seen with which traits."""


def make_seen(sightings: Sequence[tuple[Combination, int]], enough: int = ENOUGH) -> Seen:
    seen = Seen(enough)
    distinct = list(dict.fromkeys(combination for combination, _ in sightings))
    rows = np.array([distinct.index(combination) for combination, _ in sightings], np.int64)
    seen.add(distinct, rows, np.array([visitor for _, visitor in sightings], np.uint64))
    return seen


def stored(combination: Combination, found: frozenset[Combination]) -> Combination:
    """Give a combination as it may stand by what is common."""
    lengths = range(len(combination), 1, -1)
    kept = next((n for n in lengths if combination[:n] in found), 1)
    return combination[:kept] + ("other",) * (len(combination) - kept)


@given(SIGHTINGS)
def test_a_combination_has_the_visitors_it_was_seen_of_up_to_enough(
    sightings: list[tuple[Combination, int]],
) -> None:
    truth: defaultdict[Combination, set[int]] = defaultdict(set)
    for combination, visitor in sightings:
        truth[combination] |= {visitor} - {0}
    found = make_seen(sightings).visitors
    assert found.keys() == truth.keys()
    assert all(found[c] <= truth[c] for c in truth)
    assert all(len(found[c]) == min(ENOUGH, len(truth[c])) for c in truth)


@given(SIGHTINGS)
def test_whatever_may_stand_was_shared_as_it_stands_by_enough_subjects(
    sightings: list[tuple[Combination, int]],
) -> None:
    found = common(make_seen(sightings))
    shared: defaultdict[Combination, set[int]] = defaultdict(set)
    for combination, visitor in sightings:
        shared[stored(combination, found)] |= {visitor} - {0}
    nothing = ("other",) * 3
    assert all(len(who) >= ENOUGH for what, who in shared.items() if what[1:] != nothing)


@given(SIGHTINGS, SIGHTINGS)
def test_the_order_and_the_consumer_make_no_difference_to_what_is_common(
    some: list[tuple[Combination, int]], more: list[tuple[Combination, int]]
) -> None:
    merged = make_seen(some)
    merged.merge(make_seen(more))
    again = make_seen(more)
    again.merge(make_seen(some))
    assert common(merged) == common(again) == common(make_seen([*some, *more]))


@given(SIGHTINGS)
def test_what_is_seen_twice_counts_once(sightings: list[tuple[Combination, int]]) -> None:
    once, twice = make_seen(sightings), make_seen(sightings)
    twice.merge(make_seen(sightings))
    assert once.visitors == twice.visitors
    assert once.subjects == twice.subjects


@given(SIGHTINGS)
def test_what_was_seen_survives_being_written(sightings: list[tuple[Combination, int]]) -> None:
    seen = make_seen(sightings)
    again = Seen.from_json(ENOUGH, json.loads(json.dumps(seen.to_json())))
    assert (again.visitors, again.least.tolist()) == (seen.visitors, seen.least.tolist())


def test_the_number_of_subjects_is_about_right_beyond_what_is_kept_of_them() -> None:
    seen, rng = Seen(ENOUGH), np.random.default_rng(7)
    for _ in range(10):
        visitors = rng.integers(1, 2**64, 5_000, np.uint64)
        seen.add([("", "a")], np.zeros(5_000, np.int64), visitors)
    assert abs(seen.subjects - 50_000) < 6_000


def test_rare_and_unique_combinations_are_counted() -> None:
    sightings = [(("", "a"), n) for n in (1, 2, 3, 4)]
    sightings += [(("", "b"), 1), (("", "b"), 2), (("", "c"), 1)]
    crowd = make_seen(sightings).crowd
    assert (crowd.combinations, crowd.rare, crowd.unique) == (3, 2, 1)


def test_more_combinations_than_there_is_room_for_stay_uncounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen_module, "COMBINATIONS_MAX", 2)
    seen = make_seen([(("", c), n) for c in "abcd" for n in (1, 2, 3)])
    assert set(seen.visitors) == {("", "a"), ("", "b")}
    assert common(seen) == {("", "a"), ("", "b")}


def test_more_visitors_than_there_is_room_for_stay_uncounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen_module, "VISITORS_MAX", 4)
    seen = make_seen([(("", c), n) for c in "ab" for n in (1, 2, 3)])
    assert sum(map(len, seen.visitors.values())) == 4
    assert len(common(seen)) == 1


def test_a_crowd_of_several_tenants_is_none() -> None:
    sightings = [(("one", "a"), 1), (("one", "a"), 2), (("two", "a"), 3), (("two", "a"), 4)]
    assert common(make_seen(sightings)) == frozenset()
