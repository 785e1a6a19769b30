"""The ledger against the reference, on a real broker: two consumers, and partitions that change hands meanwhile.

What the reference judges exactly, and why it can:

* A subject's records and events lie in one partition, in the order in which they were said: the answer in an earlier
  pack than what is done after it. In a phase each subject first says something, then does something; so when an event
  is decided, its subject's statements of this phase and of all before it are known, whoever decides it and however
  often. Subjects come in any order, and nothing ties one to another.
* Where flushes end among a subject's statements is open. A phase in which that would matter for a subject
  (`History.after` tries every way) is drawn anew; likewise one in which new rows could meet a rewrite that is due.
* A phase ends when everything on the topic is stored and every rewrite carried out. Then each row in the lake is held
  against the reference: which there are, under which policy version, and for which purposes.

Records and events bear times of their own, late and out of order; packs come again whenever. One interleaving is one
subject's script in one phase in which a consumer joins, is killed, or leaves.
"""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from kit.flowing import shares
from kit.history import History, Row, View
from kit.installation import Installation, each_once
from kit.reference import YOUNGEST, Fact
from kit.versions import IMPROVE, NEWER, OLDER, REPORTING, WORLD, two_versions
from kit.watching import until
from remit_consumers.lake.columns import EVERY_PURPOSE
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.withdrawn import pending
from remit_consumers.source.topic import contents
from remit_schemas.log_address import KafkaLog, parse_log

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

STATUSES = ("given", "given", "given", "renewed", "refused", "withdrawn", "requested", "expired")
GROUNDS = (None, "guardian_consent", "legal_permission")
LATE_MS = 90_000
RESENDS = 12
CHUNKS = 6
LOOK_S = 0.1  # a look asks the broker or reads a table

APP = """
import json, sys
from remit import Client, ConsentChange, PageView
client, kinds = Client("model"), {"said": ConsentChange, "viewed": PageView}
for line in sys.stdin:
    if line.strip():
        kind, subject, fields = json.loads(line)
        assert client.emit(kinds[kind](**fields), subject=subject)
    else:
        assert client.flush(60)
        print("flushed", flush=True)
sys.exit(0 if client.close(30) else 1)
"""
"""Emits what it is told, a line each; after an empty line it says when all of that is on the log."""

Line = tuple[str, str, dict[str, object]]


@dataclass
class Script:
    """Draws what subjects say and do, and keeps what the reference makes of it."""

    chance: Random
    histories: dict[str, History]
    now_ms: int
    views: int = 0
    drawn_anew: int = 0
    of_views: dict[int, str] = field(default_factory=dict)

    def phase(self, in_force: str) -> list[Line]:
        """Draw a phase: every subject's lines in their order, the subjects' in any."""
        self.now_ms += self.chance.randrange(1, 60_000)
        waiting = {name: self._of(name, in_force) for name in self.histories}
        turns = [name for name, lines in waiting.items() for _ in lines]
        self.chance.shuffle(turns)
        return [waiting[name].pop(0) for name in turns]

    def _of(self, name: str, in_force: str) -> list[Line]:
        while True:
            facts = [self._fact() for _ in range(self.chance.randrange(4))]
            views = [
                View(self.views + n + 1, self._moment(), in_force)
                for n in range(self.chance.randrange(3))
            ]
            after = self.histories[name].after(WORLD, facts, views)
            if after is not None:
                self.histories[name] = after
                self.views += len(views)
                self.of_views |= {view.number: name for view in views}
                said = [("said", name, self._change(fact)) for fact in facts]
                return said + [("viewed", name, _view(view)) for view in views]
            self.drawn_anew += 1

    def _moment(self) -> int:
        """Some time ago; by the second, so that different things happen at the same time."""
        return (self.now_ms - self.chance.randrange(LATE_MS)) // 1000 * 1000

    def _fact(self) -> Fact:
        """Something about a purpose mostly; else about a version, or an age."""
        chance, ms = self.chance, self._moment()
        version = chance.choice((OLDER, NEWER))
        kind = chance.randrange(40)
        if kind < 28:
            purpose = chance.choice((REPORTING, IMPROVE))
            by_guardian = chance.random() < 0.3
            return Fact(ms, chance.choice(STATUSES), purpose, version, by_guardian=by_guardian)
        if kind < 38:
            return Fact(ms, chance.choice(("accepted", "concluded", "notified")), None, version)
        return Fact(
            ms, "stated", age_band=chance.choice([*YOUNGEST]), ground=chance.choice(GROUNDS)
        )

    def _change(self, fact: Fact) -> dict[str, object]:
        guardian = "parent" if fact.by_guardian or fact.ground == "guardian_consent" else None
        return {
            "purpose": fact.purpose,
            "status": fact.status,
            "agreed_version": fact.version,
            "actor": "guardian" if guardian else None,
            "guardian": guardian,
            "age_band": fact.age_band,
            "minor_basis": fact.ground,
            "occurred_at": fact.effect_ms,
            "collected_at": self.now_ms,
        }


