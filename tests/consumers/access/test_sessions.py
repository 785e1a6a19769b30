"""Sessions and limits: both end, and neither grows without bound."""

from dataclasses import dataclass

from remit_consumers.access.limits import NAMES_MAX, Limit
from remit_consumers.access.roles import Role
from remit_consumers.access.sessions import ENDS_S, IDLE_S, SESSIONS_MAX, Identity, Sessions

ANN = Identity("invited:1", Role.OFFICER)


@dataclass
class Watch:
    """A clock that the test sets."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_a_session_ends_when_nothing_was_asked_for_an_hour() -> None:
    watch = Watch()
    sessions = Sessions(watch)
    word = sessions.begin(ANN)
    watch.now += IDLE_S - 1
    assert sessions.of(word) == ANN
    watch.now += IDLE_S
    assert sessions.of(word) is None
    watch.now -= IDLE_S
    assert sessions.of(word) is None


def test_a_session_ends_after_half_a_day_whatever_was_asked() -> None:
    watch = Watch()
    sessions = Sessions(watch)
    word, began = sessions.begin(ANN), watch.now
    while watch.now < began + ENDS_S:
        assert sessions.of(word) == ANN
        watch.now += IDLE_S / 2
    assert sessions.of(word) is None


def test_each_session_has_a_word_of_its_own_and_ends_alone() -> None:
    sessions = Sessions()
    first, second = sessions.begin(ANN), sessions.begin(ANN)
    assert first != second
    sessions.end(first)
    assert sessions.of(first) is None
    assert sessions.of(second) == ANN
    assert sessions.of("") is None


def test_of_too_many_sessions_the_one_that_was_used_longest_ago_ends() -> None:
    sessions = Sessions()
    first = sessions.begin(ANN)
    last = [sessions.begin(ANN) for _ in range(SESSIONS_MAX)][-1]
    assert sessions.of(first) is None
    assert sessions.of(last) == ANN


def test_a_name_that_called_too_often_waits_for_the_end_of_the_window() -> None:
    watch = Watch()
    limit = Limit(3, 60.0, watch)
    for _ in range(3):
        assert limit.wait_s("ann") == 0
        limit.count("ann")
    assert 0 < limit.wait_s("ann") <= 61
    assert limit.wait_s("bob") == 0
    watch.now += 60.0
    assert limit.wait_s("ann") == 0


def test_a_limit_remembers_no_more_names_than_it_has_room_for() -> None:
    limit = Limit(1, 60.0)
    for number in range(NAMES_MAX + 1):
        limit.count(str(number))
    assert limit.wait_s("0") == 0
    assert limit.wait_s(str(NAMES_MAX))


def test_a_limit_keeps_no_name_not_even_one_that_is_no_text() -> None:
    limit = Limit(1, 60.0)
    for name in ("203.0.113.77", "\udcff"):
        limit.count(name)
        assert limit.wait_s(name)
    assert "203.0.113.77" not in str(vars(limit))
