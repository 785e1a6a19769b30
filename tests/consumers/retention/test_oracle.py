"""Four years of random policies, events, consents and holds: nothing goes early or late, and everything is accounted for."""

import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kit.retained import FIELDS, Held, Reference, Said, Shelf, Words
from kit.retained_policy import policy_of
from remit_schemas.contract import builtin
from remit_schemas.plan import compile as compile_plan

EXAMPLES = 4_000 if os.environ.get("REMIT_PROVE") else 200
DAYS = 1_461
PROGRESS = ("started", "paid", "failed", "cancelled")


@st.composite
def policies(draw: st.DrawFn) -> Words:
    """Words that a policy can say: what tells a floor or an end lies as long as its rows."""
    lengths = st.integers(1, 400)
    keep = {name: draw(lengths) for name in ("collected_at", "occurred_at", "method", "source")}
    optional = frozenset(draw(st.sets(st.sampled_from(["method", "source"]))))
    both = frozenset(draw(st.sets(st.sampled_from(["method", "progress"]))) - optional)
    longer = draw(st.none() | st.integers(10, 900)) if optional | both else None
    longest = max(*keep.values(), longer or 0)
    keep["progress"] = draw(st.integers(longest, longest + 30))
    if draw(st.booleans()):
        keep["occurred_at"] = draw(st.integers(longest, longest + 30))
    last = max(*keep.values(), longer or 0)
    keep["progress"] = max(keep["progress"], last)
    from_occurrence = keep["occurred_at"] >= last and draw(st.booleans())
    values = draw(st.none() | st.sets(st.sampled_from(PROGRESS), min_size=1))
    top = max(keep.values()) if values is None else 1_200
    floor = draw(st.none() | st.integers(1, top))
    end = draw(st.none() | st.sets(st.sampled_from(PROGRESS), min_size=1))
    ages = sorted(draw(st.sets(st.integers(1, 300), max_size=2)))
    return Words(
        keep=keep,
        optional=optional,
        both=both,
        floor=(floor, tuple(sorted(values)) if values else None, from_occurrence)
        if floor
        else None,
        end=(
            tuple(sorted(end)),
            draw(
                st.integers(1, keep["progress"])
                if keep["progress"] < 2
                else st.integers(1, keep["progress"] - 1)
            ),
        )
        if end and keep["progress"] > 1
        else None,
        longer=longer,
        decay=tuple(zip(ages, ("hour", "day"), strict=False)),
        named=True,
    )


EVENTS = st.builds(
    Said,
    day=st.integers(0, 900),
    occurred=st.integers(-40, 3),
    subject=st.sampled_from(["ann", "bob", None]),
    progress=st.sampled_from(PROGRESS),
    granted=st.booleans(),
)
HOLDS = st.builds(
    lambda begins, length, subject: Held(begins, begins + length, subject),
    st.integers(0, 1_000),
    st.integers(1, 500),
    st.sampled_from(["ann", "bob", None]),
)


def edges_of(words: Words, events: list[Said], holds: list[Held]) -> set[int]:
    """The days on which something may become due, and those before: a sweep there shows what is early or late."""
    lengths = {*words.keep.values(), *(age for age, _ in words.decay), words.longer or 0}
    lengths |= {words.floor[0] + 1 if words.floor else 0, words.end[1] + 1 if words.end else 0}
    starts = {one.day + shift for one in events for shift in (0, one.occurred)}
    days = {start + length for start in starts for length in lengths}
    days |= {one.ends for one in holds}
    return {day - before for day in days for before in (0, 1) if 0 <= day - before <= DAYS} | {DAYS}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate, Phase.shrink] if os.environ.get("REMIT_PROVE") else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    words=policies(),
    events=st.lists(EVENTS, min_size=1, max_size=6),
    data=st.data(),
    holds=st.lists(HOLDS, max_size=2),
    withdrawals=st.lists(
        st.tuples(st.integers(0, 900), st.sampled_from(["ann", "bob"])), max_size=2
    ),
)
def test_no_row_goes_early_or_late_whatever_a_policy_says(
    words: Words,
    events: list[Said],
    data: st.DataObject,
    holds: list[Held],
    withdrawals: list[tuple[int, str]],
) -> None:
    plan = compile_plan(builtin().by_name("payment"), policy_of(words))
    shelf, reference = Shelf(plan), Reference(words)
    edges = sorted(edges_of(words, events, holds))
    sweeps = data.draw(st.sets(st.sampled_from(edges), min_size=1, max_size=12))
    stored = 0
    withdrawn = {day for day, _ in withdrawals}
    for day in sorted({one.day for one in events} | withdrawn | sweeps | {DAYS}):
        todays = [one for one in events if one.day == day]
        for side in (shelf, reference):
            side.store(todays)
        stored += len(todays)
        for _, subject in [one for one in withdrawals if one[0] == day]:
            for side in (shelf, reference):
                side.withdraw(subject)
        if day in sweeps | {DAYS}:
            for side in (shelf, reference):
                side.sweep(day, holds)
            assert shelf.seen() == reference.seen(), f"day {day}"
            assert stored == len(shelf.seen()) + shelf.swept


def test_every_field_of_the_simulation_is_in_the_contract() -> None:
    assert set(FIELDS) <= {field.name for field in builtin().by_name("payment").fields}
    assert timedelta(days=DAYS) >= timedelta(days=4 * 365)
