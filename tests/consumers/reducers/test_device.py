"""Classes of devices, and programs, by the words that makers use."""

import pytest

from remit_consumers.reducers.device import classify

TAIL = "applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0"


def android(model: str, form: str = "mobile safari/537.36") -> str:
    """Write the agent string of a browser on an Android device."""
    return f"mozilla/5.0 (linux; android 12; {model}) {TAIL} {form}"


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        (android("pixel 8"), "mobile"),
        (android("pixel 8", "safari/537.36"), "tablet"),
        (android("ut_tab_a7"), "tablet"),
        (android("smartpad10"), "tablet"),
        (android("sm-x210"), "tablet"),
        (android("43u7500 build/x; wv"), "tv"),
        (android("led55s"), "tv"),
        (android("uhd-box", "safari/537.36"), "tv"),
        (android("aquos sense4"), "mobile"),
        (android("positivo one"), "mobile"),
        (android("quest 3"), "other"),
        (android("sm-r890"), "other"),
        (
            "mozilla/5.0 (ipod touch; cpu iphone os 15_8 like mac os x) applewebkit/605.1.15",
            "other",
        ),
        ("mozilla/5.0 (x11; gnu/linux) applewebkit/537.36 tesla/2024.8", "other"),
        ("mozilla/5.0 (web0s; linux/smarttv) applewebkit/537.36 chrome/94 safari/537.36", "tv"),
        ("mozilla/5.0 (linux; tizen 6.0) samsungbrowser/2.1 chrome/76 tv safari/537.36", "tv"),
        ("mozilla/5.0 (nintendo switch; wifiapplet) applewebkit/609.4 nintendobrowser", "console"),
        ("mozilla/5.0 (mobile; nokia 2780 flip; rv:109.0) gecko/109.0 kaios/3.1", "mobile"),
        ("nokia6230i/2.0 profile/midp-2.0 configuration/cldc-1.1", "mobile"),
        ("samsung-sgh-x480", "mobile"),
        ("lg-kf300", "mobile"),
        ("mozilla/4.0 (compatible; msie 6.0; windows ce; iemobile 7.11)", "mobile"),
        ("mozilla/4.0 (compatible; msie 8.0; windows nt 6.1; tablet pc 2.0)", "desktop"),
        ("mozilla/5.0 (windows nt 6.3; arm; trident/7.0; touch; rv:11.0) like gecko", "tablet"),
        ("mozilla/5.0 (x11; cros x86_64 14541.0.0) applewebkit/537.36", "desktop"),
        ("notes/12 cfnetwork/1240.0.4 darwin/20.6.0 (x86_64)", "desktop"),
        ("notes/12 cfnetwork/1240.0.4 darwin/20.6.0", "mobile"),
        ("", None),
        ("newsreader/1.0", None),
    ],
)
def test_a_device_is_named_by_the_words_of_its_maker(agent: str, named: str | None) -> None:
    assert classify([agent])[1] == [named]


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "mozilla/5.0",
        "inventedreader/1.0",
        "invented.example/2.1 (+https://invented.example/about)",
        "mozilla/5.0 (compatible; inventedbot/2.1)",
        f"mozilla/5.0 (linux; android 6.0.1; nexus 5x) {TAIL} mobile safari/537.36 (compatible; inventedbot/2.1)",
        f"mozilla/5.0 (x11; linux x86_64) {TAIL} safari/537.36 inventedmonitor/1.0",
        f"mozilla/5.0 (x11; linux x86_64) {TAIL} safari/537.36 (invented.com/scan)",
        f"mozilla/5.0 (x11; linux x86_64) {TAIL} safari/537.36 invented-synthetics",
        "whatsapp/2.23.20.0 a",
        "python-urllib/3.11",
    ],
)
def test_a_program_says_so_or_names_no_machine(agent: str) -> None:
    assert classify([agent])[0] == [True]


@pytest.mark.parametrize(
    "agent",
    [
        android("xbot senior"),
        android("cubot king kong"),
        android("monitor tv 4k"),
        "mozilla/4.0 (compatible; msie 7.0; windows nt 5.1; embedded web browser from: http://maker.example/)",
        "mozilla/4.0 (compatible; msie 8.0; windows nt 6.1; trident/4.0; maker.com)",
        "mozilla/5.0 (compatible; msie 9.0; trident/5.0)",
        "mozilla/5.0 (masked; rv:115.0) gecko/20100101 firefox/115.0",
        "samsung-gt-s5230/s5230xeji1 shp/vpp/r5 dolfin/1.5",
    ],
)
def test_a_browser_is_no_program_whatever_its_device_or_add_on_is_called(agent: str) -> None:
    assert classify([agent])[0] == [False]
