"""Quarantine and replay on a real broker: nothing stops a partition, and a replay beside consumers stores each event once."""

import os
import re
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import Self

import pytest

from kit.crafted import Crafter, datums, lay, settings_of
from kit.flowing import log_of_its_own
from kit.installation import Installation, each_once
from kit.kafka import Kafka
from kit.poison import DATUMS, EVENTS, PACKS
from kit.ports import free_port
from kit.quarantined import ELSEWHERE, assert_gone, die, own_policy, put_on_record
from kit.watching import commits, until
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.quarantined import stands
from remit_consumers.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PACKS_EACH = 5
"""Packs of each round that stand in quarantine, and are replayed."""

WITHIN_S = 30.0
"""Seconds on a busy machine; what would stop a partition stops it for an hour."""


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


def figures_of(port: int, name: str) -> dict[str, float]:
    """The values of a metric of a running consumer, by reason."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        lines = answer.read().decode()
    found: defaultdict[str, float] = defaultdict(float)
    for labels, value in re.findall(rf"^{name}{{(.*)}} (\S+)$", lines, re.MULTILINE):
        found[re.findall(r'reason="(\w+)"', labels)[0]] += float(value)
    return {reason: value for reason, value in found.items() if value}


def poisons(settings: Settings) -> dict[str, bytes]:
    """One of each kind, by its name."""
    long_ago = datetime.now(UTC) - timedelta(days=30)
    Crafter(settings).keys.rotate(long_ago)
    gone = Crafter(settings, long_ago)
    found = {"a pack whose key was destroyed": gone.pack(datums(EVENTS))}
    assert gone.keys.destroy_due(datetime.now(UTC))
    found |= {name: bad(Crafter(settings)) for name, (bad, _, _) in PACKS.items()}
    (good,) = datums()
    for name, bend in DATUMS.items():
        found[f"a datum {name}"] = Crafter(settings).pack([bend(good)] * EVENTS)
    return found


def stored_behind(installed: Installation, poisonous: Mapping[str, bytes]) -> dict[str, float]:
    """Lay each poison with something healthy behind it; give how many seconds it took until that was stored."""
    settings = settings_of(installed)
    healthy, took_s = Crafter(settings), {}
    lay(settings, [healthy.pack(datums())])
    until(
        lambda: commits(settings.data, "events/page_view") > -1, "the consumer does not store", 300
    )
    for stored, (name, poison) in enumerate(poisonous.items(), 2):
        lay(settings, [poison, healthy.pack(datums())])
        took_s[name] = until(
            lambda n=stored: installed.rows("page_view").num_rows == n,  # type: ignore[misc]
            f"what lies behind {name} is not stored",
            look_s=0.02,
        )
    return took_s


def assert_sealed_as_they_came(settings: Settings, poisonous: Mapping[str, bytes]) -> None:
    """See that each poison stands with its reason, and sealed as it came; what never was sealed is not kept."""
    reasons = {name: reason for name, (_, reason, _) in PACKS.items()}
    reasons |= {f"a datum {name}": "malformed" for name in DATUMS}
    rows = stands(settings.lake).to_pylist()
    packs = {(row["partition"], row["offset"]): row["reason"] for row in rows}
    assert Counter(packs.values()) == Counter(reasons.values())
    kept = {row["sealed"]: row["reason"] for row in rows if row["sealed"] is not None}
    unsealed = {"half a header", *(name for name in PACKS if reasons[name] == "not_a_pack")}
    assert kept == {poisonous[name]: reasons[name] for name in reasons if name not in unsealed}


def test_no_poison_on_a_topic_stops_its_partition_and_what_lies_behind_it_is_stored_within_seconds(
    installed: Installation,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    poisonous, port = poisons(settings), free_port()
    consumer = installed.start_into(tmp_path / "run.log", "run", "--port", str(port))
    took_s = stored_behind(installed, poisonous)
    with capsys.disabled():
        worst = max(took_s, key=lambda name: took_s[name])
        told = f"{len(took_s)} poisons, the slowest ({worst}) {took_s[worst]:.2f} s"
        print(f"\n  stored behind a poison: {told}")  # noqa: T201
    assert took_s[worst] < WITHIN_S
    events: Counter[str] = Counter({"malformed": len(DATUMS) * EVENTS})
    for _, reason, count in PACKS.values():
        events[reason] += count
    assert figures_of(port, "remit_refused_total") == dict(+events)
    stop(consumer)
    assert_sealed_as_they_came(settings, poisonous)
    figures = installed.contract("page_view")
    assert (figures["stored"], figures["expired"]) == (len(poisonous) + 1, EVENTS)
    assert installed.breaches() == {}
