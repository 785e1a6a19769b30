"""How finely a time is kept: entries, what holds for purposes, and how two versions compare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.errors import PolicyError
from remit_schemas.parameters import complete
from remit_schemas.precision import (
    PRECISIONS,
    Decay,
    decays_less,
    finest,
    is_finer_for_a_purpose,
    read_by_purpose,
    read_decay,
)

REPORT, OPERATE = "analytics.reporting", "essential.service.operations"


def test_ages_and_precisions_are_read() -> None:
    assert read_decay(("1 day minute", "30 days hour", "365 days day")) == (
        Decay(1, "minute"),
        Decay(30, "hour"),
        Decay(365, "day"),
    )


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (("7 days minute", "7 days hour"), "entry 2 is no older"),
        (("30 days hour", "7 days day"), "entry 2 is no older"),
        (("7 days hour", "30 days minute"), "entry 2 is finer"),
        (("0 days hour",), "entry 1 must be"),
        (("7 weeks hour",), "entry 1 must be"),
        (("7 days month",), "entry 1 must be"),
        (("7 days  hour",), "entry 1 must be"),
        (("\u0667 days hour",), "entry 1 must be"),
    ],
)
def test_a_decay_that_does_not_decay_is_refused_at_load(entries: tuple[str, ...], why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        complete("timestamp", {"decay": list(entries)})


@pytest.mark.parametrize(
    "entries",
    [("sales day",), (f"{REPORT} week",), (REPORT,), (f"{REPORT} hour", f"{REPORT} day")],
)
def test_a_purpose_or_precision_that_is_none_is_refused(entries: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError, match=r"'by_purpose' of reducer 'timestamp': entry \d"):
        complete("timestamp", {"by_purpose": list(entries)})


def test_the_finest_that_a_purpose_needs_holds() -> None:
    given_parameters = complete(
        "timestamp", {"precision": "day", "by_purpose": [f"{REPORT} minute", f"{OPERATE} hour"]}
    )
    assert finest(given_parameters, (OPERATE,))["precision"] == "hour"
    assert finest(given_parameters, (OPERATE, REPORT))["precision"] == "minute"
    assert finest(given_parameters, ("essential.fraud_detection",))["precision"] == "day"
    assert read_by_purpose((f"{REPORT} hour",)) == {REPORT: "hour"}


STEPS = st.lists(
    st.tuples(st.integers(1, 400), st.integers(0, 3)), max_size=4, unique_by=lambda step: step[0]
).map(
    lambda steps: [
        f"{age} days {PRECISIONS[place]}"
        for (age, _), place in zip(sorted(steps), sorted(place for _, place in steps), strict=True)
    ]
)


@given(st.sampled_from(PRECISIONS), STEPS, st.sampled_from(PRECISIONS), STEPS)
def test_a_decay_is_looser_exactly_where_a_time_is_finer_at_some_age(
    was: str, before: list[str], now: str, after: list[str]
) -> None:
    old = complete("timestamp", {"precision": was, "decay": before})
    new = complete("timestamp", {"precision": now, "decay": after})

    def at(precision: str, entries: list[str], age: int) -> int:
        steps = [step for step in read_decay(tuple(entries)) if step.age_days <= age]
        return max(map(PRECISIONS.index, (precision, *(step.precision for step in steps))))

    is_finer = any(at(now, after, age) < at(was, before, age) for age in range(1, 402))
    if now == was:
        assert decays_less(old, new) == is_finer
    assert not decays_less(old, old)


def test_a_finer_time_for_one_purpose_is_looser_and_a_coarser_one_is_not() -> None:
    plain = complete("timestamp", {"precision": "hour"})
    finer = complete("timestamp", {"precision": "hour", "by_purpose": [f"{REPORT} minute"]})
    coarser = complete("timestamp", {"precision": "hour", "by_purpose": [f"{REPORT} day"]})
    assert is_finer_for_a_purpose(plain, finer)
    assert is_finer_for_a_purpose(coarser, plain)
    assert not is_finer_for_a_purpose(plain, coarser)
    assert not is_finer_for_a_purpose(finer, plain)
