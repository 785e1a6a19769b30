"""Contracts of an app's own: routed at their first emit, under the policy, and ended when nobody renews them."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from kit.contracts import make_field_json, make_record
from kit.owned import Own, make_schema, owned_policy, refusals, rules_for
from kit.spooled import Home, MakeClient
from kit.watching import until
from remit import agreement
from remit.result import Accepted, Held, Refused
from remit.settings import Places
from remit_schemas.contract import contract_of
from remit_schemas.events import PageView

TIMEOUT_S = 120.0
REPORT, IMPROVE = "analytics.reporting", "functional.service.improve"


class Search(Own):
    """Required, save for one field."""

    __schema__ = make_schema()


class Liked(Own):
    """Optional altogether."""

    __schema__ = make_schema("liked")


@pytest.fixture
def own_home(home: Home) -> Home:
    """A home whose policy speaks of both contracts; `liked` is optional altogether."""
    home.own = [contract_of(one.__schema__, "test") for one in (Search, Liked)]
    every = dict.fromkeys(("occurred_at", "collected_at", "place"), REPORT)
    liked = rules_for("liked", **every, click=IMPROVE)
    home.publish(policy=owned_policy(*rules_for("search"), *liked))
    return home


def test_a_class_with_its_own_contract_is_collected_from_its_first_emit_on(
    own_home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    assert client.emit(Search(place="here", click="there"), subject="ann") == Accepted()
    assert client.emit(Search(place="here"), subject="ann") == Accepted()
    assert client.flush(TIMEOUT_S)
    assert [e.values["place"] for e in own_home.stored().values()] == ["here", "here"]


@pytest.mark.clause("S023b", "S025")
def test_what_no_rule_names_is_refused_and_counted(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    assert client.emit(Search(place="here")) == Refused("no_rule")
    assert client.emit(PageView(page="/a"))
    assert client.totals().refused == {"no_rule": 1}


@pytest.mark.parametrize(
    "schema",
    [
        "{}",
        "not json",
        7,
        "[" * 100_000,
        make_schema("page_view"),
        make_schema(fields=[]),
        make_schema(remit={"owner": 7}),
        make_schema(remit={"expires_on": "tomorrow"}),
        make_schema(remit={"until": "2026-12-31"}),
    ],
)
def test_a_contract_that_cannot_be_used_is_no_contract(
    make_client: MakeClient, schema: object
) -> None:
    client = make_client()
    broken = type("Broken", (Own,), {"__schema__": schema})
    assert client.emit(broken(place="here")) == Refused("unknown_contract")
    assert client.emit(broken(place="here")) == Refused("unknown_contract")
    assert client.totals().refused == {"unknown_contract": 2}


class Hostile(type):
    """A class whose contract cannot even be looked at."""

    @property
    def __schema__(cls) -> str:
        raise RuntimeError("no look at me")


def test_a_class_that_cannot_be_looked_at_is_no_fault_of_the_apps(make_client: MakeClient) -> None:
    client = make_client()
    assert client.emit(Hostile("Event", (), {})()) == Refused("other")
    assert client.totals().refused == {"other": 1}


@pytest.mark.clause("S041")
def test_a_prohibited_value_is_refused_by_field_and_clause(
    own_home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    refused = client.emit(Search(card="4111111111111111"), subject="ann")
    assert refused == Refused("prohibited", "card", "S041", "search")
    assert str(refused) == "search.card is prohibited by S041"
    assert "4111" not in repr(refused)
    assert client.emit(Search(place="here"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert refusals(own_home) == {"prohibited": 1}


def test_a_policy_that_does_not_go_with_a_contract_of_ones_own_holds_no_bundle_up(
    own_home: Home, make_client: MakeClient
) -> None:
    client = make_client(bundle_poll_s=0.01)
    assert client.emit(Search(place="here"), subject="ann")
    wrong = rules_for("search", colour="analytics.reporting")
    own_home.publish(policy=owned_policy(*wrong), stopped=frozenset({"user.device"}))
    until(lambda: not client.emit(PageView(ip="203.0.113.7")), "the kill switch does nothing")
    assert client.emit(Search(place="here"), subject="ann") == Refused("no_rule")


def test_what_a_rule_refuses_altogether_is_for_the_consumer_to_count(
    home: Home, make_client: MakeClient
) -> None:
    rule = {"event": "search", "refuse": True, "clause": "S025", "reason": "a test"}
    home.own = [contract_of(Search.__schema__, "test")]
    home.publish(policy=owned_policy(rule | {"category": "user.telemetry"}))
    assert make_client().emit(Search(place="a")) == Accepted()


def test_two_classes_of_one_contract_share_their_packs(
    own_home: Home, make_client: MakeClient
) -> None:
    class Same(Own):
        __schema__ = Search.__schema__

    class Below(Search):
        pass

    client = make_client()
    for event in (Search, Same, Below):
        assert client.emit(event(place="here"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert [len(pack.events) for pack in own_home.packs()] == [3]


def test_an_event_that_is_optional_altogether_waits_for_its_subject(
    own_home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    assert client.emit(Liked(place="a", click="b"), subject="ann") == Held()
    assert client.emit(Liked(place="a", click="b"), subject="bob") == Held()
    assert client.emit(Liked(place="a", click="b"), subject="cat") == Held()
    assert client.emit(Liked(place="a", click="b")) == Refused("no_consent")
    assert client.emit(PageView(page="/a"), subject="ann") == Accepted()
    client.consent("ann", given=[REPORT], refused=[IMPROVE])
    client.consent("bob", refused=[REPORT, IMPROVE])
    client.agree("cat")
    assert client.held == 0
    assert client.emit(Liked(place="a"), subject="bob") == Refused("no_consent")
    assert client.flush(TIMEOUT_S)
    liked = {
        e.subject: e.values["click"] for e in own_home.stored().values() if "click" in e.values
    }
    assert liked == {"ann": None, "cat": "b"}
    assert refusals(own_home) == {"no_consent": 2, "held": 1}
    assert client.totals().offered == 5 + 4 + 1


def test_a_signal_of_somebody_who_never_answered_refuses_what_is_optional_altogether(
    own_home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    refused = client.emit(Liked(place="a"), subject="ann", signals=("gpc",))
    assert refused == Refused("no_consent")
    assert client.emit(Liked(place="a"), subject="ann") == Refused("no_consent")


def test_without_a_fresh_bundle_nothing_optional_is_collected(
    own_home: Home, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(bundle_poll_s=0.01)
    client.agree("ann")
    assert client.emit(Liked(place="a"), subject="ann")
    now = datetime.now(UTC)
    own_home.publish(fresh_until=now - timedelta(seconds=1))
    until(lambda: not client.emit(Liked(place="a"), subject="ann"), "stale, and nothing stops")
    assert client.emit(Liked(place="a"), subject="ann") == Refused("bundle_expired")
    assert client.emit(Search(place="a", click="b"), subject="late") == Accepted()
    assert client.flush(TIMEOUT_S)
    late = [e.values["click"] for e in own_home.stored().values() if e.subject == "late"]
    assert late == [None]
    said = [one for one in caplog.records if "nothing optional" in one.message]
    assert [one.name for one in said] == ["remit"]
    own_home.publish(fresh_until=now + timedelta(hours=1))
    until(lambda: bool(client.emit(Liked(place="a"), subject="ann")), "fresh, and nothing goes on")


def test_a_bundle_goes_stale_by_itself(own_home: Home, make_client: MakeClient) -> None:
    client = make_client(bundle_poll_s=0.01)
    client.agree("ann")
    own_home.publish(fresh_until=datetime.now(UTC) + timedelta(seconds=0.3))
    answer = client.emit(Liked(place="a"), subject="ann")
    assert answer
    until(lambda: not client.emit(Liked(place="a"), subject="ann"), "it never went stale")
    assert client.emit(Liked(place="a"), subject="ann") == Refused("bundle_expired")


def test_past_its_end_a_bundle_seals_nothing_fresh_or_not(
    own_home: Home, make_client: MakeClient
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    own_home.publish(fresh_until=past, not_after=past)
    client = make_client()
    client.agree("ann")
    assert client.emit(Liked(place="a"), subject="ann") == Refused("epoch_over")
    assert client.emit(Search(place="a"), subject="ann") == Refused("epoch_over")


def ending(days: int) -> type[Own]:
    """A class whose contract ends in so many days."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    about = {"owner": "search team", "expires_on": day.isoformat()}
    return type("Ending", (Own,), {"__schema__": make_schema(remit=about)})


