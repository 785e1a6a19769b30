"""Family and major version, a class of device, and whether it is a bot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.user_agent import Agent, agents_of

TAIL = "AppleWebKit/537.36 (KHTML, like Gecko)"


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


@given(st.lists(st.text(max_size=80), max_size=4))
def test_what_comes_out_is_short_and_of_closed_lists(values: list[str]) -> None:
    for agent in agents_of(values):
        assert agent.device in {"mobile", "tablet", "desktop", "tv", "console", "bot", "other"}
        assert len(agent.browser) <= 40
        assert agent.bot == (agent.device == "bot")
