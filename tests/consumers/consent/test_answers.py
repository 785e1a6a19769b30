"""What is learned of one purpose: an agreement holds from when it was given until a denial, in whatever order they come."""

import json
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.consent.answers import FOREVER, GIVEN_MAX, NEVER, Answers
from remit_consumers.consent.places import NOWHERE, Column

ANN, BOB = 0, 5_000  # places

Answer = tuple[int, str | None]
"""When, and the version agreed to; None is a denial."""

ANSWERS = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from([None, "1", "2"])), max_size=GIVEN_MAX
)


def since(answers: Sequence[Answer], version: str = "1") -> int:
    """Since when a subject agrees who said this."""
    known = Answers()
    for at, agreed in answers:
        known.take(ANN, at, agreed)
    few, arrays = known.parts()
    columns = {name: Column.of(values) for name, values in arrays.items()}
    again = Answers.of_parts(json.loads(json.dumps(few)), columns)
    found = asked(known, version, [[ANN]])
    assert asked(again, version, [[ANN]]) == found, "what is remembered is enough"
    assert known.gives({version}) == (found != [FOREVER])
    return found[0]


def asked(known: Answers, version: str, places: list[list[int]]) -> list[int]:
    """Since when subjects at these places agree."""
    return known.since({version}, np.array(places), np.full(len(places), NEVER)).tolist()  # type: ignore[no-any-return]


@pytest.mark.clause("S093")
def test_an_agreement_holds_from_when_it_was_given() -> None:
    assert since([(7, "1")]) == 7


def test_a_repeated_agreement_takes_nothing_away() -> None:
    assert since([(7, "1"), (9, "1")]) == 7


@pytest.mark.clause("S092")
def test_a_denial_ends_every_agreement_before_it_and_a_new_one_does_not_reach_back() -> None:
    assert since([(7, "1"), (8, None)]) == FOREVER
    assert since([(7, "1"), (8, None), (9, "1")]) == 9


def test_of_an_agreement_and_a_denial_at_one_moment_the_denial_holds() -> None:
    assert since([(7, "1"), (7, None)]) == since([(7, None), (7, "1")]) == FOREVER


def test_a_denial_that_arrives_late_takes_away_what_it_forbids() -> None:
    assert since([(3, "1"), (9, "1"), (5, None)]) == 9


@pytest.mark.clause("S008")
def test_an_agreement_to_one_version_is_none_to_another() -> None:
    assert since([(7, "2")], version="1") == FOREVER


def test_a_subject_whom_nobody_heard_of_agrees_to_nothing() -> None:
    known = Answers()
    known.take(ANN, 7, "1")
    assert asked(known, "1", [[BOB], [NOWHERE]]) == [FOREVER, FOREVER]


def test_many_repeats_take_no_more_room_and_change_nothing() -> None:
    assert since([(at, "1") for at in range(5, 5_000)]) == 5
    assert since([*((at, "1") for at in range(5, 5_000)), (4_000, None)]) > 4_000


@given(ANSWERS, st.randoms())
def test_the_order_in_which_answers_are_learned_changes_nothing(
    answers: list[Answer], chance: Random
) -> None:
    shuffled = answers.copy()
    chance.shuffle(shuffled)
    assert since(answers) == since(shuffled)
    assert since(answers + answers) == since(answers)


@given(ANSWERS, st.integers(0, 50))
def test_a_denial_more_never_lets_anything_begin_earlier(answers: list[Answer], at: int) -> None:
    assert since([*answers, (at, None)]) >= since(answers)


@given(ANSWERS, st.integers(0, 50))
def test_an_agreement_more_never_takes_anything_away(answers: list[Answer], at: int) -> None:
    assert since([*answers, (at, "1")]) <= since(answers)


@given(ANSWERS, ANSWERS)
def test_a_subject_of_two_names_agrees_as_one_who_said_all_of_it_under_one(
    today: list[Answer], yesterday: list[Answer]
) -> None:
    known = Answers()
    for place, said in ((ANN, today), (BOB, yesterday)):
        for at, agreed in said:
            known.take(place, at, agreed)
    assert asked(known, "1", [[ANN, BOB]]) == [since([*today, *yesterday])]
