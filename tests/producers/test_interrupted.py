"""What a signal's handler emits while something is being counted or held: at every place where one can come in between.

CPython runs handlers behind calls. A profile is told of the very same places, so each can be tried in turn.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from types import FrameType

from remit.account import Account, Accounts
from remit.holding import HELD_EVENTS_MAX, Holding, Offer
from remit.route import NOWHERE
from remit_schemas.category import Necessity

COUNTING = {"refuse", "of", "add", "_add", "_take_first", "take"}
"""The functions that are interrupted, by name."""


def interrupted(work: Callable[[], object], handler: Callable[[], object], nth: int) -> bool:
    """Do some work, and run a handler behind the nth call in it; say whether there are so many."""
    calls = count()

    def behind(frame: FrameType, event: str, argument: object) -> None:
        del argument
        if (
            event in {"c_return", "return"}
            and frame.f_code.co_name in COUNTING
            and next(calls) == nth
        ):
            sys.setprofile(None)
            handler()

    sys.setprofile(behind)
    try:
        work()
    finally:
        sys.setprofile(None)
    return next(calls) > nth


def test_what_a_handler_refuses_inside_a_refusal_is_counted_too() -> None:
    for nth in count():
        account = Account(0, b"f", Necessity.OPTIONAL)
        refuse = partial(account.refuse, "held")
        refuse()
        was_inside = interrupted(refuse, refuse, nth)
        if not was_inside:
            break
        assert (account.offered, account.refused) == (3, {"held": 3}), nth
    assert nth >= 2


def test_an_account_that_a_handler_opens_is_the_one_that_is_opened() -> None:
    for nth in count():
        accounts, opened = Accounts(), []

        def opens() -> None:
            account = accounts.of(0, b"f", Necessity.OPTIONAL, "")  # noqa: B023
            account.refuse("held")
            opened.append(account)  # noqa: B023

        was_inside = interrupted(opens, opens, nth)
        if not was_inside:
            break
        assert opened[0] is opened[1], nth
        assert accounts.total().refused == {"held": 2}, nth
    assert nth >= 2


def test_what_a_handler_emits_inside_a_hold_is_held_or_given_back_and_no_count_is_torn() -> None:
    for nth in count():
        holding = Holding()
        for n in range(HELD_EVENTS_MAX):  # full: the next one sends the first away
            holding.add(_offer(str(n)), 1, 0.0)
        gone: list[list[Offer] | None] = []

        def holds(who: str) -> None:
            gone.append(holding.add(_offer(who), 1, 0.0))  # noqa: B023

        was_inside = interrupted(lambda: holds("new"), lambda: holds("inside"), nth)
        if not was_inside:
            break
        kept = HELD_EVENTS_MAX + 2 - sum(1 if one is None else len(one) for one in gone)
        assert holding.count == kept == len(holding.shut()), nth
        assert holding.count == 0, nth
    assert nth >= 5


def _offer(who: str) -> Offer:
    return Offer(NOWHERE, None, who, None)
