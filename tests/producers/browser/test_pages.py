"""When the tracker counts a page view, and what is in one before anybody agreed to anything."""

from kit.chromium import Visit, storage
from kit.recording_edge import RecordingEdge


def test_before_consent_a_page_view_has_a_path_and_a_time_and_nothing_else(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first?token=secret#part")
    record.wait_for(lambda r: r.events, "no page view")
    [event] = record.events
    assert set(event) == {"contract", "occurred_at", "page"}
    assert event["page"] == "/first"
    assert storage(page)["local"] == storage(page)["session"] == {}
    [sent] = record.posts
    assert set(sent.body) == {"session", "batch", "sent_at", "events"}
    assert sent.query == "key=KEY"


def test_no_request_carries_a_cookie_or_a_referer_or_asks_first(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    record.wait_for(lambda r: r.events, "no page view")
    page.goto(f"{record.site}/second")
    record.wait_for(lambda r: "/second" in r.pages, "no second page view")
    names = {name.lower() for one in record.posts for name in one.headers}
    assert not names & {"cookie", "referer", "authorization"}
    assert {one.method for one in record.seen} == {"GET", "POST"}  # no OPTIONS before


def test_each_page_load_without_consent_is_a_session_of_its_own(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    record.wait_for(lambda r: r.events, "no page view")
    page.goto(f"{record.site}/second")
    record.wait_for(lambda r: "/second" in r.pages, "no second page view")
    sessions = [one.body["session"] for one in record.posts]
    assert len(set(sessions)) == 2
    assert {len(session) for session in sessions} == {22}


def test_a_page_within_the_app_counts_once_and_a_redirect_as_where_it_ends(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/app")
    record.wait_for(lambda r: r.events, "no page view")
    for script in (
        "history.pushState({}, '', '/app/list')",
        "history.replaceState({}, '', '/app/list?page=2')",  # the same page
        "history.pushState({}, '', '/app/list#end')",  # still
        "history.pushState({}, '', '/app/moved'); history.replaceState({}, '', '/app/item')",
    ):
        page.evaluate(script)
        page.evaluate("new Promise((done) => setTimeout(done))")
    page.evaluate("history.go(-2)")  # back to the list without a query
    record.wait_for(lambda r: len(r.events) >= 4, "not every page was counted")
    assert page.evaluate("remit.flush()")
    assert record.pages == ["/app", "/app/list", "/app/item", "/app/list"]


def test_an_app_can_count_what_the_address_bar_does_not_show(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/app")
    page.evaluate("remit.page('/basket/open')")
    assert page.evaluate("remit.flush()")
    assert sorted(record.pages) == ["/app", "/basket/open"]


def test_a_page_that_comes_back_whole_is_seen_again(visit: Visit, record: RecordingEdge) -> None:
    page = visit().open(f"{record.site}/first")
    record.wait_for(lambda r: r.events, "no page view")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    record.wait_for(lambda r: r.pages == ["/first", "/first"], "not counted again")


def test_a_script_that_stands_twice_counts_once(visit: Visit, record: RecordingEdge) -> None:
    page = visit().open(f"{record.site}/first")
    page.add_script_tag(url=f"{record.edge}/remit.js")
    assert page.evaluate("remit.flush()")
    assert record.pages == ["/first"]
