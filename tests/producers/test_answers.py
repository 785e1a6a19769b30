"""What subjects have answered: bounded, and never forgotten between two answers."""

from remit.answers import ANSWERS_MAX, Answer, Answers

REFUSES = Answer("1", frozenset({"analytics.reporting"}))


class Unbroken(dict[str, int]):
    """Whom anything is withheld of, as a thread sees it that looks at every moment."""

    def __delitem__(self, key: str) -> None:
        raise AssertionError("somebody of whom something is withheld is gone for a moment")

    pop = __delitem__  # type: ignore[assignment]  # neither is to be called


def test_who_answers_again_is_withheld_at_every_moment() -> None:
    answers = Answers()
    answers.withholding = Unbroken()
    answers.note(("ann", None), REFUSES)
    answers.note(("ann", None), REFUSES)
    answers.note(("ann", "shop"), REFUSES)
    answers.note(("ann", None), Answer("2"))
    assert "ann" in answers.withholding


def test_who_withholds_nothing_with_any_tenant_any_more_is_in_no_way_slow() -> None:
    answers = Answers()
    for tenant in (None, "shop"):
        answers.note(("ann", tenant), REFUSES)
    for tenant in (None, "shop"):
        answers.note(("ann", tenant), Answer("2"))
    assert answers.withholding == {}


def test_who_answered_longest_ago_is_forgotten_first() -> None:
    answers = Answers()
    for n in range(ANSWERS_MAX + 1):
        answers.note((f"{n}", None), REFUSES)
    assert "0" not in answers.withholding
    assert len(answers.withholding) == ANSWERS_MAX
