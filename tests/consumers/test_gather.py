"""Gathering: resends are dropped, gaps are noticed, and nothing else changes the order of the log."""

from hypothesis import given
from hypothesis import strategies as st

from kit.opened import PRODUCER, make_failed, make_opened
from remit_consumers.gather import Gathered, Marks, Partition
from remit_consumers.lake.reasons import Reason
from remit_consumers.steps.open import Fate


def take(sequences: list[int], marks: Marks | None = None) -> tuple[Gathered, Partition, Marks]:
    gathered, partition, seen = Gathered(), Partition(0, 0), dict(marks or {})
    for offset, sequence in enumerate(sequences):
        gathered.take(make_opened(sequence, offset=offset), partition, seen)
    return gathered, partition, seen


def test_packs_in_order_are_all_taken_and_raise_the_mark() -> None:
    gathered, partition, marks = take([1, 2, 3])
    assert [pack.header.sequence for pack in gathered.opened] == [1, 2, 3]
    assert marks == {(PRODUCER, 0): 3}
    assert partition.reached == 3
    assert (gathered.gaps, gathered.resent) == (0, 0)


def test_a_pack_at_or_below_its_mark_is_a_resend_and_dropped_but_the_partition_moves_on() -> None:
    gathered, partition, _ = take([4, 5, 6], {(PRODUCER, 0): 5})
    assert [pack.header.sequence for pack in gathered.opened] == [6]
    assert gathered.resent == 2
    assert partition.reached == 3


def test_a_sequence_that_was_skipped_is_counted_as_a_gap() -> None:
    assert take([1, 2, 5])[0].gaps == 2
    assert take([3])[0].gaps == 2


def test_a_pack_that_did_not_open_moves_no_mark_because_its_header_is_not_authentic() -> None:
    gathered, partition, marks = Gathered(), Partition(0, 0), {(PRODUCER, 0): 1}
    failed = make_failed(Fate.QUARANTINED, Reason.TAMPERED, offset=7)
    gathered.take(failed, partition, marks)
    assert marks == {(PRODUCER, 0): 1}
    assert partition.reached == 8
    assert not gathered.is_empty


def test_nothing_gathered_is_empty() -> None:
    assert Gathered().is_empty


@given(st.lists(st.integers(1, 30), max_size=60))
def test_every_sequence_is_taken_at_most_once_and_always_ascending(sequences: list[int]) -> None:
    gathered, _, _ = take(sequences)
    taken = [pack.header.sequence for pack in gathered.opened]
    assert taken == sorted(set(taken))
    assert len(taken) + gathered.resent == len(sequences)
    assert gathered.gaps == (max(taken) if taken else 0) - len(taken)
