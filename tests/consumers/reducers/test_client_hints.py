"""Client Hints of low entropy behind an agent string: structured fields of closed lists, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.client_hints import NONE, Hints, split

BRANDS = 'Sec-CH-UA: "Chromium";v="140", "Google Chrome";v="140", "Not_A Brand";v="24"'
CHROME = ("Chrome", "Chrome Mobile")


def hints_of(text: str) -> Hints:
    """Read what stands behind an agent string."""
    return split(f"Agent/1.0 {text}")[1]


@pytest.mark.parametrize("separator", [" ", "\n", "\r\n", "\t"])
def test_hints_are_header_lines_behind_the_agent_string(separator: str) -> None:
    text = separator.join(
        ("Agent/1.0", BRANDS, "sec-ch-ua-mobile: ?1", 'SEC-CH-UA-PLATFORM: "Android"')
    )
    agent, hints = split(text)
    assert agent == "Agent/1.0"
    assert hints == Hints(CHROME, "140", platform="Android", is_mobile=True)


def test_hints_may_stand_without_an_agent_string() -> None:
    assert split(BRANDS) == ("", Hints(CHROME, "140"))


@pytest.mark.parametrize(
    ("brands", "family", "major"),
    [
        ('"Not;A=Brand";v="99", "Chromium";v="139", "Microsoft Edge";v="139"', "Edge", "139"),
        ('"Chromium";v="138", "Opera GX";v="122", "Not)A;Brand";v="8"', "Opera GX", "122"),
        ('"Brave";v="140.0.1", "Chromium";v="140"', "Brave", "140"),
        ('"YaBrowser";v="25", "Chromium";v="138"', "Yandex Browser", "25"),
        ('"HeadlessChrome";v="140", "Chromium";v="140"', "HeadlessChrome", "140"),
        ('"Chromium";v="140"', "Chromium", "140"),
        ('"Alice Adams";v="7", "Chromium";v="140", " Not A;Brand";v="99"', "Chromium", "140"),
        ('"Android WebView";v="140", "Chromium";v="140"', "Chrome Mobile WebView", "140"),
        ('"Vivaldi";v="secret", "Chromium";v="140"', "Vivaldi", None),
        ('"Vivaldi"', "Vivaldi", None),
        ('"a\\"b\\\\";v="1" , "Whale";x=?1;y=:aGk=:; v="4"', "Whale", "4"),
    ],
)
def test_the_brand_that_says_most_is_taken(brands: str, family: str, major: str | None) -> None:
    hints = hints_of(f"Sec-CH-UA: {brands}")
    assert hints.brand is not None
    assert (hints.brand[0], hints.major) == (family, major)
    assert hints.is_engine == (family in ("Chromium", "Chrome Mobile WebView"))


@pytest.mark.parametrize(
    "text",
    [
        "Sec-CH-UA:",
        "Sec-CH-UA: ?0",
        "Sec-CH-UA: Chromium",
        'Sec-CH-UA: "Google Chrome";v="140',
        'Sec-CH-UA: "Google Chrome";v="140",',
        'Sec-CH-UA: "Google Chrome" "Chromium"',
        'Sec-CH-UA: "Google Chrome" ;v="140"',
        'Sec-CH-UA: "Google Chrome";V="140"',
        'Sec-CH-UA: "Alice Adams";v="140"',
        "Sec-CH-UA-Mobile: 1",
        "Sec-CH-UA-Mobile: ?2",
        "Sec-CH-UA-Mobile: yes",
        "Sec-CH-UA-Mobile: ?0 Sec-CH-UA-Mobile: ?1",
        "Sec-CH-UA-Platform: Windows",
        'Sec-CH-UA-Platform: "Windows',
        'Sec-CH-UA-Platform: "windows"',
        'Sec-CH-UA-Platform: "Unknown"',
        'Sec-CH-UA-Platform: "Windows", "Linux"',
    ],
)
def test_a_hint_that_is_malformed_or_on_no_list_says_nothing(text: str) -> None:
    assert hints_of(text) == NONE


def test_a_malformed_hint_leaves_the_others() -> None:
    text = f'{BRANDS} Sec-CH-UA-Mobile: no Sec-CH-UA-Platform: "macOS"'
    assert hints_of(text) == Hints(CHROME, "140", platform="Mac OS X")


@pytest.mark.clause("S025h")
@pytest.mark.parametrize(
    "name",
    ["Model", "Platform-Version", "Full-Version-List", "Arch", "Bitness", "WoW64", "Form-Factors"],
)
def test_a_hint_of_high_entropy_is_never_read(name: str) -> None:
    text = f'{BRANDS} Sec-CH-UA-{name}: "Google Chrome";v="99.1.2.3"'
    assert hints_of(text) == Hints(CHROME, "140")


@given(
    st.lists(st.sampled_from([*'",;=?:\\ av1\n', "Sec-CH-UA: ", '"Chromium"', "-Mobile: ?1"])).map(
        "".join
    )
)
def test_no_text_makes_the_reading_fail(text: str) -> None:
    agent, hints = split(text)
    assert text.startswith(agent)
    assert hints.major is None or hints.major.isdigit()
