"""Faults of the world under a running consumer: what is on the log stays there until the lake has it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.crafted import Crafter, datums, drain, lay, lies, settings_of
from kit.disk import SmallDisk, small_disk
from kit.installation import Installation, each_once
from kit.kafka import Kafka
from kit.parts import RealParts
from remit_consumers.deployment import Deployment
from remit_consumers.lake.commit import Lake
from remit_consumers.locks import claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import report
from remit_consumers.run import Runner
from remit_consumers.service import open_source
from remit_consumers.settings import Settings
from remit_schemas.log_address import KafkaLog, parse_log

PACKS, EVENTS = 4, 50
"""Packs on the log when the fault comes, and events in each."""

ROOM = "64m"
"""More than the lake of these tests takes."""


class Running:
    """A consumer that a test turns by hand."""

    def __init__(self, settings: Settings) -> None:
        self.metrics = Metrics()
        self.settings = settings
        lock = claim_consumer(settings.locks)
        assert lock
        self._lock = lock
        deployment = Deployment.open(settings)
        deployment.keys.ensure(datetime.now(UTC))
        self.runner = Runner(deployment, open_source(settings, lock, None), self.metrics)

    def turn_until_fault(self) -> str:
        """Turn until the lake says no; gives what it says."""
        for _ in range(20):
            self.runner.turn(hurry=True)
            if fault := self.runner.last_fault:
                return fault
        raise AssertionError("no fault came")

    def drain(self) -> None:
        """Turn until everything is stored."""
        while not self.runner.is_drained:
            self.runner.turn(hurry=True)

    def faults(self, kind: str) -> float:
        """How often a fault of this kind was met."""
        found = self.metrics.registry.get_sample_value("remit_faults_total", {"kind": kind})
        return found or 0

    def stop(self) -> None:
        """Store the rest and give the place back."""
        self.runner.stop()
        self._lock.release()


@pytest.fixture
def settings(embedded: Installation) -> Settings:
    """The settings of an installation whose log holds some packs."""
    found = settings_of(embedded)
    crafter = Crafter(found)
    lay(found, [crafter.pack(datums(EVENTS)) for _ in range(PACKS)])
    return found


@pytest.fixture
def disk(settings: Settings, real_parts: RealParts) -> Iterator[SmallDisk]:
    """A disk of its own under the lake."""
    with small_disk(settings.lake, ROOM, real_parts) as mounted:
        if mounted is None:
            pytest.skip("mounting takes root")
        yield mounted


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    """A consumer on it."""
    with ExitStack() as stack:
        consumer = Running(settings)
        stack.callback(consumer.stop)
        yield consumer


def test_a_full_disk_is_told_and_tried_again_and_nothing_is_lost_or_stored_twice(
    embedded: Installation, disk: SmallDisk, running: Running
) -> None:
    disk.resize("32k")
    assert "is full: make room" in running.turn_until_fault()
    assert running.faults("lake") == 1
    assert lies(embedded.data) == PACKS, "what is not in the lake stays on the log"
    disk.resize(ROOM)
    running.drain()
    assert running.runner.last_fault is None
    _holds_once(embedded)


def test_a_disk_that_fills_up_between_two_commits_leaves_what_was_stored_and_goes_on(
    embedded: Installation, disk: SmallDisk, running: Running
) -> None:
    running.drain()
    crafter = Crafter(running.settings)
    lay(running.settings, [crafter.pack(datums(EVENTS))])
    (disk.folder / "ballast").touch()
    disk.resize("400k")
    with (disk.folder / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(4096)):
                pass
        except OSError:
            pass
    running.turn_until_fault()
    (disk.folder / "ballast").unlink()
    disk.resize(ROOM)
    running.drain()
    _holds_once(embedded, packs=PACKS + 1)


def test_a_lake_that_may_not_be_written_is_told_and_tried_again(
    embedded: Installation, disk: SmallDisk, running: Running
) -> None:
    disk.allow_writes(allowed=False)
    assert "write permission" in running.turn_until_fault()
    running.turn_until_fault()
    assert running.faults("lake") >= 1
    assert lies(embedded.data) == PACKS
    disk.allow_writes(allowed=True)
    running.drain()
    _holds_once(embedded)


def test_a_file_where_the_lake_should_be_is_told_and_the_lake_is_made_when_it_is_gone(
    embedded: Installation, settings: Settings, running: Running
) -> None:
    settings.lake.parent.mkdir(parents=True, exist_ok=True)
    settings.lake.write_text("in the way")
    assert "cannot be read or written" in running.turn_until_fault()
    settings.lake.unlink()
    running.drain()
    _holds_once(embedded)


def test_a_vault_out_of_reach_holds_the_flush_and_it_goes_through_when_it_is_back(
    embedded: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(1), [b"user-1"])])
    running = Running(settings)
    vault = Path(settings.vault)
    away = vault.with_name("unmounted")
    vault.rename(away)
    assert "vault" in running.turn_until_fault()
    assert running.faults("vault") == 1
    away.rename(vault)
    running.drain()
    running.stop()
    assert embedded.rows("page_view").num_rows == PACKS * EVENTS + 1


@pytest.mark.parametrize("name", ["keys", "vault"])
def test_a_lake_is_never_gone_on_with_under_new_keys_or_a_new_vault(
    embedded: Installation, settings: Settings, name: str
) -> None:
    drain(settings)
    folder: str = embedded.env[f"REMIT_{name.upper()}"]
    embedded.env[f"REMIT_{name.upper()}"] = f"{folder}-elsewhere"
    for command in ("run", "emit"):
        words = (command, *(["page_view"] if command == "emit" else []))
        said = embedded.remit(*words, expect=2).stderr.splitlines()
        assert len(said) == 1
        assert f"REMIT_{name.upper()}" in said[0]


def _holds_once(installed: Installation, packs: int = PACKS) -> None:
    rows = installed.rows("page_view")
    assert rows.num_rows == packs * EVENTS
    assert each_once(rows)
    assert report(Lake(installed.data / "lake")).contracts["page_view"]["in_flight"] == 0
    assert installed.breaches() == {}


def topic_of(settings: Settings) -> str:
    """The sealed topic of an installation."""
    log = parse_log(settings.log)
    assert isinstance(log, KafkaLog)
    return log.sealed_topic


@pytest.mark.kafka
def test_an_offset_that_the_broker_no_longer_has_ends_the_consumer_and_is_never_skipped(
    on_kafka: Installation, kafka: Kafka
) -> None:
    settings = settings_of(on_kafka)
    kafka.create_topic(topic_of(settings), 1)
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS)) for _ in range(2)])
    assert drain(settings)[0] is None
    lay(settings, [crafter.pack(datums(EVENTS)) for _ in range(3)])
    kafka.delete_records(topic_of(settings), 0, 4)
    for _ in range(2):  # it is no better at the second start
        said = on_kafka.remit("run", expect=2).stderr.splitlines()[-1]
        assert said.startswith("remit: topic")
        assert "the lake goes on at offset 2" in said
        assert "the broker has 4 to 5" in said
    assert on_kafka.rows("page_view").num_rows == 2 * EVENTS


@pytest.mark.kafka
def test_a_topic_that_was_deleted_and_made_again_is_read_from_its_beginning(
    on_kafka: Installation, kafka: Kafka
) -> None:
    settings = settings_of(on_kafka)
    kafka.create_topic(topic_of(settings), 1)
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS)) for _ in range(2)])
    running = Running(settings)
    running.drain()
    kafka.delete_topic(topic_of(settings))
    kafka.create_topic(topic_of(settings), 1)
    lay(settings, [crafter.pack(datums(EVENTS))])
    while not running.faults("log_replaced"):
        running.runner.turn(hurry=True)
    running.drain()
    running.stop()
    _holds_once(on_kafka, packs=3)


CHANGE = {
    "subject": "ann",
    "purpose": "analytics.reporting",
    "status": "given",
    "method": "api",
    "agreed_version": "2021-11-01",
}


@pytest.mark.clause("S082", "S092")
def test_packs_wait_sealed_while_the_ledger_cannot_be_read(embedded: Installation) -> None:
    embedded.remit("emit", "consent_change", "--wait", stdin=f"{json.dumps(CHANGE)}\n")
    settings = settings_of(embedded)
    files = list((settings.lake / "consents").glob("**/*.parquet"))
    assert files
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS)) for _ in range(PACKS)])
    for file in files:
        file.rename(file.with_suffix(".gone"))
    with ExitStack() as stack:
        running = Running(settings)
        stack.callback(running.stop)
        running.turn_until_fault()
        assert lies(embedded.data) == PACKS, "what may not be decided stays on the log"
        for file in files:
            file.with_suffix(".gone").rename(file)
        running.drain()
    rows = embedded.rows("page_view")
    assert rows.num_rows == PACKS * EVENTS
    assert each_once(rows)
