"""Replay on a real broker: beside consumers, and killed, it stores each event once."""

import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import Self

import pytest

from kit.crafted import Crafter, datums, lay, settings_of
from kit.flowing import log_of_its_own
from kit.installation import Installation, each_once
from kit.kafka import Kafka
from kit.poison import EVENTS
from kit.quarantined import ELSEWHERE, assert_gone, die, own_policy, put_on_record
from kit.watching import commits, until
from remit_consumers.lake.commit import Lake
from remit_consumers.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PACKS_EACH = 5
"""Packs of each round that stand in quarantine, and are replayed."""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy beside which other versions can appear."""
    return own_policy(tmp_path)


@pytest.fixture
def installed(tmp_path: Path, kafka: Kafka, policy: Path) -> Iterator[Installation]:
    """An installation on a topic of its own, that commits many times a second."""
    more = {"REMIT_POLICY": str(policy), "REMIT_FLUSH_AFTER_S": "0.1"}
    found = Installation(tmp_path, log=log_of_its_own(kafka), **more)
    found.settle()  # makes the topic
    yield found
    found.end_all()


@pytest.fixture
def settings(installed: Installation) -> Settings:
    """Its settings."""
    return settings_of(installed)


class Pulse:
    """A producer that goes on all the while, on the very partition that replays are of."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ends = Event()
        self._crafter = Crafter(settings)
        self._thread = Thread(target=self._beat)
        self.events = 0

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it: what was produced is on the topic."""
        self._ends.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ends.wait(0.1):
            lay(self._settings, [self._crafter.pack(datums(2))])
            self.events += 2


def quarantined(settings: Settings, version: str) -> None:
    """Have packs of a policy version that is not on record come; wait until a running consumer has put them aside."""
    crafter = Crafter(settings)
    packs = [crafter.pack(datums(EVENTS), policy_version=version) for _ in range(PACKS_EACH)]
    lay(settings, packs)
    until(
        lambda: len(Lake(settings.lake).quarantined()) == PACKS_EACH,
        "the packs do not come to stand in quarantine",
        look_s=0.05,
    )


def assert_whole(installed: Installation, events: int) -> None:
    """See that so many events stand, each once, that nothing is in flight, and that the proof holds."""
    installed.settle()
    rows = installed.rows("page_view")
    assert rows.num_rows == events
    assert each_once(rows)
    figures = installed.contract("page_view")
    told = ("stored", "offered", "quarantined", "in_flight")
    assert tuple(figures[name] for name in told) == (events, events, 0, 0)
    assert installed.breaches() == {}


def stop(consumer: "Popen[str]") -> None:
    """Have a consumer store what it gathered, and end."""
    assert consumer.poll() is None
    consumer.terminate()
    assert consumer.wait(60) == 0


def goes_on(settings: Settings) -> None:
    """Wait until a consumer committed some times more."""
    stood = commits(settings.data, "positions")
    until(lambda: commits(settings.data, "positions") > stood + 2, "the consumer does not go on")


@pytest.mark.clause("S110e")
@pytest.mark.parametrize("where", ["this machine", "another machine"])
def test_a_replay_beside_a_consumer_that_stores_all_the_while_stores_each_event_once(
    installed: Installation, policy: Path, tmp_path: Path, where: str, *, prove: bool
) -> None:
    settings = settings_of(installed)
    consumer = installed.consume(tmp_path / "run.log")
    rounds = [f"1999-01-0{number}" for number in range(1, 9 if prove else 3)]
    with Pulse(settings) as pulse:
        for version in rounds:
            quarantined(settings, version)
            put_on_record(policy, version)
            if where == "this machine":
                told = installed.facts("quarantine", "replay")
                assert (told["packs"], told["stored"]) == (PACKS_EACH, PACKS_EACH * EVENTS)
            else:
                done = installed.program(ELSEWHERE)
                said, problems = done.communicate(timeout=300)
                assert (done.returncode, said.strip()) == (0, str(PACKS_EACH * EVENTS)), problems
            goes_on(settings)
            assert_gone(settings)
    stop(consumer)
    assert_whole(installed, pulse.events + len(rounds) * PACKS_EACH * EVENTS)


@pytest.mark.parametrize(
    "where",
    ["published", "rewritten"] + (["synced", "stored"] if os.environ.get("REMIT_PROVE") else []),
)
def test_a_replay_killed_beside_a_running_consumer_is_ended_by_the_next_and_stores_each_event_once(
    installed: Installation, settings: Settings, policy: Path, tmp_path: Path, where: str
) -> None:
    consumer = installed.consume(tmp_path / "run.log")
    with Pulse(settings) as pulse:
        quarantined(settings, "1999-01-01")
        put_on_record(policy, "1999-01-01")
        die(installed, where)
        goes_on(settings)
        assert installed.facts("quarantine", "replay")["left"] == {}
        goes_on(settings)
        assert_gone(settings)
    stop(consumer)
    assert_whole(installed, pulse.events + PACKS_EACH * EVENTS)
