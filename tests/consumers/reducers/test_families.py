"""Families of browser and system, where the parser's order of rules needs mending, and closed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.families import Families, families_of

TAIL = "AppleWebKit/537.36 (KHTML, like Gecko)"
ANDROID = f"Mozilla/5.0 (Linux; Android 12; M1 Build/SP1A; wv) {TAIL} Version/4.0"


@pytest.mark.parametrize(
    ("value", "browser", "major"),
    [
        (f"{ANDROID} Chrome/111.0.5563.116 Mobile Safari/537.36", "Chrome Mobile WebView", "111"),
        (
            f"{ANDROID} Chrome/111.0.5563.116 YaBrowser/24.1.2.86 (lite) TV Safari/537.36",
            "Yandex Browser",
            "24",
        ),
        (f"{ANDROID} Chrome/111.0.5563.116 Mobile Safari/537.36 Vivaldi/6.1.35", "Vivaldi", "6"),
        (f"{ANDROID} Chrome/111.0.5563.116 Mobile Safari/537.36 Quark/5.1.2", "Quark", "5"),
        (f"{ANDROID} Chrome/93.0.4577.75 Mobile Safari/537.36 ABB/3.0.1", "AdBlock Browser", "3"),
        (
            f"Mozilla/5.0 (Linux; Android 8.1.0; XBot 9) {TAIL} Chrome/87.0.4280.101 Mobile Safari/537.36",
            "Chrome Mobile",
            "87",
        ),
        (
            f"Mozilla/5.0 (Web0S; Linux/SmartTV) {TAIL} Chrome/68.0.3440.106 Safari/537.36 HbbTV/1.5.1 (; LGE; M1;)",
            "Chrome",
            "68",
        ),
        (
            "Opera/9.80 (Linux armv7l; HbbTV/1.2.1 (; Maker; M1;) ) Presto/2.12.407 Version/12.50",
            "Opera",
            "12",
        ),
        ("HbbTV/1.1.1 (;Maker;M1;1.0;2.0;)", "HbbTV", "1"),
        (
            "Maker-M1/1.0 Linux/2.6.35.7 Android/2.3.5 Browser/AppleWebKit533.1 Mobile Safari/533.1",
            "Android",
            "2",
        ),
        ("Notes of Alice/12 CFNetwork/978.0.7 Darwin/18.5.0", "CFNetwork", "978"),
        ("Notes of Alice/12 CFNetwork/1240.0.4 Darwin/20.6.0", "CFNetwork", None),
        (
            f"mozilla/5.0 (linux; android 6.0; m1) {TAIL.lower()} chrome/70.0.3538.80 mobile safari/537.36",
            "Chrome Mobile",
            "70",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:55.0) Gecko/20100101 Firefox/55.2.2 Waterfox/55.2.2",
            "Firefox",
            "55",
        ),
    ],
)
def test_a_browser_is_told_from_what_it_is_built_on(
    value: str, browser: str, major: str | None
) -> None:
    found = families_of(value, is_program=False)
    assert (found.browser, found.browser_major) == (browser, major)


@pytest.mark.parametrize(
    ("value", "system", "major"),
    [
        (f"Mozilla/5.0 (X11; OpenBSD amd64) {TAIL} Chrome/49.0.1.2 Safari/537.36", "OpenBSD", None),
        (
            "Mozilla/4.0 (compatible; MSIE 6.0; Windows CE; IEMobile 7.11)",
            "Windows CE",
            None,
        ),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)", "Windows", "XP"),
        (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {TAIL} Chrome/79.0.1.2 Safari/537.36", "webOS", None),
    ],
)
def test_a_system_has_one_name(value: str, system: str, major: str | None) -> None:
    found = families_of(value, is_program=False)
    assert (found.os, found.os_major) == (system, major)


def test_a_program_is_never_taken_for_the_browser_it_is_built_on() -> None:
    value = f"Mozilla/5.0 {TAIL}; compatible; AliceBot/3.1; +https://example.com/) Chrome/120.0.0.0"
    assert families_of(value, is_program=True) == Families("other", None, "other", None)


def test_a_crawler_that_its_operator_publishes_is_named() -> None:
    value = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"
    found = families_of(value, is_program=True)
    assert (found.browser, found.browser_major) == ("AhrefsBot", "7")


PIECES = [
    "Mozilla/5.0 (",
    "Linux; Android 12; ",
    "iPhone; CPU iPhone OS 18_6 like Mac OS X",
    ") AppleWebKit/537.36 (KHTML, like Gecko)",
    " Chrome/120.0.0.0",
    " Mobile Safari/537.36",
    " Version/4.0",
    "HbbTV/1.2.1 (",
    " CFNetwork/1.2 Darwin/20",
    "Qzxjw",
    "Qzxjw/77.5",
    "Qzxjwbot/1.0",
    " Qzxjw Browser/1.2.3",
    "(",
    ")",
    "; ",
    "/",
    "\0",
    "\N{GRINNING FACE}",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.booleans())
def test_what_a_client_calls_itself_gets_out_nowhere(value: str, program: bool) -> None:  # noqa: FBT001 (drawn)
    found = families_of(value, is_program=program)
    assert "qzxjw" not in str(found).lower()
    assert "\0" not in found.browser + found.os
