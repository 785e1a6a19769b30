"""Lanes: every producer puts a subject into the same one, and the load is even."""

from collections import Counter
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.lane import lane_of

KEY = bytes(range(32))


@given(st.text(min_size=1, max_size=50), st.integers(1, 65535))
def test_a_subject_has_one_lane_within_the_lanes(subject: str, lanes: int) -> None:
    try:
        raw = subject.encode()
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            lane_of(subject, lanes, KEY)
        return
    digest = blake2b(raw, digest_size=8, key=KEY).digest()
    assert lane_of(subject, lanes, KEY) == int.from_bytes(digest, "little") % lanes
    assert lane_of(subject, lanes, KEY) < lanes


def test_subjects_spread_evenly_over_the_lanes() -> None:
    count = Counter(lane_of(f"subject {n}", 12, KEY) for n in range(12_000))
    assert len(count) == 12
    assert min(count.values()) > 850


def test_another_key_gives_other_lanes() -> None:
    subjects = [f"subject {n}" for n in range(200)]
    same = sum(lane_of(s, 12, KEY) == lane_of(s, 12, bytes(32)) for s in subjects)
    assert same < 60