def test_a_contract_that_ends_within_a_month_warns_once(
    own_home: Home,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agreement, "_told", set())
    client = make_client(bundle_poll_s=0.01)
    soon = ending(7)
    for _ in range(3):
        assert client.emit(soon(place="a"), subject="ann")
    own_home.new_epoch()
    until(lambda: client.signed_bundle == own_home.signed, "the bundle is not read again")
    said = [one.message for one in caplog.records if one.name == "remit"]
    assert len(said) == 1
    assert said[0].startswith("contract search expires in 7 days")
    assert said[0].endswith("ask search team")


def test_a_contract_that_has_ended_is_refused(own_home: Home, make_client: MakeClient) -> None:
    client = make_client()
    assert client.emit(ending(0)(place="a"), subject="bob") == Refused("contract_expired")
    assert client.totals().refused == {"contract_expired": 1}


def test_a_contract_ends_while_a_process_runs(own_home: Home, make_client: MakeClient) -> None:
    make_client()  # makes the folder of the spool
    now = datetime.now(UTC)
    places = Places.from_env({}, data=own_home.data)
    agreed = agreement.Agreement(places, hold=False, now=lambda: now)
    event = ending(1)
    assert agreed.learn(event)
    assert agreed.terms.routes[event].refusal is None
    assert agreed.renewed() is None
    now += timedelta(days=1)
    terms = agreed.renewed()
    assert terms is not None
    assert terms.routes[event].refusal == "contract_expired"


