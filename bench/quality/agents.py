"""user_agent: browser, system, device class and bots, on fixtures, real agents and lists of crawlers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.quality.asked import Answers, Peers, everybody
from bench.quality.labelled import Labelled, rows_of, short, word
from bench.quality.row import Row, Where, known
from bench.quality.scores import browser_class, device_class, percent, system_class

TABLE: Final = "user_agent"
READERS: Final = ("ua-parser", "user-agents", "device-detector", "woothee", "httpagentparser")
FINDERS: Final = (*READERS, "crawlerdetect", "crawler-user-agents")
"""Peers that know browsers, and with those that know bots alone."""

Goals = Mapping[str, float]
"""By measure."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A labelled agent.

    Attributes:
        text: The agent.
        browsers: Classes of browser that are right; empty where nothing is known.
        systems: Classes of system that are right.
        device: The right class of device; empty where it is not known.
        is_bot: Whether it is a bot; None where it is not known.
    """

    text: str
    browsers: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    device: str = ""
    is_bot: bool | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: how it is found and read, who is asked, what is wanted, and whose own cases or labels it has."""

    pattern: str
    read: Callable[[Path], list[Agent]]
    names: Sequence[str]
    goals: Goals = field(default_factory=dict)
    own: Sequence[str] = ()


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score every file of agents that the folder has."""
    for kind in _kinds():
        for path in labelled.files(kind.pattern):
            agents = [agent for agent in kind.read(path) if agent.text]
            found = everybody(TABLE, peers, kind.names, [agent.text for agent in agents])
            yield from judged(Where(TABLE, short(path), kind.own), agents, found, kind.goals)


def judged(
    where: Where, agents: Sequence[Agent], found: Mapping[str, Answers], goals: Goals
) -> Iterator[Row]:
    """Judge what was made of labelled agents: a row for each measure that the labels allow."""
    for key, (words, applies, holds) in _MEASURES.items():
        wanted = [agent for agent in agents if applies(agent)]
        if wanted:
            yield Row(
                table=where.table,
                measure=words,
                data=where.data,
                count=len(wanted),
                better="less" if key == "false bots" else "more",
                scores=known({name: _share(wanted, each, holds) for name, each in found.items()}),
                goal=goals.get(key),
                own=where.own,
            )


def _kinds() -> tuple[Kind, ...]:
    """Give the kinds of file; the labels of the elastic agents are ua-parser's of 2016."""
    fixtures = {"browser": 96.0, "os": 93.0, "device": 75.0}
    core = ("ua-parser", "user-agents")
    return (
        Kind("user_agents/matomo*", _fixtures, READERS, fixtures, ("device-detector",)),
        Kind("access_logs/*user_agents*", _fixtures, FINDERS, {"browser": 97.0, "os": 99.5}, core),
        Kind("user_agents/uap_core_test_ua*", _core_browsers, READERS, own=core),
        Kind("user_agents/uap_core_test_os*", _core_systems, READERS, own=core),
        Kind("user_agents/uap_core_device*", _core_devices, FINDERS, own=core),
        Kind("user_agents/crawler*", _crawlers, FINDERS, {"bots": 80.0}, ("crawler-user-agents",)),
        Kind("user_agents/*browser_profiles*", _profiles, FINDERS, {"false bots": 0.1}),
    )


Holds = Callable[[Agent, Mapping[str, str | bool | None]], bool | None]
"""Whether an answer is right; None where the peer does not know such a thing."""


def _share(agents: Sequence[Agent], answers: Answers, holds: Holds) -> float | None:
    """Give the percentage of the agents that were asked for which something holds."""
    outs = [(agent, answers.outs[agent.text]) for agent in agents if agent.text in answers.outs]
    verdicts = [holds(agent, out) if isinstance(out, Mapping) else False for agent, out in outs]
    spoken = [verdict for verdict in verdicts if verdict is not None]
    return percent(sum(spoken), len(spoken), len(agents))


_MEASURES: Final[Mapping[str, tuple[str, Callable[[Agent], bool], Holds]]] = {
    "browser": (
        "browser right",
        lambda agent: bool(agent.browsers),
        lambda agent, out: (
            browser_class(out["browser"]) in agent.browsers if "browser" in out else None
        ),
    ),
    "os": (
        "system right",
        lambda agent: bool(agent.systems),
        lambda agent, out: system_class(out["os"]) in agent.systems if "os" in out else None,
    ),
    "device": (
        "device class right",
        lambda agent: bool(agent.device),
        lambda agent, out: device_class(out["device"]) == agent.device if "device" in out else None,
    ),
    "bots": (
        "bots found",
        lambda agent: agent.is_bot is True,
        lambda _, out: bool(out["bot"]) if "bot" in out else None,
    ),
    "false bots": (
        "real browsers called bots",
        lambda agent: agent.is_bot is False,
        lambda _, out: bool(out["bot"]) if "bot" in out else None,
    ),
}


def _fixtures(path: Path) -> list[Agent]:
    """Read fixtures with client, system and device; a system called Other is not known."""
    return [_fixture(row) for row in rows_of(path)]


def _fixture(row: Mapping[str, object]) -> Agent:
    """Read one; either name of its browser is right, and a device called Spider is a bot."""
    is_browser = word(row, "client_type") == "browser" or "client_type" not in row
    browsers = {
        browser_class(word(row, "client") or word(row, "browser")),
        browser_class(word(row, "browser_family") or word(row, "browser")),
    }
    has_system = word(row, "os") not in {"", "Other"}
    systems = {system_class(word(row, "os")), system_class(word(row, "os_family"))}
    return Agent(
        word(row, "ua"),
        frozenset(browsers - {""}) if is_browser else frozenset(),
        frozenset(systems - {""}) if has_system else frozenset(),
        device_class(word(row, "device_type")),
        True if word(row, "device") == "Spider" else None,
    )


def _core_browsers(path: Path) -> list[Agent]:
    """Read uap-core's cases of browsers."""
    return [
        Agent(
            word(row, "user_agent_string"), frozenset({browser_class(word(row, "family"))} - {""})
        )
        for row in rows_of(path)
    ]


def _core_systems(path: Path) -> list[Agent]:
    """Read uap-core's cases of systems."""
    return [
        Agent(
            word(row, "user_agent_string"),
            systems=frozenset({system_class(word(row, "family"))} - {""}),
        )
        for row in rows_of(path)
        if word(row, "family") != "Other"
    ]


def _core_devices(path: Path) -> list[Agent]:
    """Read uap-core's cases of devices; they name models, so all they say of a class is who is a spider."""
    return [
        Agent(word(row, "user_agent_string"), is_bot=word(row, "family") == "Spider" or None)
        for row in rows_of(path)
    ]


def _crawlers(path: Path) -> list[Agent]:
    """Read the agents of a list of crawlers."""
    agents: list[Agent] = []
    for row in rows_of(path):
        instances = row.get("instances") or [row.get("ua")]
        if isinstance(instances, list):
            agents += [Agent(word({"ua": each}, "ua"), is_bot=True) for each in instances]
    return agents


def _profiles(path: Path) -> list[Agent]:
    """Read profiles of real browsers with their category."""
    return [
        Agent(
            word(row, "userAgent"), device=device_class(word(row, "deviceCategory")), is_bot=False
        )
        for row in rows_of(path)
    ]
