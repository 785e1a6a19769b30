"""What agreement, refusal, withdrawal and the browser's own no change."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from kit.chromium import GPC, Visit, storage
from kit.recording_edge import ANALYTICS, IMPROVE, SUMMARY, RecordingEdge
from kit.watching import until

OPTIONAL = {"referrer", "viewport", "hardware", "utc_offset"}
READ = """() => {
  globalThis.read = [];
  const watch = (object, name, prefix) => {
    const own = Object.getOwnPropertyDescriptor(object, name);
    if (own) Object.defineProperty(object, name, {...own, get() { globalThis.read.push(name); return own.get.call(this); }});
  };
  for (const name of ["hardwareConcurrency", "deviceMemory", "userAgentData", "plugins", "platform", "languages"])
    watch(Navigator.prototype, name);
  for (const name of ["width", "height", "availWidth", "colorDepth"]) watch(Screen.prototype, name);
  for (const name of ["referrer", "cookie"]) watch(Document.prototype, name);
  for (const name of ["innerWidth", "innerHeight", "devicePixelRatio"]) watch(globalThis, name);
  for (const [object, name] of [[Date.prototype, "getTimezoneOffset"], [HTMLCanvasElement.prototype, "getContext"]]) {
    const own = object[name];
    object[name] = function (...what) { globalThis.read.push(name); return own.apply(this, what); };
  }
}"""
"""Writes down what scripts read of the terminal."""
COUNT_ANSWERS = """() => {
  globalThis.answers = 0;
  const read = Response.prototype.json;
  Response.prototype.json = function () { return read.call(this).finally(() => answers++); };
}"""
"""Counts the answers that scripts have read."""


def agree(page: Page, **said: list[str]) -> bool:
    """Say something of consent once the policy is there."""
    script = "async (said) => { await remit.policy(); return remit.consent(said); }"
    done: bool = page.evaluate(script, {"method": "banner", **said})
    return done


def hears_that_viewport_is_stopped(page: Page) -> None:
    """Wait until the tracker does not read that any more; `wait_for_function` would not await the promise."""
    heard = "remit.policy().then((policy) => !policy.optional_fields.viewport)"
    until(lambda: page.evaluate(heard), "the tracker has not heard of it")


def last(record: RecordingEdge, path: str) -> dict[str, Any]:
    """The newest event of a page."""
    record.wait_for(lambda r: path in r.pages, f"no page view of {path}")
    return [dict(event) for event in record.events if event["page"] == path][-1]


@pytest.mark.clause("S016", "S025e")
def test_nothing_is_read_from_the_terminal_before_consent(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    visitor.context.add_init_script(f"({READ})()")
    page = visitor.open(f"{record.site}/first")
    page.evaluate("history.pushState({}, '', '/second')")
    record.wait_for(lambda r: "/second" in r.pages, "no second page view")
    assert page.evaluate("read") == []
    agree(page, given=[ANALYTICS, IMPROVE])
    page.evaluate("remit.page('/third')")
    assert page.evaluate("remit.flush()")
    assert set(page.evaluate("read")) == {
        "hardwareConcurrency",
        "deviceMemory",
        "innerWidth",
        "innerHeight",
        "getTimezoneOffset",
    }


@pytest.mark.clause("S025e")
def test_after_consent_the_classes_are_sent_and_never_the_sizes(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit(viewport={"width": 1280, "height": 700}, timezone_id="Asia/Kolkata")
    page = visitor.open(f"{record.site}/first")
    assert agree(page, given=[ANALYTICS, IMPROVE])
    page.goto(f"{record.site}/second?q=secret")
    page.click("a")
    event = last(record, "/other")
    assert set(event) <= {"contract", "occurred_at", "page", *OPTIONAL}
    assert event["viewport"] == "medium"
    assert event["utc_offset"] == "+05:00"
    assert event["hardware"].startswith("cores=")
    assert event["referrer"] == f"{record.site}/"


@pytest.mark.clause("S016")
def test_a_purpose_brings_only_the_fields_that_need_it(visit: Visit, record: RecordingEdge) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[IMPROVE], refused=[ANALYTICS])
    page.goto(f"{record.site}/second")
    assert set(last(record, "/second")) & OPTIONAL == {"viewport", "hardware"}


def test_the_consent_goes_before_what_it_allows_under_the_same_session(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[ANALYTICS], refused=[IMPROVE])
    page.evaluate("remit.page('/second')")
    last(record, "/second")
    [said] = record.said
    assert {key: said[key] for key in ("given", "refused", "withdrawn", "method")} == {
        "given": [ANALYTICS],
        "refused": [IMPROVE],
        "withdrawn": [],
        "method": "banner",
    }
    assert said["policy_version"] == "2021-11-01"
    assert [post.path for post in record.posts][-2:] == ["/v1/consent", "/v1/events"]
    assert {post.body["session"] for post in record.posts} == {said["session"]}


@pytest.mark.clause("S113", "S114")
def test_that_a_notice_was_shown_and_a_version_accepted_is_said_and_is_no_choice(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    page.evaluate("remit.policy()")
    assert page.evaluate("remit.told('notified', 'popup') && remit.told('accepted')")
    assert page.evaluate("remit.flush()")
    assert [(s["policy"], s["channel"], s["policy_version"]) for s in record.said] == [
        (["notified"], "popup", "2021-11-01"),
        (["accepted"], "website", "2021-11-01"),
    ]
    assert page.evaluate("remit.given") == []
    assert not any(s["given"] or s["refused"] or s["withdrawn"] for s in record.said)


def test_where_everything_is_held_having_seen_a_notice_lets_nothing_go(
    visit: Visit, record: RecordingEdge
) -> None:
    record.hold = True
    page = visit().open(f"{record.site}/first")
    page.evaluate("remit.policy()")
    assert not page.evaluate("remit.told('notified')")
    page.evaluate("remit.flush()")
    assert record.posts == []


@pytest.mark.clause("S089")
def test_only_the_choice_is_remembered_and_a_new_session_says_so_first(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    page = visitor.open(f"{record.site}/first")
    agree(page, given=[ANALYTICS], refused=[IMPROVE])
    page.goto(f"{record.site}/second")
    last(record, "/second")
    assert json.loads(storage(page)["local"]["remit.consent"]) == {
        "version": "2021-11-01",
        "given": [ANALYTICS],
        "refused": [IMPROVE],
    }
    said = {
        (each["session"], each["batch"]) for each in record.said
    }  # a page that goes may send once more
    assert len(said) == 1  # the same session, in the same tab
    other = visitor.open(f"{record.site}/third")
    last(record, "/third")
    assert other.evaluate("remit.given") == [ANALYTICS]
    remembered, of_page = record.posts[-2:]
    assert remembered.body["method"] == "remembered"
    assert remembered.body["given"] == [ANALYTICS]
    assert of_page.body["session"] == remembered.body["session"] != record.said[0]["session"]


@pytest.mark.clause("S092")
def test_after_withdrawal_nothing_optional_is_sent_and_the_storage_of_the_tab_is_empty(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[ANALYTICS, IMPROVE])
    page.click("a")
    before = last(record, "/other")
    page.evaluate(
        "([a, b]) => remit.consent({withdrawn: [a, b], method: 'settings'})", [ANALYTICS, IMPROVE]
    )
    page.goto(f"{record.site}/third")
    after = last(record, "/third")
    assert set(before) & OPTIONAL == OPTIONAL
    assert not set(after) & OPTIONAL
    record.wait_for(lambda r: r.said[-1]["withdrawn"], "the withdrawal did not come")
    assert record.said[-1]["session"] == record.said[0]["session"]
    assert record.posts[-1].body["session"] != record.said[0]["session"]
    assert page.evaluate("remit.flush()")
    assert storage(page)["session"] == {}
    assert set(storage(page)["local"]) == {"remit.consent"}


def test_a_withdrawal_takes_the_optional_fields_out_of_what_still_waits(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    assert page.evaluate("remit.flush()")
    record.answer = lambda _: (503, {})
    page.evaluate("remit.page('/waits')")
    last(record, "/waits")
    page.wait_for_function("sessionStorage['remit.session'].includes('viewport')")
    page.evaluate("(a) => remit.consent({withdrawn: [a]})", ANALYTICS)
    assert "viewport" not in json.dumps(storage(page))
    record.answer = lambda _: (202, {})
    page.evaluate("dispatchEvent(new Event('online'))")
    assert page.evaluate("remit.flush()")
    assert not set(last(record, "/waits")) & OPTIONAL
    assert storage(page)["session"] == {}


def test_a_withdrawal_in_one_tab_holds_in_every_tab_and_is_said_for_its_session(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    one = visitor.open(f"{record.site}/first")
    agree(one, given=[ANALYTICS])
    two = visitor.open(f"{record.site}/second")
    last(record, "/second")
    one.evaluate("(a) => remit.consent({withdrawn: [a]})", ANALYTICS)
    record.wait_for(lambda r: sum(bool(said["withdrawn"]) for said in r.said) == 2, "said once")
    assert two.evaluate("remit.given") == []
    assert len({said["session"] for said in record.said if said["withdrawn"]}) == 2


@pytest.mark.parametrize("how", [{"arguments": [GPC]}, {"do_not_track": True}], ids=["gpc", "dnt"])
def test_the_browsers_own_no_is_a_no(
    visit: Visit, record: RecordingEdge, how: dict[str, Any]
) -> None:
    visitor = visit(**how)
    visitor.context.add_init_script(f"({READ})()")
    page = visitor.open(f"{record.site}/first")
    page.evaluate("globalThis.asked = 0; remit.onConsentNeeded(() => { asked++; })")
    agree(page, given=[ANALYTICS, IMPROVE])
    page.evaluate("remit.page('/second')")
    assert not set(last(record, "/second")) & OPTIONAL
    assert page.evaluate("[asked, read, remit.given]") == [0, [], []]
    assert not any(said["given"] for said in record.said)
    signal = "Sec-Gpc" if "arguments" in how else "Dnt"
    assert {
        post.headers.get(signal) or post.headers.get(signal.upper()) or post.headers.get("Sec-GPC")
        for post in record.posts
    } == {"1"}


def test_a_new_version_of_the_policy_asks_again_and_until_then_nothing_optional_goes(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    record.wait_for(lambda r: r.said, "no consent")
    record.summary = {**SUMMARY, "policy_version": "2027-01-01"}
    page.goto(f"{record.site}/second")
    assert not set(last(record, "/second")) & OPTIONAL
    asked = "new Promise((done) => remit.onConsentNeeded((policy) => done(policy.policy_version)))"
    assert page.evaluate(asked) == "2027-01-01"
    assert storage(page)["local"] == storage(page)["session"] == {}


def test_an_edge_with_a_newer_policy_makes_an_open_page_ask_again(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    page.evaluate(
        "globalThis.asked = []; remit.onConsentNeeded((policy) => asked.push(policy.policy_version))"
    )
    page.evaluate("remit.flush()")
    record.summary = {**SUMMARY, "policy_version": "2027-01-01"}
    record.answer = lambda seen: (
        409 if seen.body.get("policy_version") == "2021-11-01" else 202,
        {},
    )
    agree(page, given=[ANALYTICS])
    page.wait_for_function("asked.length === 2")
    assert page.evaluate("[asked, remit.given]") == [["2021-11-01", "2027-01-01"], []]


def test_a_purpose_that_the_policy_does_not_have_is_an_error(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    said = "remit.policy().then(() => { try { remit.consent({given: ['marketing']}) } catch (e) { return e.name } })"
    assert page.evaluate(said) == "RangeError"


def test_where_the_edge_does_not_say_its_policy_nothing_optional_is_sent(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    record.wait_for(lambda r: r.said, "no consent")
    page.route("**/v1/policy/summary", lambda route: route.abort())
    page.goto(f"{record.site}/second")
    assert not set(last(record, "/second")) & OPTIONAL


@pytest.mark.clause("S008")
def test_held_page_views_wait_in_memory_and_go_after_agreement(
    visit: Visit, record: RecordingEdge
) -> None:
    record.hold = True
    page = visit().open(f"{record.site}/first")
    page.evaluate("remit.policy()")
    page.evaluate("history.pushState({}, '', '/second')")
    page.evaluate("new Promise((done) => setTimeout(done))")
    assert not page.evaluate("remit.flush()")
    assert record.posts == []
    assert storage(page)["local"] == storage(page)["session"] == {}
    agree(page, given=[ANALYTICS])
    last(record, "/second")
    assert record.pages == ["/first", "/second"]
    assert [post.path for post in record.posts] == ["/v1/consent", "/v1/events"]


@pytest.mark.clause("S008")
def test_held_page_views_are_dropped_on_refusal_and_leave_a_count(
    visit: Visit, record: RecordingEdge
) -> None:
    record.hold = True
    page = visit().open(f"{record.site}/first")
    page.evaluate("remit.policy()")
    page.evaluate("remit.page('/second')")
    agree(page, refused=[ANALYTICS, IMPROVE])
    page.evaluate("remit.page('/third')")
    page.evaluate("remit.flush()")
    assert page.evaluate("remit.dropped") == 3
    page.goto(f"{record.site}/fourth")
    page.evaluate("remit.flush()")
    page.goto("about:blank")
    assert record.posts == []


def test_half_an_hour_without_a_page_ends_a_session_and_the_next_says_first_what_was_agreed_to(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().context.new_page()
    page.clock.install()
    page.goto(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    page.evaluate("remit.flush()")
    page.clock.fast_forward("31:00")
    page.evaluate("remit.page('/later')")
    last(record, "/later")
    first, later = record.said[0], record.said[-1]
    assert (later["method"], later["given"]) == ("remembered", [ANALYTICS])
    assert later["session"] != first["session"]
    assert record.posts[-1].body["session"] == later["session"]


def test_a_category_that_is_stopped_is_not_read_any_more_on_an_open_page(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().context.new_page()
    page.clock.install()
    page.goto(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    page.evaluate("remit.page('/before')")
    assert {"viewport", "utc_offset"} <= set(last(record, "/before"))
    record.summary = {**SUMMARY, "optional_fields": {"utc_offset": [ANALYTICS]}}
    asked = sum(one.path == "/v1/policy/summary" for one in record.seen)
    page.clock.fast_forward("05:01")
    record.wait_for(
        lambda r: sum(one.path == "/v1/policy/summary" for one in r.seen) > asked, "not asked again"
    )
    hears_that_viewport_is_stopped(page)
    page.evaluate("remit.page('/after')")
    assert set(last(record, "/after")) & OPTIONAL == {"utc_offset"}


def test_an_answer_that_was_overtaken_starts_no_category_again(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    assert page.evaluate("remit.flush()")
    page.evaluate(COUNT_ANSWERS)
    asked: list[Route] = []
    page.route("**/v1/policy/summary", lambda route: asked.append(route))  # noqa: PLW0108  # Playwright sets an attribute on it
    record.answer = lambda _: (409, {})  # there is a newer policy: ask for it
    page.evaluate("remit.page('/one')")
    until(lambda: page.evaluate("answers") == 0 and len(asked) == 1, "not asked")
    page.evaluate("remit.page('/two')")
    until(lambda: page.evaluate("answers") == 0 and len(asked) == 2, "not asked again")
    record.answer = lambda _: (202, {})
    older, newer = asked
    newer.fulfill(json={**SUMMARY, "optional_fields": {"utc_offset": [ANALYTICS]}})
    hears_that_viewport_is_stopped(page)
    older.fulfill(json=dict(SUMMARY))
    page.wait_for_function("answers === 2")
    page.evaluate("remit.page('/after')")
    assert set(last(record, "/after")) & OPTIONAL == {"utc_offset"}


def test_a_storage_that_somebody_else_wrote_to_is_no_agreement(
    visit: Visit, record: RecordingEdge
) -> None:
    for written in ("garbage", "1", "[]", '{"version": "2021-11-01", "given": "all"}'):
        visitor = visit()
        visitor.context.add_init_script(
            f"if (location.protocol === 'http:') localStorage['remit.consent'] = sessionStorage['remit.session'] = {json.dumps(written)}"
        )
        page = visitor.open(f"{record.site}/first")
        assert page.evaluate("remit.flush()")
        assert page.evaluate("remit.given") == []
    assert not any(set(event) & OPTIONAL for event in record.events)


def test_a_site_that_may_not_store_anything_still_counts(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    forbid = "Object.defineProperty(globalThis, '{}', {{get() {{ throw new DOMException('no', 'SecurityError') }}}})"
    for storage_name in ("localStorage", "sessionStorage"):
        visitor.context.add_init_script(forbid.format(storage_name))
    page = visitor.open(f"{record.site}/first")
    agree(page, given=[ANALYTICS])
    page.evaluate("remit.page('/second')")
    assert "viewport" in last(record, "/second")


def test_a_page_learns_the_names_of_what_was_said_and_keeps_them_nowhere(
    visit: Visit, record: RecordingEdge
) -> None:
    record.body = b'{"accepted": 2, "records": ["pack-1-2:0", "pack-1-2:1"], "refused": []}'
    page = visit().open(record.site)
    assert page.evaluate("remit.records") == []
    agree(page, given=[ANALYTICS], refused=[IMPROVE])
    assert page.evaluate("remit.flush()")
    assert page.evaluate("remit.records") == ["pack-1-2:0", "pack-1-2:1"]
    page.evaluate("remit.page('/other')")
    assert page.evaluate("remit.flush()")
    assert page.evaluate("remit.records.length") == 2, "page views have no name"
    assert "pack-1-2" not in json.dumps(storage(page))


@pytest.mark.parametrize("body", [b"null", b"", b"[]", b'{"records": 7}', b"<html>"])
def test_an_answer_without_names_is_an_answer(
    visit: Visit, record: RecordingEdge, body: bytes
) -> None:
    record.body = body
    page = visit().open(record.site)
    agree(page, given=[ANALYTICS])
    assert page.evaluate("remit.flush()")
    assert page.evaluate("remit.records") == []
    assert len(record.said) == 1