def test_a_contract_ends_beside_a_bundle_that_cannot_be_used(
    own_home: Home, make_client: MakeClient
) -> None:
    own_home.publish(not_after=datetime.now(UTC) + timedelta(days=3))
    make_client()
    now = datetime.now(UTC)
    places = Places.from_env({}, data=own_home.data)
    agreed = agreement.Agreement(places, hold=False, now=lambda: now)
    event = ending(1)
    assert agreed.learn(event)
    newer = rules_for("search")[0] | {"event": "page_view", "field": "nowhere"}
    own_home.publish(policy=owned_policy(newer))
    now += timedelta(days=1)
    assert agreed.renewed() is None, "it rules a field that this version does not know"
    assert agreed.faults == 1
    terms = agreed.renewed()
    assert terms is not None
    assert terms.routes[event].refusal == "contract_expired"


def test_a_field_that_may_not_be_null_is_sent_as_it_is(home: Home, make_client: MakeClient) -> None:
    schema = make_record(make_field_json("place"), make_field_json("click", "string"))
    text = json.dumps(schema | {"name": "search"})
    home.own = [contract_of(text, "test")]
    home.publish(policy=owned_policy(*rules_for("search")))
    client = make_client()
    client.consent("ann", refused=[REPORT])
    event = type("Strict", (Own,), {"__schema__": text})
    assert client.emit(event(place="a", click="b"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert [e.values["click"] for e in home.stored().values() if "click" in e.values] == ["b"]


def test_what_is_said_of_a_fault_names_no_value(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client()
    broken = type("Broken", (Own,), {"__schema__": '{"name": "canary-203.0.113.9"}'})
    with caplog.at_level(logging.DEBUG, "remit"):
        client.emit(broken(place="canary-203.0.113.10"))
    assert "canary-203.0.113.10" not in caplog.text
