"""Volumes: a subject is wholly in a sample or wholly out of it, in every process; a window takes so many events."""

import os
from collections import Counter
from datetime import timedelta

import pytest

from kit.owned import owned_policy, refusals
from kit.program import run
from kit.spooled import Home, MakeClient
from kit.watching import until
from remit.meter import Meter, sample_key
from remit.result import Accepted, Held, Refused
from remit_schemas.events import OperationalLog, PageView
from remit_schemas.lane import lane_of
from remit_schemas.policy import Policy

TIMEOUT_S = 120.0
HOUR_S = timedelta(hours=1).total_seconds()


def bounded(**volume: object) -> Policy:
    """The policy that is shipped, with a bound on page views."""
    said = {"event": "page_view", "clause": "S105a", "reason": "a test"}
    return owned_policy(volumes=[said | volume])


def test_a_sampled_contract_takes_a_subject_wholly_or_not_at_all(
    home: Home, make_client: MakeClient
) -> None:
    home.publish(policy=bounded(sample="1 of 4"))
    client = make_client()
    answers: dict[str, set[object]] = {}
    for _ in range(3):
        for n in range(400):
            answer = client.emit(PageView(page="/a"), subject=f"{n}")
            answers.setdefault(f"{n}", set()).add(answer)
    taken = {subject for subject, given in answers.items() if given == {Accepted()}}
    left = {subject for subject, given in answers.items() if given == {Refused("sampled_out")}}
    assert len(taken) + len(left) == 400
    assert 60 < len(taken) < 140
    assert client.flush(TIMEOUT_S)
    assert {e.subject for e in home.stored().values()} == taken
    assert refusals(home) == {"sampled_out": 3 * len(left)}
    assert client.totals().offered == 1200


_EMITS = """
import sys
from remit import Client, PageView
client = Client("test", data=sys.argv[1], log="")
print(*(n for n in range(200) if client.emit(PageView(page="/a"), subject=str(n))))
client.close()
"""


def test_every_process_takes_the_same_subjects(home: Home) -> None:
    home.publish(policy=bounded(sample="1 of 3"))
    first, second = run(_EMITS, home.data), run(_EMITS, home.data)
    assert first == second
    assert 30 < len(first.split()) < 110


def test_a_sample_is_spread_over_all_lanes() -> None:
    key = os.urandom(32)
    meter = Meter(12, None, 0.0)
    named = [f"{n}" for n in range(6000)]
    taken = [one for one in named if meter.samples(one, sample_key(key))]
    lanes = Counter(lane_of(one, 12, key) for one in taken)
    assert len(lanes) == 12
    assert 400 < len(taken) < 600


def test_events_without_a_subject_are_taken_in_turn(home: Home, make_client: MakeClient) -> None:
    home.publish(policy=bounded(sample="1 of 5"))
    client = make_client()
    assert sum(bool(client.emit(PageView(page="/a"))) for _ in range(50)) == 10


def test_a_window_takes_so_many_events_and_the_next_one_again() -> None:
    now = 1000.0
    meter = Meter(0, 3, HOUR_S, now=lambda: now)
    assert [meter.takes() for _ in range(5)] == [True, True, True, False, False]
    now += HOUR_S - 1
    assert not meter.takes()
    now += 1
    assert [meter.takes() for _ in range(4)] == [True, True, True, False]


def test_what_is_over_the_quota_is_refused_and_counted(home: Home, make_client: MakeClient) -> None:
    home.publish(policy=bounded(events_max=10, window="1 hour"))
    client = make_client(bundle_poll_s=0.01)
    answers = [client.emit(PageView(page="/a"), subject=f"{n}") for n in range(15)]
    assert answers == [Accepted()] * 10 + [Refused("over_quota")] * 5
    assert client.emit(OperationalLog(operation="a.b")) == Accepted()
    home.new_epoch()
    until(lambda: client.signed_bundle == home.signed, "the bundle is not read again")
    assert client.emit(PageView(page="/a")) == Refused("over_quota"), (
        "a new bundle is no new window"
    )
    assert client.flush(TIMEOUT_S)
    assert refusals(home) == {"over_quota": 6}


def test_what_waits_for_consent_counts_against_the_quota_when_it_goes(
    home: Home, make_client: MakeClient
) -> None:
    home.publish(policy=bounded(sample="1 of 2", events_max=1, window="1 hour"))
    client = make_client(hold=True)
    answers = {f"{n}": client.emit(PageView(page="/a"), subject=f"{n}") for n in range(40)}
    held = [subject for subject, answer in answers.items() if answer == Held()]
    assert len(held) == client.held < 40
    for subject in held:
        client.agree(subject)
    assert client.flush(TIMEOUT_S)
    assert len(home.stored()) == 1
    assert client.totals().refused == {
        "sampled_out": 40 - len(held),
        "over_quota": len(held) - 1,
    }


@pytest.mark.parametrize("subject", ["\ud800", "x" * 70_000])
def test_a_subject_that_cannot_be_raises_nothing(
    home: Home, make_client: MakeClient, subject: str
) -> None:
    home.publish(policy=bounded(sample="1 of 2"))
    assert not make_client().emit(PageView(page="/a"), subject=subject)
