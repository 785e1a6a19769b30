"""Consent at the source: what waits for an answer, what an answer withholds, and that every event is counted once."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from kit.spooled import Home, MakeClient
from remit.answers import ANSWERS_MAX
from remit.client import Client
from remit.holding import HELD_EVENTS_MAX, HELD_OF_ONE_MAX, HELD_S
from remit.result import Accepted, Held, Recorded, Refused
from remit_schemas.event import now_ms
from remit_schemas.events import ConsentChange, PageView, ServiceLog
from remit_schemas.policy import Policy, find_policy
from remit_schemas.subject import visitor

TIMEOUT_S = 120.0
REPORT, IMPROVE = "analytics.reporting", "functional.service.improve"
VERSION = "2021-11-01"


def views(home: Home) -> list[Mapping[str, object]]:
    """Every page view that is on the log."""
    return [e.values for e in home.stored().values() if "page" in e.values]


def changes(home: Home) -> list[tuple[object, ...]]:
    """Every consent change that is on the log, without its times."""
    names = ("purpose", "status", "agreed_version", "method")
    stored = home.stored().values()
    return [tuple(e.values[n] for n in names) for e in stored if "purpose" in e.values]


def a_view() -> PageView:
    return PageView(page="/a", status=200, referrer="https://a.example/", screen="1920x1080")


@pytest.mark.clause("S016")
def test_every_change_of_consent_is_an_event_of_its_own(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    assert client.consent("ann", given=[REPORT], refused=[IMPROVE], method="banner")
    assert client.consent("ann", withdrawn=[REPORT], method="settings")
    assert client.flush(TIMEOUT_S)
    assert changes(home) == [
        (REPORT, "given", VERSION, "banner"),
        (IMPROVE, "refused", VERSION, "banner"),
        (REPORT, "withdrawn", VERSION, "settings"),
    ]
    assert {e.subject for e in home.stored().values()} == {"ann"}


@pytest.mark.clause("S089")
def test_who_says_something_is_told_the_name_of_each_record(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    said = client.consent("ann", given=[REPORT], refused=[IMPROVE])
    later = client.notified("ann", channel="popup")
    assert isinstance(said, Recorded)
    assert isinstance(later, Recorded)
    assert client.flush(TIMEOUT_S)
    assert {f"{pack}:{index}" for pack, index in home.stored()} == {*said.records, *later.records}
    assert len(said.records) == 2


def test_what_is_refused_leaves_the_process_no_more(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    client.consent("ann", refused=[REPORT, IMPROVE])
    assert client.emit(a_view(), subject="ann")
    assert client.emit(a_view(), subject="bob")
    assert client.flush(TIMEOUT_S)
    by_subject = {e.subject: e.values for e in home.stored().values() if "page" in e.values}
    assert (by_subject["ann"]["referrer"], by_subject["ann"]["screen"]) == (None, None)
    assert (by_subject["ann"]["page"], by_subject["ann"]["status"]) == ("/a", 200)
    assert by_subject["bob"]["referrer"] == "https://a.example/"


def test_a_field_that_another_purpose_still_needs_stays(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    client.consent("ann", refused=[REPORT])
    client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    (view,) = views(home)
    assert (view["referrer"], view["screen"]) == (None, "1920x1080")


def test_who_agrees_again_is_collected_again(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    client.consent("ann", refused=[REPORT])
    client.consent("ann", given=[REPORT])
    client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert views(home)[0]["referrer"] == "https://a.example/"


def test_a_name_means_another_person_to_each_tenant(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    client.consent("ann", refused=[REPORT], tenant="north")
    client.emit(a_view(), subject="ann", tenant="north")
    client.emit(a_view(), subject="ann", tenant="south")
    assert client.flush(TIMEOUT_S)
    found = {
        p.header.tenant: e.values for p in home.packs() for e in p.events if "page" in e.values
    }
    assert found["north"]["referrer"] is None
    assert found["south"]["referrer"] == "https://a.example/"


@pytest.mark.clause("S009")
def test_a_consent_that_was_said_in_no_known_way_is_none(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    assert client.consent("ann", given=[REPORT], method="baner") == Refused("does_not_fit")
    assert client.flush(TIMEOUT_S)
    assert changes(home) == []


@pytest.mark.clause("S091a", "S091b")
@pytest.mark.parametrize("purpose", ["essential.service", "no.such.purpose", "", 7])
def test_only_what_the_policy_leaves_to_subjects_can_be_answered(
    home: Home, make_client: MakeClient, purpose: str
) -> None:
    client = make_client()
    assert client.consent("ann", refused=[purpose]) == Refused("does_not_fit")
    assert client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert views(home)[0]["referrer"] == "https://a.example/"
    assert client.totals().refused == {"does_not_fit": 1}


@pytest.mark.clause("S008")
def test_an_event_held_until_its_subject_agrees_is_collected_then(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(hold=True)
    answer = client.emit(
        PageView(page="/a", occurred_at=1_700_000_000_000, collected_at=1), subject="ann"
    )
    assert isinstance(answer, Held)
    assert not answer
    assert answer.reason == "held"
    assert client.held == 1
    assert client.totals().offered == 0
    before = now_ms()
    client.agree("ann")
    assert client.held == 0
    assert client.flush(TIMEOUT_S)
    (view,) = views(home)
    assert view["occurred_at"] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert view["collected_at"].timestamp() * 1000 >= before  # type: ignore[attr-defined]  # a datetime
    assert client.emit(PageView(page="/b"), subject="ann") == Accepted()
    assert client.emit(PageView(page="/b"), subject="bob") == Held()


@pytest.mark.clause("S008")
def test_what_is_held_lies_nowhere_but_in_memory(home: Home, make_client: MakeClient) -> None:
    client = make_client(hold=True)
    client.emit(PageView(page="/a"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert not home.files()
    assert not list(home.data.glob("spool/slot-*/open-*"))


@pytest.mark.clause("S014", "S017", "S031")
def test_who_refuses_everything_optional_still_has_what_is_required(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(hold=True)
    client.emit(a_view(), subject="ann")
    client.consent("ann", refused=[REPORT, IMPROVE], method="banner")
    assert client.flush(TIMEOUT_S)
    (view,) = views(home)
    assert (view["page"], view["referrer"], view["screen"]) == ("/a", None, None)


@pytest.mark.clause("S008")
def test_what_is_held_at_the_end_is_dropped_and_counted(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(hold=True)
    for _ in range(5):
        client.emit(PageView(page="/a"), subject="ann")
    assert client.close(TIMEOUT_S)
    assert not home.stored()
    assert client.totals().offered == 5
    assert client.totals().refused == {"held": 5}
    assert [dict(p.header.counts.refused) for p in home.packs()][-1] == {"held": 5}


def test_one_subject_can_have_only_so_much_waiting(home: Home, make_client: MakeClient) -> None:
    client = make_client(hold=True)
    answers = [client.emit(PageView(page="/a"), subject="ann") for _ in range(HELD_OF_ONE_MAX + 3)]
    assert answers == [Held()] * HELD_OF_ONE_MAX + [Refused("held")] * 3
    assert client.totals().refused == {"held": 3}


def test_who_has_waited_longest_goes_first(home: Home, make_client: MakeClient) -> None:
    client = make_client(hold=True)
    for n in range(HELD_EVENTS_MAX + 10):
        assert client.emit(PageView(page="/a"), subject=f"{n}") == Held()
    assert client.held == HELD_EVENTS_MAX
    assert client.totals().refused == {"held": 10}
    client.agree("9")
    client.agree("10")
    assert client.totals().offered == 11


def test_what_about_nobody_is_held_goes_when_the_app_agrees(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(hold=True)
    assert client.emit(ServiceLog(message="started")) == Held()
    client.agree()
    assert client.emit(ServiceLog(message="works")) == Accepted()
    assert client.flush(TIMEOUT_S)
    assert len(home.stored()) == 2


@pytest.mark.clause("S008")
def test_an_answer_is_no_answer_to_the_next_policy_version(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(hold=True, bundle_poll_s=0.01)
    client.consent("ann", refused=[REPORT])
    assert client.emit(a_view(), subject="ann")
    home.publish(policy=changed(version="2026-01-01"))
    while client.emit(a_view(), subject="ann"):
        pass
    client.agree("ann")
    assert client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert {view["referrer"] for view in views(home)} == {None}


def changed(**changes: object) -> Policy:
    """The policy that is shipped, with something else in it."""
    plain = find_policy(None).model_dump(mode="json", exclude_none=True)
    return Policy.model_validate(plain | changes)


def test_consent_changes_are_never_held(home: Home, make_client: MakeClient) -> None:
    client = make_client(hold=True)
    assert client.emit(ConsentChange(purpose=REPORT, status="given"), subject="ann") == Accepted()


def test_after_close_nothing_can_be_answered(make_client: MakeClient) -> None:
    client = make_client()
    client.close(TIMEOUT_S)
    assert client.consent("ann", given=[REPORT]) == Refused("closed")
    client.agree("ann")


@pytest.mark.parametrize(
    "say",
    [
        lambda client: client.consent(7, given=[REPORT]),
        lambda client: client.consent(["ann"], given=[REPORT]),
        lambda client: client.consent("ann", given=7),
        lambda client: client.consent("ann", given=[REPORT], method=7),
        lambda client: client.emit(PageView(page="/a"), subject=["ann"]),
        lambda client: client.emit(PageView(page="/a"), subject="ann", signals=7),
        lambda client: client.consent("ann"),
    ],
)
def test_nothing_that_an_app_says_wrongly_raises(
    make_client: MakeClient, say: Callable[[Client], object]
) -> None:
    client = make_client()
    assert not say(client)
    assert client.agree(["ann"]) is None  # type: ignore[func-returns-value,arg-type]  # what an app should not do
    assert client.emit(a_view(), subject="ann")


def test_answers_are_remembered_of_so_many_subjects_and_no_more(make_client: MakeClient) -> None:
    client = make_client()
    gate = client._asking.gate  # noqa: SLF001  # 50,000 consents would take long
    for n in range(ANSWERS_MAX + 5):
        gate.note((f"{n}", None), REPORT, is_withheld=True)
    assert len(gate.withholding) == ANSWERS_MAX
    assert "4" not in gate.withholding


def test_what_nobody_answers_is_dropped_after_an_hour(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(hold=True, bundle_poll_s=3600)
    client.emit(a_view(), subject="ann")
    gate = client._asking.gate  # noqa: SLF001  # an hour is too long for a test
    now = gate._now  # noqa: SLF001
    gate.drop_old()
    assert client.held == 1
    monkeypatch.setattr(gate, "_now", lambda: now() + HELD_S + 1)
    gate.drop_old()
    assert (client.held, client.totals().refused) == (0, {"held": 1})


def test_a_signal_withholds_and_is_recorded_as_a_refusal_once(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    for _ in range(3):
        assert client.emit(a_view(), subject="ann", signals=("gpc",))
    assert client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert changes(home) == [
        (REPORT, "refused", VERSION, "gpc"),
        (IMPROVE, "refused", VERSION, "gpc"),
    ]
    assert {(v["page"], v["referrer"], v["screen"]) for v in views(home)} == {("/a", None, None)}
    assert len(views(home)) == 4


def test_a_visitor_who_never_agreed_has_nothing_to_refuse_by_a_signal(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    for session in ("one", "two"):
        client.emit(a_view(), subject=visitor(session), signals=("gpc",))
    client.consent(visitor("two"), given=[REPORT, IMPROVE])
    client.emit(a_view(), subject=visitor("two"), signals=("gpc",))
    assert client.flush(TIMEOUT_S)
    assert [view["referrer"] for view in views(home)] == [None, None, None]
    said = [(status, method) for _, status, _, method in changes(home)]
    assert said == [("given", "api")] * 2 + [("refused", "gpc")] * 2


def test_what_somebody_does_after_an_answer_lies_in_a_later_pack_than_the_answer(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(pack_age_s=30.0)
    for is_given in (True, False, True):
        client.emit(a_view(), subject="ann")
        client.consent("ann", given=[REPORT] * is_given, withdrawn=[REPORT] * (not is_given))
    client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    packs = sorted(home.packs(), key=lambda pack: pack.header.sequence)
    kinds = ["purpose" in pack.events[0].values for pack in packs if pack.events]
    assert kinds == [False, True, False, True, False, True, False]


def test_a_signal_beats_a_consent(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    client.emit(a_view(), subject="ann", signals=("dnt",))
    client.consent("ann", given=[REPORT, IMPROVE])
    client.emit(a_view(), subject="ann", signals=("dnt",))
    client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert [view["referrer"] for view in views(home)] == [None, None, "https://a.example/"]


def test_a_signal_of_nobody_withholds_and_records_nothing(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    client.emit(a_view(), signals=("gpc", "dnt"))
    assert client.flush(TIMEOUT_S)
    assert (changes(home), views(home)[0]["referrer"]) == ([], None)


def test_a_signal_that_is_none_withholds_everything_optional(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    client.emit(a_view(), subject="ann", signals=("gcp",))
    client.emit(a_view(), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert changes(home) == []
    assert [view["referrer"] for view in views(home)] == [None, "https://a.example/"]


def test_a_signal_that_the_policy_does_not_speak_of_withholds_nothing(
    home: Home, make_client: MakeClient
) -> None:
    home.publish(policy=changed(signals={}))
    client = make_client()
    client.emit(a_view(), subject="ann", signals=("gpc",))
    assert client.flush(TIMEOUT_S)
    assert views(home)[0]["referrer"] == "https://a.example/"
