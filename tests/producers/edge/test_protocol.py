"""The protocol of the edge, over real sockets: what comes in a batch lies in the spool, and what is answered is true."""

import gzip
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from kit.edge_process import ORIGIN, EdgeProcess, batch, now_ms, session, view
from kit.spooled import Home
from kit.watching import until
from remit.edge import sources
from remit_schemas.tenancy import Tenancy, Tenant

YEAR_MS = 365 * 24 * 3600 * 1000


def pages(home: Home) -> Counter[object]:
    return Counter(event.values["page"] for event in home.stored().values())


def test_the_events_of_a_batch_are_in_the_spool_with_what_the_request_says(
    home: Home, edge: EdgeProcess
) -> None:
    key, visit = edge.key(), session()
    sent = batch([view("/a"), view("/b", screen="1920x1080")], session=visit)
    answer = edge.send(
        key, sent, Accept_Language="de-CH", Sec_CH_UA_Mobile="?0", User_Agent="Agent/1"
    )
    assert (answer.status, answer.said) == (202, {"accepted": 2, "refused": []})
    edge.end()
    first, second = home.stored().values()
    assert first.subject == second.subject == f"visitor:{visit}"
    assert (first.values["page"], second.values["screen"]) == ("/a", "1920x1080")
    assert first.values["ip"] == "127.0.0.1"
    assert first.values["user_agent"] == "Agent/1\nSec-CH-UA-Mobile: ?0"
    assert (first.values["language"], first.values["platform"]) == ("de-CH", "web")


def test_what_does_not_fit_is_refused_alone_by_place_reason_and_field(
    home: Home, edge: EdgeProcess
) -> None:
    events = [
        view("/good"),
        view(7),  # type: ignore[arg-type]  # what a sender may write
        view("/x", pge="canary"),
        view("/x", ip="192.0.2.1"),
        {"contract": "nothing", "occurred_at": now_ms()},
        {"contract": "page_view"},
        view("/x", occurred_at=now_ms() - YEAR_MS),
        view("/x", occurred_at=now_ms() + YEAR_MS),
        "no event",
    ]
    answer = edge.send(edge.key(), batch(events))
    refused = answer.said["refused"]
    assert isinstance(refused, list)
    said = {one["index"]: (one["reason"], one["fields"]) for one in refused}
    assert (answer.status, answer.said["accepted"]) == (202, 1)
    assert said == {
        1: ("does_not_fit", ["page"]),
        2: ("does_not_fit", ["page"]),
        3: ("does_not_fit", ["ip"]),
        4: ("unknown_contract", ["contract"]),
        5: ("does_not_fit", ["occurred_at"]),
        6: ("does_not_fit", ["occurred_at"]),
        7: ("does_not_fit", ["occurred_at"]),
        8: ("does_not_fit", []),
    }
    edge.end()
    assert pages(home) == {"/good": 1}
    assert refused_in_all(home) == 8


def refused_in_all(home: Home) -> int:
    """Add up what each source has refused: counts only ever grow."""
    most: dict[tuple[bytes, int, bytes], int] = {}
    for header in (pack.header for pack in home.packs()):
        source = header.producer, header.lane, header.fingerprint
        most[source] = max(most.get(source, 0), sum(header.counts.refused.values()))
    return sum(most.values())


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_is_years_off_is_put_right_by_the_time_of_sending(
    home: Home, edge: EdgeProcess, years: int
) -> None:
    theirs = now_ms() + years * YEAR_MS
    event = view("/", occurred_at=theirs - 5000)
    assert edge.send(edge.key(), batch([event], sent_at=theirs)).status == 202
    edge.end()
    (stored,) = home.stored().values()
    occurred = stored.values["occurred_at"]
    assert abs(occurred.timestamp() * 1000 - (now_ms() - 5000)) < 60_000  # type: ignore[attr-defined]  # a time


