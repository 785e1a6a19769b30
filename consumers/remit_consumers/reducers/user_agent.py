"""Browser and system of an agent string: family and major version, a device class, and whether it is a bot.

The string itself is nearly a fingerprint; what is left is what a chart needs. Families come from a closed list (the
words of the agent parser's own rules), so that nothing that a client wrote reaches the table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
from ua_parser import Domain, loaders
from ua_parser.regex import Resolver

from remit_consumers.reducers.device import classify
from remit_consumers.reducers.unique import Memo, each_row
from remit_schemas.reducer import Scalar

CHARS_MAX = 1_024
"""Characters looked at: every rule reads the whole string, so its length must be bounded (our choice)."""

OTHER = "other"
"""The family of what no rule knows, or of what a client named itself."""

_MAJOR = re.compile(r"[0-9]{1,3}", re.ASCII)
_SYSTEM_WORDS = frozenset(
    {"XP", "Vista", "ME", "NT", "CE", "RT", "2000", "2003", "95", "98", "3.1", "8.1"}
)
"""Versions of systems that are no number of three digits: the closed list of Windows' names."""

_OWN = (
    (re.compile(r"YaSearchBrowser/([0-9]{1,3})|YaApp_"), "Yandex Browser"),
    (re.compile(r"LG Browser/([0-9]{1,3})"), "LG Browser"),
    (re.compile(r"SogouMobileBrowser/([0-9]{1,3})"), "Sogou Explorer"),
)
"""Browsers that name themselves behind the engine they are built on, which the parser's rules miss."""

_SAME = {"Web0S": "webOS"}
"""One name for one system."""

_META = re.compile(r"[|()\[\]?*+^${}\\/]+")


@dataclass(frozen=True, slots=True)
class Agent:
    """What is kept of an agent string."""

    browser: str
    browser_major: str | None
    os: str
    os_major: str | None
    device: str
    bot: bool


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep browser, browser_major, os, os_major, device and bot of each agent string."""
    del parameters
    return each_row(values, _MEMO.all, _columns)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    (agent,) = agents_of([value])
    known = [
        name
        for name, family in (("browser", agent.browser), ("system", agent.os))
        if family != OTHER
    ]
    return f"{' and '.join(known) or 'nothing'} known; {'bot' if agent.bot else agent.device}"


def agents_of(values: list[str]) -> list[Agent]:
    """Read agent strings."""
    values = [value[:CHARS_MAX] for value in values]
    bots, devices = classify([value.lower() for value in values])
    return [
        _agent(value, "bot" if bot else device, bot=bot)
        for value, bot, device in zip(values, bots, devices, strict=True)
    ]


def _agent(value: str, device: str, *, bot: bool) -> Agent:
    """Read the families of one agent string whose device is known."""
    parsed = _resolver()(value, Domain.USER_AGENT | Domain.OS)
    browser, system = parsed.user_agent, parsed.os
    family, major = _own(value) or ((browser.family, browser.major) if browser else (OTHER, None))
    return Agent(
        browser=_closed(family),
        browser_major=_major(major),
        os=_closed(_SAME.get(system.family, system.family)) if system else OTHER,
        os_major=_major(system.major) if system else None,
        device=device,
        bot=bot,
    )


def _own(value: str) -> tuple[str, str | None] | None:
    """Find a browser of our own short list."""
    for pattern, family in _OWN:
        if match := pattern.search(value):
            return family, match[1] if pattern.groups else None
    return None


def _major(version: str | None) -> str | None:
    """Keep a version of up to three digits, or a system's own word."""
    if version is None or not (_MAJOR.fullmatch(version) or version in _SYSTEM_WORDS):
        return None
    return version


def _closed(family: str) -> str:
    """Keep a family that the rules themselves spell out."""
    return family if family in _families() else OTHER


@cache
def _resolver() -> Resolver:
    """Compile the parser's rules, at first use: 0.25 s."""
    return Resolver(loaders.load_builtins())


@cache
def _families() -> frozenset[str]:
    """Collect every name that the rules spell out, as a result or in what they look for."""
    browsers, systems, _ = loaders.load_builtins()
    names = {family for _, family in _OWN} | set(_SAME.values())
    for rule in (*browsers, *systems):
        words = [word.strip() for word in _META.split(str(getattr(rule, "regex", "")))]
        names.update(word for word in words if len(word) > 1)
        template = str(getattr(rule, "family", None) or "$1")
        names.update(
            {template} if "$1" not in template else {template.replace("$1", w) for w in words}
        )
    return frozenset(name for name in names if "$" not in name)


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
