"""Small counts: none is told, and none can be worked out from what is told."""

from hypothesis import example, given
from hypothesis import strategies as st

from remit_consumers.dashboard.small_counts import FEW, shown, suppress, suppressed

COUNTS = st.lists(st.integers(0, 40), max_size=8)


@given(COUNTS)
def test_no_count_from_one_to_nine_is_told(counts: list[int]) -> None:
    assert all(one is None or one == 0 or one >= FEW for one in suppress(counts))


@given(COUNTS)
def test_what_is_told_is_true_and_nobody_is_hidden_as_zero(counts: list[int]) -> None:
    for count, told in zip(counts, suppress(counts), strict=True):
        assert told in {None, count}
        assert count or told == 0


@example([1] * 10 + [40])
@given(COUNTS)
def test_the_sum_gives_no_small_count_back(counts: list[int]) -> None:
    hidden = [count for count, told in zip(counts, suppress(counts), strict=True) if told is None]
    others = any(count >= FEW for count in counts)
    assert sum(hidden) >= FEW or not hidden or not others
    assert sum(hidden) > len(hidden) or not hidden or not others, "they are all ones"


def test_the_privacy_officer_is_told_everything() -> None:
    assert suppressed({"given": 3, "refused": 0}, is_officer=True) == {"given": 3, "refused": 0}
    assert shown(3, is_officer=True) == 3
    assert shown(3, is_officer=False) is None
