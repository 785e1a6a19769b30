"""Family and major version, a class of device, and whether it is a bot; Client Hints win."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.user_agent import Agent, agents_of, explain

TAIL = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {TAIL} Chrome/140.0.0.0 Safari/537.36"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {TAIL} Chrome/140.0.0.0 Mobile Safari/537.36"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {TAIL} Chrome/140.0.0.0 Safari/537.36"


def hinted(agent: str, brand: str, mobile: int, platform: str) -> str:
    """Write an agent string with the hints that a browser sends."""
    return (
        f'{agent} Sec-CH-UA: "Chromium";v="140", "{brand}";v="141", "Not_A Brand";v="24"'
        f' Sec-CH-UA-Mobile: ?{mobile} Sec-CH-UA-Platform: "{platform}"'
    )


@pytest.mark.parametrize(
    ("value", "agent"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {TAIL} Chrome/140.0.7339.81 Safari/537.36",
            Agent("Chrome", "140", "Windows", "10", "desktop", bot=False),
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {TAIL} Version/26.0 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "26", "iOS", "18", "mobile", bot=False),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-X210) {TAIL} Chrome/126.0.0.0 Safari/537.36",
            Agent("Chrome", "126", "Android", "14", "tablet", bot=False),
        ),
        (
            f"Mozilla/5.0 (PlayStation 5 3.11) {TAIL} Version/13.0 Safari/605.1.15",
            Agent("Safari", "13", "other", None, "console", bot=False),
        ),
        (
            f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {TAIL} SamsungBrowser/2.1 Chrome/76 TV Safari/537.36",
            Agent("Samsung Internet", "2", "Tizen", "6", "tv", bot=False),
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            Agent("Googlebot", "2", "other", None, "bot", bot=True),
        ),
        ("curl/8.5.0", Agent("curl", "8", "other", None, "bot", bot=True)),
        ("", Agent("other", None, "other", None, "bot", bot=True)),
    ],
)
def test_an_agent_is_read_as(value: str, agent: Agent) -> None:
    assert agents_of([value]) == [agent]


@pytest.mark.clause("S025b")
@pytest.mark.parametrize(
    "value",
    [
        "Alice Adams Phone/4.2 CFNetwork/1410.0.3 Darwin/22.6.0",
        "AliceBot/1.0 (alice@example.com)",
        "alice-adams-crawler/7",
        "Mozilla/5.0 (X11; Alice Adams) Alice/77.1",
    ],
)
def test_a_name_that_a_client_gave_itself_never_gets_through(value: str) -> None:
    (agent,) = agents_of([value])
    assert "lice" not in f"{agent.browser} {agent.os} {agent.device}"


def test_a_phone_whose_maker_is_called_like_a_bot_is_none() -> None:
    value = f"Mozilla/5.0 (Linux; Android 12; CUBOT KING KONG) {TAIL} Chrome/120.0.0.0 Mobile Safari/537.36"
    (agent,) = agents_of([value])
    assert (agent.device, agent.bot) == ("mobile", False)


@given(st.integers(0, 10**12))
def test_a_version_longer_than_three_digits_is_no_version(number: int) -> None:
    (agent,) = agents_of(
        [f"Mozilla/5.0 (X11; Linux x86_64) {TAIL} Chrome/{number}.0 Safari/537.36"]
    )
    assert agent.browser_major is None or len(agent.browser_major) <= 3


@pytest.mark.clause("S025b", "S025f")
@given(st.lists(st.text(max_size=80), max_size=4))
def test_what_comes_out_is_short_and_of_closed_lists(values: list[str]) -> None:
    for agent in agents_of(values):
        assert agent.device in {"mobile", "tablet", "desktop", "tv", "console", "bot", "other"}
        assert len(agent.browser) <= 40
        assert agent.bot == (agent.device == "bot")


@pytest.mark.parametrize(
    ("value", "agent"),
    [
        (
            hinted(WINDOWS, "Google Chrome", 0, "Windows"),
            Agent("Chrome", "141", "Windows", None, "desktop", bot=False),
        ),
        (
            hinted(ANDROID, "Microsoft Edge", 1, "Android"),
            Agent("Edge Mobile", "141", "Android", None, "mobile", bot=False),
        ),
        (
            hinted(ANDROID, "Samsung Internet", 0, "Android"),
            Agent("Samsung Internet", "141", "Android", None, "tablet", bot=False),
        ),
        (
            hinted(LINUX, "Google Chrome", 0, "Android"),
            Agent("Chrome", "141", "Android", None, "tablet", bot=False),
        ),
        (
            hinted(ANDROID.replace("10; K", "13; SM-A1"), "Google Chrome", 1, "Android"),
            Agent("Chrome Mobile", "141", "Android", "13", "mobile", bot=False),
        ),
        (
            hinted(LINUX.replace("X11", "SMART-TV"), "Google Chrome", 0, "Linux"),
            Agent("Chrome", "141", "Linux", None, "tv", bot=False),
        ),
        (
            hinted(f"{WINDOWS} Edg/140.0.0.0", "Alice", 0, "Windows"),
            Agent("Edge", "140", "Windows", None, "desktop", bot=False),
        ),
        (
            hinted(WINDOWS, "Alice", 0, "Windows"),
            Agent("Chromium", "140", "Windows", None, "desktop", bot=False),
        ),
        (
            hinted("", "Vivaldi", 0, "macOS"),
            Agent("Vivaldi", "141", "Mac OS X", None, "desktop", bot=False),
        ),
        (
            hinted(WINDOWS, "HeadlessChrome", 0, "Linux"),
            Agent("HeadlessChrome", "141", "Linux", None, "bot", bot=True),
        ),
        (
            hinted("curl/8.5.0", "Google Chrome", 0, "Windows"),
            Agent("curl", "8", "other", None, "bot", bot=True),
        ),
        (
            f'{WINDOWS} Sec-CH-UA: "Vivaldi Sec-CH-UA-Mobile: 1',
            Agent("Chrome", "140", "Windows", "10", "desktop", bot=False),
        ),
    ],
)
def test_client_hints_win_over_the_frozen_agent_string(value: str, agent: Agent) -> None:
    assert agents_of([value]) == [agent]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (WINDOWS, "agent string: browser and os and os version and device"),
        (
            hinted(LINUX, "Google Chrome", 0, "Linux"),
            "client hints: brand and platform and mobile",
        ),
        (
            f'{ANDROID.replace("10; K", "13; M1")} Sec-CH-UA-Platform: "Android"',
            "client hints: platform; agent string: browser and os version and device",
        ),
        (hinted(WINDOWS, "HeadlessChrome", 0, "Linux"), "client hints: a program"),
        ("curl/8.5.0", "agent string: a program"),
    ],
)
def test_the_rule_names_what_hints_and_agent_string_decided(value: str, rule: str) -> None:
    assert explain(value, {}) == rule


@given(st.text(max_size=60), st.text(max_size=60))
def test_hints_let_nothing_out_that_a_client_wrote(brand: str, platform: str) -> None:
    value = hinted(WINDOWS, f"Alice{brand}", 0, f"Alice{platform}")
    (agent,) = agents_of([value])
    assert "Alice" not in str(agent) + explain(value, {})
    assert agent.browser in {"Chrome", "Chromium"}
    assert agent.os == "Windows"


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "()",
        "a",
        "\0",
        "\N{GRINNING FACE}",
        'Sec-CH-UA: "',
        'Sec-CH-UA: "a";v="1",',
        "HbbTV/1.1 (",
    ],
)
def test_a_hostile_string_of_100_kb_is_read_like_its_beginning(piece: str) -> None:
    value = f"{LINUX} {piece * (100_000 // len(piece))}"
    (agent,) = agents_of([value])
    assert (agent.browser, agent.os) == ("Chrome", "Linux")
