"""Lines of an access log: what a line says is in the event, and what is no line is none."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.access_log import LINE_CHARACTERS_MAX, page_view, time_ms

NOW = 1_800_000_000_000
LINE = (
    '203.0.113.9 - alice smith [26/Apr/2016:00:00:01 +0200] "GET /a?b=1 HTTP/1.1" 404 8229 '
    '"https://www.example.org/x" "Mozilla/5.0 (\\"quoted\\")"'
)


def test_a_line_gives_everything_the_policy_names_of_a_visit() -> None:
    event = page_view(LINE, NOW)
    assert event is not None
    assert (event.ip, event.method, event.page, event.status) == (
        "203.0.113.9",
        "GET",
        "/a?b=1",
        404,
    )
    assert (event.referrer, event.platform) == ("https://www.example.org/x", "web")
    assert event.user_agent == 'Mozilla/5.0 (\\"quoted\\")'
    assert event.collected_at == NOW
    occurred = datetime.fromtimestamp(event.occurred_at / 1000, UTC)
    assert occurred == datetime(2016, 4, 25, 22, 0, 1, tzinfo=UTC)


def test_a_dash_stands_for_nothing() -> None:
    event = page_view('192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "-" 400 0 "-" "-"', NOW)
    assert event is not None
    assert (event.page, event.method, event.referrer, event.user_agent) == (None,) * 4


@pytest.mark.parametrize(
    "line",
    [
        "",
        ' "Mozilla/5.0"',
        LINE[:-1],
        LINE.replace("26/Apr", "26/Foo"),
        LINE.replace("00:00:01", "25:00:01"),
        LINE.replace("26/Apr", "31/Feb"),
        LINE.replace(" 404 ", " 4x4 "),
        LINE + "x" * LINE_CHARACTERS_MAX,
    ],
)
def test_what_is_no_line_is_none(line: str) -> None:
    assert page_view(line, NOW) is None


def test_a_leap_second_is_a_time() -> None:
    assert time_ms("31/Dec/2016:23:59:60 +0000") == time_ms("01/Jan/2017:00:00:00 +0000")


@given(st.text(max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    assert page_view(text, NOW) is None or text


@pytest.mark.parametrize("unit", [" [", '[x] "', "\\", '" "', "a "])
def test_no_line_costs_more_than_its_length(unit: str) -> None:
    line = "a b " + unit * (LINE_CHARACTERS_MAX // len(unit) - 4)
    begun = time.process_time()
    assert page_view(line, NOW) is None
    assert time.process_time() - begun < 2