def test_a_batch_that_comes_again_is_answered_as_a_duplicate_and_stored_once(
    home: Home, edge: EdgeProcess
) -> None:
    key, sent = edge.key(), batch([view("/once"), view("/twice")])
    assert edge.send(key, sent).said == {"accepted": 2, "refused": []}
    for _ in range(2):
        assert edge.send(key, sent).said == {"accepted": 2, "duplicate": True, "refused": []}
    other = edge.send(edge.key("other"), sent)
    assert other.said == {"accepted": 2, "refused": []}, "another key's sessions are others"
    assert edge.send(key, {**sent, "batch": 2}).said == {"accepted": 2, "refused": []}
    edge.end()
    assert pages(home) == {"/once": 3, "/twice": 3}


def test_a_batch_is_known_again_by_the_edge_that_comes_after(home: Home, edge: EdgeProcess) -> None:
    key, sent = edge.key(), batch([view("/")])
    edge.send(key, sent)
    for _ in range(2):
        edge.end()
        edge.start()
        assert edge.send(key, sent).said["duplicate"] is True
    edge.end()
    assert pages(home) == {"/": 1}


def test_a_second_edge_on_a_data_folder_is_refused(
    edge: EdgeProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    output = tmp_path_factory.mktemp("second") / "output"
    with pytest.raises(AssertionError, match="another edge runs on this data folder"):
        EdgeProcess(edge.data, output)


def test_gzip_is_unpacked_and_what_is_none_is_refused(home: Home, edge: EdgeProcess) -> None:
    key, plain = edge.key(), json.dumps(batch([view("/zipped")])).encode()
    packed = gzip.compress(plain)
    assert edge.send(key, packed, Content_Encoding="gzip").status == 202
    for broken in (b"no gzip", packed[:-9], packed + b"more", packed + packed):
        assert edge.send(key, broken, Content_Encoding="gzip").status == 400
    assert edge.send(key, plain, Content_Encoding="br").status == 415
    edge.end()
    assert pages(home) == {"/zipped": 1}


def test_a_server_says_whose_each_event_is(home: Home, edge: EdgeProcess) -> None:
    key = edge.key(is_browser=False)
    events = [
        view("/a", subject="ann", tenant="acme", ip="192.0.2.7"),
        view("/b", subject="bob"),
        {"contract": "operational_log", "occurred_at": now_ms(), "operation": "order.refund"},
    ]
    answer = edge.send(key, {"events": events}, Origin=None)
    assert answer.said == {"accepted": 3, "refused": []}
    edge.end()
    stored = {event.subject: event.values for event in home.stored().values()}
    assert stored["ann"]["ip"] == "192.0.2.7"
    assert stored["bob"]["page"] == "/b"
    assert stored[""]["operation"] == "order.refund"


@pytest.mark.clause("S012")
def test_a_key_is_good_for_its_origins_and_kind_until_it_is_revoked(edge: EdgeProcess) -> None:
    key, servers = edge.key(), edge.key("servers", is_browser=False)
    sent = batch([view("/")])
    unknown = edge.send("no-key", sent)
    assert (unknown.status, unknown.headers["access-control-allow-origin"]) == (401, "*")
    assert edge.send(key, sent, Origin="https://evil.example").status == 403
    assert edge.send(key, sent, Origin=None).status == 403
    assert edge.send(servers, sent).status == 403, (
        "a server's key that a page sends is a leaked one"
    )
    stored = (edge.data / "edge" / "sources.json").read_text()
    assert key not in stored
    sources.revoke(edge.data, "shop")
    assert until(lambda: edge.send(key, batch([view("/")])).status == 401, "still good") < 2


def test_a_preflight_is_answered_for_the_origins_of_the_key(edge: EdgeProcess) -> None:
    key = edge.key()
    asked = {"Access-Control-Request-Method": "POST", "Origin": ORIGIN}
    answer = edge.ask("OPTIONS", f"/v1/events?key={key}", headers=asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-expose-headers"] == "retry-after"
    assert int(answer.headers["access-control-max-age"]) > 0
    evil = {**asked, "Origin": "https://evil.example"}
    refused = edge.ask("OPTIONS", f"/v1/events?key={key}", headers=evil)
    assert refused.status == 403
    assert "access-control-allow-origin" not in refused.headers


def test_a_key_that_sends_too_much_is_told_when_to_come_again(edge: EdgeProcess) -> None:
    key = edge.key(rate=5)
    answers = [edge.send(key, batch([view("/")] * 5)) for _ in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 429, 429]
    assert int(answers[2].headers["retry-after"]) >= 1


def test_the_policy_is_served_as_published_and_in_brief(home: Home, edge: EdgeProcess) -> None:
    signed = edge.ask("GET", "/v1/policy")
    assert signed.body == (home.data.parent / "data-keys" / "bundle.json").read_bytes()
    again = edge.ask("GET", "/v1/policy", headers={"If-None-Match": signed.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    brief = edge.ask("GET", "/v1/policy/summary")
    assert brief.headers["access-control-allow-origin"] == "*"
    assert brief.said["policy_version"] == home.bundle.policy.version
    purposes = brief.said["optional_purposes"]
    assert isinstance(purposes, list)
    assert {"analytics.reporting"} <= {purpose["key"] for purpose in purposes}
    assert all(purpose["meaning"] and purpose["clause"] for purpose in purposes)


@pytest.mark.clause("S089")
def test_a_choice_becomes_an_event_for_each_purpose(home: Home, edge: EdgeProcess) -> None:
    key, visit, version = edge.key(), session(), home.bundle.policy.version
    choice = {"session": visit, "batch": 1, "sent_at": now_ms(), "method": "banner"}
    choice |= {"policy_version": version, "given": ["analytics.reporting"]}
    choice |= {"refused": ["functional.service.improve"]}
    answer = edge.send(key, choice, path="/v1/consent")
    assert (answer.status, answer.said["accepted"]) == (202, 2)
    again = edge.send(key, choice, path="/v1/consent").said
    assert (again["duplicate"], "records" in again) == (True, False)
    edge.end()
    names = [f"{pack}:{index}" for pack, index in home.stored()]
    assert answer.said["records"] == names, "as they will stand in the ledger"
    stored = list(home.stored().values())
    assert {event.subject for event in stored} == {f"visitor:{visit}"}
    said = {event.values["purpose"]: event.values["status"] for event in stored}
    assert said == {"analytics.reporting": "given", "functional.service.improve": "refused"}


@pytest.mark.clause("S113", "S114")
def test_that_a_notice_was_shown_or_a_version_agreed_to_is_recorded_by_channel(
    home: Home, edge: EdgeProcess
) -> None:
    key, visit, version = edge.key(), session(), home.bundle.policy.version
    said = {"session": visit, "sent_at": now_ms(), "method": "api", "policy_version": version}
    records: list[object] = []
    for number, status in enumerate(("notified", "accepted"), 1):
        told = said | {"batch": number, "policy": [status], "channel": "popup"}
        answer = edge.send(key, told, path="/v1/consent")
        assert (answer.status, answer.said["accepted"]) == (202, 1)
        records.append(answer.said["records"])
    edge.end()
    stored = list(home.stored().values())
    assert records == [[f"{pack}:{index}"] for pack, index in home.stored()]
    assert {event.subject for event in stored} == {f"visitor:{visit}"}
    columns = ("purpose", "status", "agreed_version", "channel")
    assert [tuple(event.values[name] for name in columns) for event in stored] == [
        (None, status, version, "popup") for status in ("notified", "accepted")
    ]


@pytest.mark.parametrize(
    ("change", "status", "fields"),
    [
        ({"policy_version": "2020-01-01"}, 409, ["policy_version"]),
        ({"given": ["essential.service"]}, 422, ["given"]),
        ({"refused": ["analytics.reporting"]}, 422, ["given", "refused", "withdrawn"]),
        ({"method": "canary"}, 422, ["method"]),
        ({"session": "short"}, 422, ["session"]),
        ({"given": "analytics.reporting"}, 422, ["given"]),
        ({"subject": "ann"}, 422, ["subject"]),
        ({"canary": 1}, 422, []),
        ({"methods": "canary"}, 422, ["method"]),
        ({"policy": ["canary"]}, 422, ["policy"]),
        ({"policy": ["accepted", "accepted"]}, 422, ["policy"]),
        ({"channel": "canary"}, 422, ["channel"]),
        ({"given": []}, 422, ["given", "refused", "withdrawn"]),
    ],
)
def test_a_choice_that_cannot_be_recorded_is_refused_by_name(
    home: Home, edge: EdgeProcess, change: dict[str, object], status: int, fields: list[str]
) -> None:
    choice = {"session": session(), "batch": 1, "sent_at": now_ms(), "method": "banner"}
    choice |= {"policy_version": home.bundle.policy.version, "given": ["analytics.reporting"]}
    answer = edge.send(edge.key(), choice | change, path="/v1/consent")
    assert (answer.status, answer.said["fields"]) == (status, fields)
    assert b"canary" not in answer.body


def test_a_signal_withholds_what_is_optional_and_is_recorded_once_by_who_had_agreed(
    home: Home, edge: EdgeProcess
) -> None:
    key, visit = edge.key(), session()
    purposes = sorted(home.bundle.policy.signals["gpc"].withholds)
    agreed = {"session": visit, "batch": 2, "sent_at": now_ms(), "method": "banner"}
    agreed |= {"policy_version": home.bundle.policy.version, "given": purposes}
    for number in (1, 3, 4):
        sent = batch([view("/", screen="1920x1080")], session=visit, batch=number)
        assert edge.send(key, sent, Sec_GPC="1").status == 202
        if number == 1:
            assert edge.send(key, agreed, path="/v1/consent").status == 202
    edge.end()
    stored = list(home.stored().values())
    views = [e.values for e in stored if "page" in e.values]
    refused = [e.values for e in stored if e.values.get("status") == "refused"]
    assert [(v["page"], v["screen"]) for v in views] == [("/", None)] * 3
    assert {choice["method"] for choice in refused} == {"gpc"}
    assert sorted(str(choice["purpose"]) for choice in refused) == purposes


def test_what_somebody_refused_is_withheld_from_then_on(home: Home, edge: EdgeProcess) -> None:
    key, visit = edge.key(), session()
    choice = {"session": visit, "batch": 1, "sent_at": now_ms(), "method": "banner"}
    choice |= {"policy_version": home.bundle.policy.version}
    for said, number in (("refused", 1), ("given", 3)):
        purposes = sorted(
            key
            for key, terms in home.bundle.policy.purposes.items()
            if terms.necessity == "optional"
        )
        assert edge.send(key, choice | {said: purposes, "batch": number}, path="/v1/consent").said[
            "accepted"
        ]
        sent = batch([view(f"/{said}", screen="1920x1080")], session=visit, batch=number + 1)
        assert edge.send(key, sent).status == 202
    edge.end()
    screens = {
        e.values["page"]: e.values["screen"] for e in home.stored().values() if "page" in e.values
    }
    assert screens == {"/refused": None, "/given": "1920x1080"}


def test_a_stopped_category_is_refused_by_field(home: Home, edge: EdgeProcess) -> None:
    key = edge.key()
    home.publish(stopped=frozenset({"user.device.x_hardware"}))
    screen = [view("/b", screen="1920x1080")]
    until(
        lambda: bool(edge.send(key, batch(screen)).said["refused"]),
        "the kill switch is not taken up",
    )
    assert edge.ask("GET", "/v1/policy/summary").said["stopped"] == ["user.device.x_hardware"]
    answer = edge.send(key, batch([view("/a"), *screen]))
    refused = [{"index": 1, "reason": "stopped", "fields": ["screen"]}]
    assert (answer.status, answer.said) == (202, {"accepted": 1, "refused": refused})


@pytest.mark.clause("S012")
def test_no_key_no_event(home: Home, edge: EdgeProcess) -> None:
    key = edge.key()
    home.publish(not_after=datetime.now(UTC) - timedelta(seconds=1))
    until(lambda: edge.ask("GET", "/healthz").status == 503, "it thinks that it is well")
    until(lambda: edge.send(key, batch([view("/")])).status == 503, "it takes what it cannot seal")
    assert edge.send(key, batch([view("/")])).headers["retry-after"] == "1"


def test_a_tenants_key_writes_for_that_tenant_and_no_other(home: Home, edge: EdgeProcess) -> None:
    keys = edge.key("server", is_browser=False), edge.key("pages")
    sources.bind(edge.data, "server", "acme")
    sources.bind(edge.data, "pages", "acme")
    time.sleep(1)  # a running edge takes changes up within a second
    own = {"events": [view("/a", subject="ann"), view("/b", subject="bob", tenant="acme")]}
    assert edge.send(keys[0], own, Origin=None).said == {"accepted": 2, "refused": []}
    assert edge.send(keys[1], batch([view("/c")])).status == 202
    crossing = {"events": [view("/d", subject="ann"), view("/e", subject="ann", tenant="other")]}
    assert edge.send(keys[0], crossing, Origin=None).status == 403
    edge.end()
    assert {pack.header.tenant for pack in home.packs() if pack.events} == {"acme"}
    assert sorted(e.values["page"] for e in home.stored().values()) == ["/a", "/b", "/c"]  # type: ignore[type-var]


def test_events_of_one_batch_that_come_to_be_the_same_tenants_are_all_stored_and_each_once(
    home: Home, edge: EdgeProcess
) -> None:
    key, other = edge.key("acme", is_browser=False), edge.key("any", is_browser=False)
    sources.bind(edge.data, "acme", "acme")
    said = [view("/named", subject="ann", tenant="acme"), view("/unnamed", subject="ann")]
    alike = [view("/a", subject="c", tenant="a b"), view("/b", subject="b c", tenant="a")]
    time.sleep(1)  # a running edge takes changes up within a second
    for one, events in ((key, said), (other, alike)):
        sent = batch(events)
        assert edge.send(one, sent, Origin=None).said == {"accepted": 2, "refused": []}
        again = edge.send(one, sent, Origin=None).said
        assert again == {"accepted": 2, "duplicate": True, "refused": []}
    edge.end()
    assert pages(home) == {"/named": 1, "/unnamed": 1, "/a": 1, "/b": 1}


@pytest.mark.clause("S015", "S034a")
def test_what_a_tenant_does_not_have_is_answered_with_function_and_clause(
    home: Home, edge: EdgeProcess
) -> None:
    key = edge.key("server", is_browser=False)
    with_module = Tenant(edition="business", modules=frozenset({"campaigns"}))
    tenancy = Tenancy(tenants={"anna": with_module, "ben": Tenant(edition="business")})
    home.publish(tenancy=tenancy)
    entry = {"contract": "campaign_entry", "occurred_at": now_ms(), "campaign": "spring"}
    sent = {"events": [entry | {"tenant": tenant} for tenant in ("anna", "ben", "carl")]}

    def answered() -> list[tuple[object, object, object]]:
        refused = edge.send(key, sent, Origin=None).said["refused"]
        assert isinstance(refused, list)
        return sorted((one["reason"], one.get("function"), one.get("clause")) for one in refused)

    until(lambda: len({one[0] for one in answered()}) > 1, "it does not know the register")
    reasons = {reason: (function, clause) for reason, function, clause in answered()}
    assert reasons.keys() == {"no_campaign", "not_subscribed", "unknown_tenant"}
    assert reasons["unknown_tenant"] == (None, None)
    assert all(all(reasons[name]) for name in ("no_campaign", "not_subscribed"))
