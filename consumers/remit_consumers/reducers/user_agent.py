"""Browser and system of a client: family and major version, a device class, and whether it is a bot.

An agent string is nearly a fingerprint; what is left is what a chart needs. Client Hints behind it (see
`client_hints`) win, because the agent string of the browsers that send them is frozen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from remit_consumers.reducers.client_hints import HEADLESS, NONE, Hints, split
from remit_consumers.reducers.device import classify
from remit_consumers.reducers.families import OTHER, families_of
from remit_consumers.reducers.unique import Memo, each_row
from remit_schemas.reducer import Scalar

CHARS_MAX = 1_024
"""Characters looked at of an agent string: every rule reads all of it, so its length must be bounded (our choice)."""

_FROZEN = re.compile(
    r"Windows NT 10\.0|Mac OS X 10[_.]15[_.]7|Android 10; K\)|CrOS x86_64 14541\.0\.0"
)
"""Systems as reduced agent strings name them: placeholders, their versions say nothing.

Source: Chromium, User-Agent Reduction, `unifiedPlatform`."""

_NAMED_BY_ENGINE = frozenset({OTHER, "Chrome", "Chrome Mobile", "Chrome Mobile WebView"})
"""Families of an agent string that say no more than a hint of the engine does."""

_SAID_BY_MAKERS = frozenset({"console", "tv", "other"})
"""Classes of device that no hint knows: where the agent string names one, it holds."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What is kept of an agent string and its hints."""

    browser: str
    browser_major: str | None
    os: str
    os_major: str | None
    device: str
    bot: bool


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep browser, browser_major, os, os_major, device and bot of each agent string with its hints."""
    del parameters
    return each_row(values, _MEMO.all, _columns)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value: what the hints decided, and what the agent string."""
    del parameters
    (agent,) = agents_of([value])
    text, hints = split(value)
    if agent.bot:
        return f"{'client hints' if _is_headless(hints) else 'agent string'}: a program"
    found = families_of(text[:CHARS_MAX], is_program=False)
    by_hints = {
        "brand": _tells_browser(hints, found.browser),
        "platform": hints.platform is not None,
        "mobile": hints.is_mobile is not None and agent.device not in _SAID_BY_MAKERS,
    }
    by_string = {
        "browser": agent.browser != OTHER and not by_hints["brand"],
        "os": agent.os != OTHER and not by_hints["platform"],
        "os version": agent.os_major is not None,
        "device": agent.device != OTHER and not by_hints["mobile"],
    }
    said = (("client hints", by_hints), ("agent string", by_string))
    parts = ((who, [name for name, holds in what.items() if holds]) for who, what in said)
    return (
        "; ".join(f"{who}: {' and '.join(what)}" for who, what in parts if what) or "no rule: other"
    )


def agents_of(values: list[str]) -> list[Agent]:
    """Read agent strings with the hints behind them."""
    parted = [split(value) for value in values]
    texts = [text[:CHARS_MAX] for text, _ in parted]
    bots, devices = classify([text.lower() for text in texts])
    return [
        _agent(text, hints, device, is_program=bot)
        for text, (_, hints), bot, device in zip(texts, parted, bots, devices, strict=True)
    ]


def _agent(text: str, hints: Hints, device: str | None, *, is_program: bool) -> Agent:
    """Read one agent string of which the words for device and programs are known."""
    if hints.brand and not text.strip():  # the hints alone: a browser all the same
        is_program = False
    found = families_of(text, is_program=is_program)
    if is_program and not _is_headless(hints):
        hints = NONE  # what a program says of itself is not frozen
    browser = found.browser, found.browser_major
    if hints.brand and _tells_browser(hints, found.browser):
        browser = hints.brand[hints.is_mobile is True], hints.major
    system = hints.platform or found.os
    holds = hints == NONE or (system == found.os and not _FROZEN.search(text))
    bot = is_program or _is_headless(hints)
    return Agent(
        browser=browser[0],
        browser_major=browser[1],
        os=system,
        os_major=found.os_major if holds else None,
        device="bot" if bot else _device(device, hints, system),
        bot=bot,
    )


def _tells_browser(hints: Hints, family: str) -> bool:
    """Whether the brand says more than the family that the agent string gives."""
    return hints.brand is not None and (not hints.is_engine or family in _NAMED_BY_ENGINE)


def _is_headless(hints: Hints) -> bool:
    """Whether the brand is Chrome's without a window."""
    return hints.brand is not None and hints.brand[0] == HEADLESS


def _device(named: str | None, hints: Hints, system: str) -> str:
    """Class the device by the hint for telephones, unless its maker's words name what no hint knows."""
    if hints.is_mobile is None or named in _SAID_BY_MAKERS:
        return named or OTHER
    if hints.is_mobile:
        return "mobile"
    return "tablet" if system in ("Android", "iOS") else "desktop"


def _columns(agents: list[Agent]) -> tuple[pa.Array, ...]:
    """Write agents as one array for each output."""
    return (
        pa.array([agent.browser for agent in agents], pa.string()),
        pa.array([agent.browser_major for agent in agents], pa.string()),
        pa.array([agent.os for agent in agents], pa.string()),
        pa.array([agent.os_major for agent in agents], pa.string()),
        pa.array([agent.device for agent in agents], pa.string()),
        pa.array([agent.bot for agent in agents], pa.bool_()),
    )


_MEMO = Memo(agents_of)