def _view(view: View) -> dict[str, object]:
    """A page view with something for each optional purpose, and what only the newer version collects."""
    times = {"occurred_at": view.at_ms, "collected_at": view.at_ms}
    values = {"utc_offset": "+01:00", "duration_ms": 7, "language": "zh", "status": view.number}
    return {"page": "/model", **values, **times}


class Deployment:
    """An app, and up to two consumers on one topic."""

    def __init__(self, installed: Installation, folder: Path, chance: Random) -> None:
        log = parse_log(installed.env["REMIT_LOG"])
        assert isinstance(log, KafkaLog)
        self._installed, self._folder, self._chance, self._log = installed, folder, chance, log
        self._admin = AdminClient({"bootstrap.servers": log.bootstrap})
        self._producer = Producer({"bootstrap.servers": log.bootstrap, "acks": "all"})
        self.resent = 0
        self.one = self.two = self.app = None
        self.under(OLDER)

    one: "subprocess.Popen[str] | None"
    two: "subprocess.Popen[str] | None"
    app: "subprocess.Popen[str] | None"

    def under(self, version: str) -> None:
        """Bring a policy version into force: everything starts anew under it."""
        self.end()
        self._installed.env["REMIT_POLICY"] = str(self._folder / "policies" / f"{version}.yaml")
        self._installed.prepare()
        self.app = self._installed.program(APP)
        self.one = self._consume("one")

    def changes(self, version: str, rounds: int) -> list[Callable[[], None]]:
        """What becomes of the consumers under a version: so many rounds of everything, or the least."""
        if rounds:
            every = self.joins, self.is_killed, self.leaves, self.joins, self.is_killed_for_good
            return [*every] * rounds
        return [self.joins, self.is_killed if version == OLDER else self.leaves]

    def joins(self) -> None:
        """The second consumer comes."""
        self.two = self._consume("two")

    def is_killed(self) -> None:
        """The second consumer is killed, and another one takes its place at once."""
        assert self.two is not None
        self.two.kill()
        self.two.wait()
        self.joins()

    def is_killed_for_good(self) -> None:
        """The second consumer is killed, and after a time the first has everything."""
        assert self.two is not None
        self.two.kill()
        self.two.wait()
        self.two = None

    def leaves(self) -> None:
        """The first consumer ends in order, the second goes on alone and is the first from then on."""
        assert self.one is not None
        self.one.terminate()
        assert self.one.wait(60) == 0
        self.one, self.two = self.two, None

    def emit(self, lines: Sequence[Line]) -> None:
        """Have the app emit something; it is on the log then, and some packs are there twice."""
        assert self.app is not None
        assert self.app.stdin is not None
        assert self.app.stdout is not None
        self.app.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines) + "\n")
        self.app.stdin.flush()
        assert self.app.stdout.readline() == "flushed\n", self.app.communicate()[1][-2000:]

    def settle(self, rows: int) -> None:
        """Wait until the members share the partitions, all is stored, and no more than some rows are left of it."""
        wanted = [6, 6] if self.two else [12]
        _soon(
            lambda: shares(self._admin, self._log.group) == wanted,
            f"the members do not have {wanted}",
        )
        log_id, ends = contents(self._log, {})
        lake = Lake(self._installed.data / "lake")
        _soon(
            lambda: all((lake.position(log_id, n) or 0) >= end for n, end in ends.items()),
            "not everything is stored",
        )
        _soon(lambda: not self._denials_due(), "rows are not narrowed")
        _soon(lambda: self._installed.rows("page_view").num_rows <= rows, "rows are not erased")

    def resend(self, packs: int) -> None:
        """Send some packs of the topic again, as a producer does that heard no answer."""
        found = self._sealed()
        for pack in self._chance.sample(found, min(packs, len(found))):
            self._producer.produce(
                self._log.sealed_topic, pack.value(), partition=pack.partition() or 0
            )
            self.resent += 1
        assert self._producer.flush(30) == 0

    def end(self) -> None:
        """End everything in order."""
        if self.app is not None:
            _, problems = self.app.communicate(timeout=300)
            assert self.app.returncode == 0, problems[-2000:]
        for consumer in filter(None, (self.one, self.two)):
            consumer.terminate()
            assert consumer.wait(60) == 0
        self.one = self.two = self.app = None

    def _consume(self, name: str) -> "subprocess.Popen[str]":
        return self._installed.consume(self._folder / f"{name}.log")

    def _denials_due(self) -> int:
        """How many denials wait for their rows to be rewritten; an erasure that waits for a killed one's file is none."""
        due = pending(self._installed.data / "lake").column("purpose").to_pylist()
        return sum(purpose != EVERY_PURPOSE for purpose in due)

    def _sealed(self) -> list[Message]:
        """Every pack that lies on the topic."""
        _, ends = contents(self._log, {})
        reader = Consumer(
            {
                "bootstrap.servers": self._log.bootstrap,
                "group.id": "model",
                "enable.auto.commit": False,
            }
        )
        topic = self._log.sealed_topic
        try:
            reader.assign([TopicPartition(topic, n, 0) for n in ends])
            found: list[Message] = []
            while len(found) < sum(ends.values()):
                found += reader.consume(500, 1.0)
            return found
        finally:
            reader.close()


