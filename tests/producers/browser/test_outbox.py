"""What waits is sent again until it is answered, under the same number, and no more of it than was agreed to."""

import json

from playwright.sync_api import Page

from kit.chromium import Visit, storage
from kit.recording_edge import ANALYTICS, Answer, RecordingEdge, Seen


class Failing:
    """Answers the first POSTs in a way of their own."""

    def __init__(self, times: int, answer: Answer) -> None:
        self.left, self._answer = times, answer

    def __call__(self, _: Seen) -> Answer:
        """Answer one."""
        self.left -= 1
        return self._answer if self.left >= 0 else (202, {})


def agree(page: Page) -> None:
    """Agree to statistics and wait until the edge knows."""
    page.evaluate(
        "async (a) => { await remit.policy(); remit.consent({given: [a]}); await remit.flush(); }",
        ANALYTICS,
    )


def test_a_lost_answer_brings_the_same_batch_again(visit: Visit, record: RecordingEdge) -> None:
    record.answer = Failing(3, (0, {}))  # the browser itself tries again once, unasked
    visit().open(f"{record.site}/first")
    record.wait_for(lambda r: len(r.posts) == 4, "not sent again")
    first, *_, second = (post.body for post in record.posts)
    assert (first["session"], first["batch"], first["events"]) == (
        second["session"],
        second["batch"],
        second["events"],
    )
    assert second["sent_at"] > first["sent_at"]


def test_the_edge_says_when_to_come_again(visit: Visit, record: RecordingEdge) -> None:
    record.answer = Failing(1, (503, {"Retry-After": "2"}))
    page = visit().open(f"{record.site}/first")
    record.wait_for(lambda r: len(r.posts) == 1, "not sent")
    page.evaluate("remit.page('/second')")  # does not come earlier for it
    record.wait_for(lambda r: len(r.posts) >= 2, "not sent again")
    assert record.posts[1].body["sent_at"] - record.posts[0].body["sent_at"] >= 1_900
    record.wait_for(lambda r: "/second" in r.pages, "the second view did not come")


def test_what_the_edge_will_never_take_is_counted_and_not_sent_again(
    visit: Visit, record: RecordingEdge
) -> None:
    record.answer = Failing(1, (403, {}))
    page = visit().open(f"{record.site}/first")
    record.wait_for(lambda r: r.posts, "not sent")
    page.evaluate("remit.page('/second')")
    assert page.evaluate("remit.flush()")
    assert record.pages == ["/first", "/second"]
    assert page.evaluate("remit.dropped") == 1


def test_without_network_page_views_wait_and_go_when_it_is_back(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    page = visitor.open(f"{record.site}/first")
    assert page.evaluate("remit.flush()")
    visitor.context.set_offline(True)
    for number in range(30):
        page.evaluate("(n) => remit.page(`/offline/${n}`)", number)
    assert not page.evaluate("remit.flush()")
    assert record.pages == ["/first"]
    assert storage(page)["session"] == {}  # nobody agreed: memory only
    visitor.context.set_offline(False)
    record.wait_for(lambda r: len(r.events) == 31, "not all came")
    assert record.pages[1:] == [f"/offline/{number}" for number in range(30)]
    assert len(record.posts) < 10  # together, not one by one


def test_too_many_that_wait_are_let_go_oldest_first_and_counted(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    page = visitor.open(f"{record.site}/first")
    assert page.evaluate("remit.flush()")
    visitor.context.set_offline(True)
    page.evaluate("for (let n = 0; n < 450; n++) remit.page(`/offline/${n}`)")
    assert not page.evaluate("remit.flush()")
    dropped = page.evaluate("remit.dropped")
    visitor.context.set_offline(False)
    record.wait_for(lambda r: "/offline/449" in r.pages, "the newest did not come")
    assert page.evaluate("remit.flush()")
    assert len(record.events) - 1 == 450 - dropped <= 200


def test_after_consent_what_was_not_sent_survives_the_page(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().open(f"{record.site}/first")
    agree(page)
    record.answer = lambda _: (503, {})
    page.evaluate("remit.page('/waits')")
    record.wait_for(lambda r: "/waits" in r.pages, "never tried")
    page.goto("about:blank")
    record.answer = lambda _: (202, {})
    tried = len(record.posts)
    page.goto(f"{record.site}/second")
    record.wait_for(lambda r: "/second" in r.pages, "no page view")
    batches = [post.body for post in record.posts if "/waits" in json.dumps(post.body)]
    assert "/waits" in [
        event["page"] for post in record.posts[tried:] for event in post.body["events"]
    ]
    assert len({(body["session"], body["batch"]) for body in batches}) == 1
    page.evaluate("remit.flush()")
    assert json.loads(storage(page)["session"]["remit.session"])["letters"] == []


def test_a_tab_and_its_copy_never_name_two_batches_alike(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    page = visitor.open(f"{record.site}/first")
    agree(page)
    with visitor.context.expect_page() as opened:
        page.evaluate("window.open('/copy')")  # takes a copy of the tab's storage along
    record.wait_for(lambda r: "/copy" in r.pages, "no page view of the copy")
    opened.value.evaluate("remit.page('/copy/2')")
    page.evaluate("remit.page('/first/2')")
    record.wait_for(lambda r: {"/copy/2", "/first/2"} <= set(r.pages), "not all came")
    names = [(post.body["session"], post.body["batch"]) for post in record.posts]
    assert len(set(names)) == len(names)


def test_a_page_that_goes_sends_what_it_holds(visit: Visit, record: RecordingEdge) -> None:
    page = visit().open(f"{record.site}/first")
    assert page.evaluate("remit.flush()")
    page.evaluate(
        "() => { addEventListener('pagehide', () => remit.page('/last')); location = 'about:blank'; }"
    )
    record.wait_for(lambda r: "/last" in r.pages, "the last view did not come")
    assert "Cookie" not in record.posts[-1].headers


def test_a_page_that_goes_before_the_policy_came_still_counts(
    visit: Visit, record: RecordingEdge
) -> None:
    page = visit().context.new_page()
    page.route("**/v1/policy/summary", lambda _: None)  # never answered
    page.goto(f"{record.site}/first")
    page.goto("about:blank")
    record.wait_for(lambda r: r.pages == ["/first"], "not counted")


def test_a_browser_whose_requests_end_with_the_page_sends_a_beacon(
    visit: Visit, record: RecordingEdge
) -> None:
    visitor = visit()
    visitor.context.add_init_script("delete Request.prototype.keepalive")
    record.answer = Failing(1, (503, {}))
    page = visitor.open(f"{record.site}/first")
    record.wait_for(lambda r: r.posts, "not sent")
    page.goto("about:blank")
    record.wait_for(lambda r: len(r.posts) > 1, "no beacon")
    first, beacon = record.posts[:2]
    assert (
        beacon.headers["Sec-Fetch-Mode"] == "no-cors"
    )  # what sendBeacon makes, and fetch here never
    assert beacon.body["batch"] == first.body["batch"]
