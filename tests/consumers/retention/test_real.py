"""The same four years through real tables: packs come in, sweeps rewrite files, and the proof holds after each."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kit.opened import make_datums, make_opened
from kit.retained import CONSENTED, FIELDS, Held, Reference, Said, Words, moment
from kit.retained_policy import policy_of
from kit.shop import Shop
from kit.sweeping import holds, sweep
from remit import Payment
from remit_consumers.lake.holds import Hold, Reach, place
from remit_consumers.lake.tables import is_table
from remit_schemas.contract import builtin

EXAMPLES = 60 if os.environ.get("REMIT_PROVE") else 6
TABLE = "events/payment"

WORDS = st.builds(
    lambda lengths, floor, end, longer: Words(
        keep={**lengths, "progress": 120, "collected_at": 20},
        optional=frozenset({"source"}),
        both=frozenset({"method"}),
        floor=(floor, ("paid",), False) if floor else None,
        end=(("paid", "cancelled"), end) if end else None,
        longer=longer,
        decay=((3, "hour"), (8, "day")),
    ),
    st.fixed_dictionaries(
        {
            "occurred_at": st.integers(9, 90),
            "method": st.integers(1, 90),
            "source": st.integers(1, 90),
        }
    ),
    st.none() | st.integers(100, 1_200),
    st.none() | st.integers(1, 60),
    st.none() | st.integers(91, 120),
)
EVENTS = st.builds(
    lambda day, subject, progress: Said(day, 0, subject, progress, granted=subject == "ann"),
    st.integers(0, 60),
    st.sampled_from(["ann", "bob", None]),
    st.sampled_from(["started", "paid", "cancelled"]),
)


class Till(Shop):
    """A lake of payments; ann consents, bob does not."""

    def take(self, events: list[Said]) -> None:
        """Store the payments of a day."""
        packs = []
        for one in events:
            at = moment(one.day + one.occurred).replace(hour=13, minute=7)
            told = {"method": "alipay", "progress": one.progress, "source": "own"}
            event = Payment.of(told | {"occurred_at": at, "collected_at": at})
            self.sequence += 1
            mark = builtin().by_name("payment").fingerprint
            datums = make_datums([event], [one.subject])
            packs.append(make_opened(self.sequence, datums=datums, fingerprint=mark))
        self.store(*packs)

    def seen(self) -> list[tuple[Any, ...]]:
        """Every row that is there, as a reference tells it, without its number."""
        found = []
        for row in self.rows(TABLE).to_pylist() if is_table(self.root, TABLE) else ():
            at = row["occurred_at"]
            fine = None if at is None else "minute" if at.minute else "hour" if at.hour else "day"
            has = tuple(name for name in FIELDS if row.get(name) is not None)
            found.append(((row["day"] - moment(0).date()).days, has, fine))
        return sorted(found, key=str)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    words=WORDS,
    events=st.lists(EVENTS, min_size=3, max_size=6),
    withdrawn=st.integers(61, 119),
    is_held=st.booleans(),
)
def test_real_tables_hold_what_the_reference_holds(
    *, words: Words, events: list[Said], withdrawn: int, is_held: bool
) -> None:
    with TemporaryDirectory() as folder:
        till = Till(Path(folder), moment(0), policy_of(words, "consent_change"))
        reference = Reference(words)
        till.store(till.say("given", moment(0), subject="ann", purpose=CONSENTED))
        order = Held(30, 200, None)
        if is_held:
            reach = Reach(contracts=["payment"])
            begins, ends = moment(order.begins), moment(order.ends)
            place(till.root, Hold("", "case", "S108b", "me", reach, begins, ends))
        days = {one.day for one in events} | {61, 92, withdrawn, 121, 200, 1_300}
        for day in sorted(days):
            till.now = moment(day).replace(hour=14)
            todays = [one for one in events if one.day == day]
            if todays:
                till.take(todays)
                reference.store(todays)
            if day == withdrawn:
                till.store(till.say("withdrawn", subject="ann", purpose=CONSENTED))
                till.revoke()
                reference.withdraw("ann")
            sweep(till, till.now)
            reference.sweep(day, [order] if is_held else [])
            told = [(at, has, fine) for at, _, has, fine in reference.seen()]
            assert till.seen() == sorted(told, key=str), f"day {day}"
        holds(till)