def _phase(running: Deployment, script: Script, version: str, change: Callable[[], None]) -> None:
    """Emit a phase, with a change of hands in its middle and packs that come again, and wait for its end."""
    lines = script.phase(version)
    size = -(-len(lines) // CHUNKS)
    for n in range(CHUNKS):
        running.emit(lines[n * size : (n + 1) * size])
        if n == CHUNKS // 3:
            change()
    running.resend(RESENDS)
    running.settle(sum(len(history.rows) for history in script.histories.values()))


def _soon(holds: Callable[[], bool], otherwise: str) -> None:
    until(holds, otherwise, look_s=LOOK_S)


def assert_as_the_reference(installed: Installation, script: Script) -> None:
    """Every row stands as the reference has it, and no other."""
    wanted = {row for history in script.histories.values() for row in history.rows}
    table = installed.rows("page_view")
    assert each_once(table)
    assert each_once(installed.rows("consent_change"))
    found = set()
    for row in table.to_pylist():
        kept = {REPORTING: row["utc_offset"], IMPROVE: row["duration_ms"]}
        granted = frozenset(purpose for purpose, value in kept.items() if value is not None)
        found.add(Row(row["status"], row["policy_version"], granted))
        assert (row.get("language") is not None) == (row["policy_version"] == NEWER), row["status"]
    differing = {row.number for row in wanted ^ found}
    told = [
        (sorted(r.granted for r in rows if r.number == number) for rows in (wanted, found))
        for number in sorted(differing)[:3]
    ]
    who = [script.histories[script.of_views[number]].facts for number in sorted(differing)[:3]]
    assert not differing, (len(differing), [tuple(each) for each in told], who)


@pytest.mark.clause("S009", "S016", "S089", "S092", "S113", "S116", "S117", "S118")
def test_two_consumers_and_a_broker_decide_as_the_reference_does(
    on_kafka: Installation, tmp_path: Path, *, prove: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("REMIT_SEED", "5"))
    subjects = 400 if prove else 150
    chance = Random(seed)
    two_versions(tmp_path / "policies")
    on_kafka.env |= {
        "REMIT_FLUSH_AFTER_S": "0.1",
        "REMIT_PACK_AGE_S": "0.05",
        "REMIT_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "REMIT_KAFKA_HEARTBEAT_INTERVAL_MS": "300",
    }
    noon = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0)
    names = [f"subject {n}" for n in range(subjects)]
    script = Script(chance, {name: History() for name in names}, int(noon.timestamp() * 1000))
    running, changes = Deployment(on_kafka, tmp_path, Random(seed)), 0
    for version in (OLDER, NEWER):
        if version == NEWER:
            running.under(NEWER)
        for change in running.changes(version, rounds=7 if prove else 0):
            _phase(running, script, version, change)
            changes += 1
            assert_as_the_reference(on_kafka, script)
    running.end()
    assert on_kafka.breaches() == {}
    refused = sum(history.refused for history in script.histories.values())
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  seed {seed}: {subjects} subjects x {changes} rebalances = {subjects * changes:,} interleavings,"
            f" {script.views:,} page views ({refused} refused), {running.resent} packs sent again;"
            f" {script.drawn_anew} scripts drawn anew: zero differences"
        )
