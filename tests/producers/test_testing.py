"""What apps test themselves with: the real rules, what would be sent, and assertions that name no value."""

from pathlib import Path

import pytest

from kit.owned import Own, make_schema
from kit.program import run
from remit import PageView, ServiceLog
from remit.testing import Captured, assert_collects, assert_never, assert_purpose, capture

pytest_plugins = ["pytester"]

IP, USER = "203.0.113.77", "ann.canary"


def browse(client: Captured) -> None:
    """What an app under test does."""
    assert client.emit(PageView(page="/pricing", ip=IP, screen="1920x1080"), subject=USER)


def failure(question: object, *given: object, **named: object) -> str:
    """What an assertion says; never a value."""
    assert callable(question)
    with pytest.raises(AssertionError) as caught:
        question(*given, **named)
    said = str(caught.value)
    assert not [value for value in (IP, USER, "pricing", "1920") if value in said]
    return said


def test_what_is_emitted_is_captured_and_asked_for_by_contract_category_and_field(
    remit_capture: Captured,
) -> None:
    browse(remit_capture)
    [event] = remit_capture.events
    assert (event.contract, event.values["page"], event.subject) == ("page_view", "/pricing", USER)
    assert_collects(remit_capture, "page_view")
    assert_collects(remit_capture, "page_view", field="page")
    assert_collects(remit_capture, "user.device", field="ip")
    assert_never(remit_capture, "user.contact", "service_log")
    assert_purpose(remit_capture, "essential.service.operations", "page_view", field="ip")


def test_a_failure_says_fields_categories_and_clauses(remit_capture: Captured) -> None:
    browse(remit_capture)
    said = failure(assert_never, remit_capture, "user.device.ip_address")
    assert "page_view.ip (user.device.ip_address, S025a; the policy would reduce it by ip)" in said
    said = failure(assert_collects, remit_capture, "page_view", field="referrer")
    assert said == "nothing of page_view.referrer was emitted; captured: 1 page_view"
    said = failure(assert_purpose, remit_capture, "analytics.reporting", "page_view", field="ip")
    assert "it is for essential." in said
    assert "did you mean user.device.ip_address" in failure(
        assert_never, remit_capture, "user.device.ip_adress"
    )
    assert "unknown purpose" in failure(assert_purpose, remit_capture, "analytics.reportin")


def test_an_optional_field_is_collected_once_its_subject_has_agreed(
    remit_capture: Captured,
) -> None:
    browse(remit_capture)
    said = failure(assert_collects, remit_capture, "page_view", field="screen")
    assert "has not agreed to analytics.reporting" in said
    remit_capture.consent(USER, given=["analytics.reporting", "functional.service.improve"])
    browse(remit_capture)
    assert_collects(remit_capture, "page_view", field="screen")
    assert_purpose(remit_capture, "analytics.reporting", field="screen")


def test_what_is_withdrawn_is_withheld_at_the_source(remit_capture: Captured) -> None:
    optional = ["analytics.reporting", "functional.service.improve"]
    remit_capture.consent(USER, given=optional)
    remit_capture.consent(USER, withdrawn=optional)
    browse(remit_capture)
    assert remit_capture.events[-1].values["screen"] is None
    assert "nothing of page_view.screen" in failure(
        assert_collects, remit_capture, "page_view", field="screen"
    )


class Search(Own):
    """An event of one's own, which no rule names."""

    __schema__ = make_schema()


def test_what_is_refused_is_told_with_its_reason(remit_capture: Captured) -> None:
    assert not remit_capture.emit(Search(place="here"))
    assert not remit_capture.emit(object())
    said = failure(assert_collects, remit_capture, "page_view")
    assert "1 search refused (no_rule)" in said
    assert "1 no contract refused (unknown_contract)" in said
    assert remit_capture.totals().refused == {"no_rule": 1, "unknown_contract": 1}


def test_a_captured_client_takes_everything_that_a_client_takes() -> None:
    with capture(hold=True) as client:
        answer = client.emit(ServiceLog(message="m"), subject=USER)
        assert (answer.reason if not answer else "", client.held) == ("held", 1)
        client.agree(USER)
        assert [event.contract for event in client.events] == ["service_log"]
        assert client.flush(1, durable=True)
    assert client.emit(ServiceLog(message="m")).reason == "closed"  # type: ignore[union-attr]  # refused


APP = """
from remit import PageView

def greet(client, ip):
    client.emit(PageView(page="/hello", ip=ip), subject="ann")
"""

TESTS = """
from app import greet
from remit.testing import assert_collects, assert_never, assert_purpose

def test_pages_are_collected(remit_capture):
    greet(remit_capture, None)
    assert_collects(remit_capture, "page_view", field="page")

def test_addresses_never_leave(remit_capture):
    greet(remit_capture, "203.0.113.77")
    assert_never(remit_capture, "user.device.ip_address")
"""


def test_a_project_of_a_user_has_the_fixture_without_doing_anything(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(app=APP, test_app=TESTS)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*page_view.ip (user.device.ip_address, S025a*"])
    assert not any((Path(pytester.path) / name).exists() for name in ("remit-data", "spool"))


def test_the_sdk_does_not_bring_pytest() -> None:
    run("import sys, remit, remit.testing\nassert 'pytest' not in sys.modules")
