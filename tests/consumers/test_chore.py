"""A chore is done when it is due, beside what goes on, and one turn at a time."""

from threading import Barrier, Event

from kit.watching import until
from remit_consumers.chore import Chore


class Counting(Chore):
    """Counts its turns; each goes on until it is let go."""

    def __init__(self, first_s: float = 0.0) -> None:
        super().__init__("counting", every_s=3_600, first_s=first_s, ending_s=10)
        self.turns = 0
        self.begun, self.may_end = Barrier(2), Event()

    def _work(self) -> None:
        self.turns += 1
        self.begun.wait(10)
        self.may_end.wait(10)


def test_what_is_due_begins_once_and_is_waited_for_at_the_end() -> None:
    chore = Counting()
    chore.tend()
    chore.begun.wait(10)
    chore.hurry(0)
    chore.tend()  # due again, and still at it
    chore.may_end.set()
    chore.stop()
    assert chore.turns == 1


def test_what_is_not_due_is_done_only_in_a_hurry() -> None:
    chore = Counting(first_s=3_600)
    chore.may_end.set()
    chore.tend()
    assert chore.turns == 0
    chore.hurry(0)
    chore.tend()
    chore.begun.wait(10)
    until(lambda: chore.turns == 1, "a chore that is due does not begin")
    chore.stop()
