"""Waiting: nothing behind a pack that cannot be read yet is taken, and it is tried again."""

import pytest

from kit.opened import VERSION, make_failed, make_header, make_opened
from kit.shop import NOON
from remit_consumers.lake.reasons import Elsewhere, Reason
from remit_consumers.plans import Plans
from remit_consumers.steps.open import Failed, Fate, Opened
from remit_consumers.waiting import LOST_KEY_WAIT, NEWER_POLICY_WAIT, Waiting
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy


def plans() -> Plans:
    return Plans(builtin(), find_policy())


def test_a_partition_with_a_waiting_pack_is_blocked_and_others_are_not() -> None:
    waiting = Waiting()
    waiting.hold(make_failed(Fate.WAIT, Elsewhere.KEYS_OUT_OF_REACH, offset=5))
    assert waiting.blocks(0)
    assert not waiting.blocks(1)
    assert waiting.reason == "keys_out_of_reach"


def test_a_pack_that_passes_lets_its_partition_go_on() -> None:
    waiting = Waiting()
    failed = make_failed(Fate.WAIT, Elsewhere.KEYS_OUT_OF_REACH, offset=5)
    waiting.hold(failed)
    waiting.passed(failed.sealed)
    assert not len(waiting)
    assert not waiting.blocks(0)


def test_a_pack_under_the_policy_on_record_is_let_through() -> None:
    opened = make_opened(policy_version=VERSION)
    assert Waiting().judge(opened, plans()) is opened


def test_a_pack_under_a_newer_policy_waits_for_its_bundle() -> None:
    judged = Waiting().judge(make_opened(policy_version="2999-01-01"), plans())
    assert isinstance(judged, Failed)
    assert (judged.outcome, judged.reason, judged.count) == (Fate.WAIT, "newer_policy", 1)


@pytest.mark.clause("S003")
def test_a_pack_under_a_policy_that_never_was_is_quarantined() -> None:
    judged = Waiting().judge(make_opened(policy_version="1999-01-01"), plans())
    assert isinstance(judged, Failed)
    assert (judged.outcome, judged.reason) == (Fate.QUARANTINED, "unknown_policy")


def test_a_pack_that_failed_already_is_not_judged_again() -> None:
    failed = make_failed(Fate.EXPIRED, Elsewhere.KEY_DESTROYED)
    assert Waiting().judge(failed, plans()) is failed
    assert not isinstance(failed, Opened)


def test_packs_behind_one_that_waited_its_time_do_not_wait_all_over_again() -> None:
    now = NOON
    waiting = Waiting(lambda: now)
    lost = [make_failed(Fate.WAIT, Reason.KEY_LOST, offset=each) for each in (5, 6)]
    newer = [make_opened(policy_version="2999-01-01", offset=each) for each in (7, 8)]
    fates = {one.outcome for one in judged(waiting, lost[0], newer[0])}
    assert fates == {Fate.WAIT}
    now += LOST_KEY_WAIT
    assert [one.outcome for one in judged(waiting, *lost)] == [Fate.QUARANTINED] * 2
    now += NEWER_POLICY_WAIT - LOST_KEY_WAIT
    assert [one.outcome for one in judged(waiting, *newer)] == [Fate.QUARANTINED] * 2


def test_a_key_that_is_missed_again_is_waited_for_again() -> None:
    now = NOON
    waiting = Waiting(lambda: now)
    judged(waiting, make_failed(Fate.WAIT, Reason.KEY_LOST, header=make_header()))
    now += LOST_KEY_WAIT
    waiting.judge(make_opened(policy_version=VERSION), plans())
    (again,) = judged(waiting, make_failed(Fate.WAIT, Reason.KEY_LOST, header=make_header()))
    assert again.outcome is Fate.WAIT


def judged(waiting: Waiting, *items: Opened | Failed) -> list[Failed]:
    """What becomes of packs that miss something."""
    found = [waiting.judge(item, plans()) for item in items]
    return [one for one in found if isinstance(one, Failed)]
