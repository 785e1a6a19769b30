"""Faults of the world under a running consumer: what is on the log stays there until the lake has it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from kit.crafted import Crafter, datums, drain, lay, lies, settings_of
from kit.disk import SmallDisk, small_disk
from kit.installation import Installation, each_once
from kit.kafka import Kafka
from kit.parts import RealParts
from kit.turned import Running
from kit.watching import commits, until
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.positions import app_id
from remit_consumers.lake.publish import Append, append
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import report
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_schemas.log_address import KafkaLog, parse_log

PACKS, EVENTS = 4, 50
"""Packs on the log when the fault comes, and events in each."""

ROOM = "64m"
"""More than the lake of these tests takes."""


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
    assert running.metrics.registry.get_sample_value("remit_lag_packs") == PACKS, "and is told"
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


def test_a_consumer_that_is_stopped_right_after_half_a_commit_does_not_store_that_half_again(
    embedded: Installation, settings: Settings
) -> None:
    running = Running(settings)
    running.drain()
    lay(settings, [Crafter(settings).pack(datums(EVENTS))])
    source, positions = running.runner.source, settings.lake / "positions"
    another = {app_id(source.log_id, number): 0 for number in source.assigned()}
    append(positions, commits(embedded.data, "positions"), Append([], another))
    while not running.faults("stale_writer"):  # its rows stand, and their position does not
        running.runner.turn(hurry=True)
    running.stop()
    assert embedded.rows("page_view").num_rows == (PACKS + 1) * EVENTS
    drain(settings)
    _holds_once(embedded, packs=PACKS + 1)


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


@contextmanager
def away(folder: Path) -> Iterator[Path]:
    """A folder that is not where it should be, as if it were not mounted; gives where it is."""
    hidden = folder.with_name(f"{folder.name}-unmounted")
    folder.rename(hidden)
    try:
        yield hidden
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # an empty mount point
        hidden.rename(folder)


@pytest.mark.parametrize("name", ["keys", "vault"])
@pytest.mark.parametrize("is_mount_point", [False, True])
def test_a_command_never_begins_new_keys_or_a_new_vault_beside_a_lake(
    embedded: Installation, settings: Settings, name: str, *, is_mount_point: bool
) -> None:
    drain(settings)
    folder: Path = getattr(settings, name)
    with away(folder):
        if is_mount_point:
            folder.mkdir()
        for words in (
            ("run",),
            ("tenants", "list"),
            ("tenants", "set", "anna", "--edition", "basic"),
            ("campaigns", "list"),
            ("keys", "stop", "user.device.ip_address"),
        ):
            said = embedded.remit(*words, expect=2).stderr.splitlines()
            assert len(said) == 1
            assert f"REMIT_{name.upper()} holds no" in said[0]
        assert not folder.exists() or not [*folder.iterdir()]
    _holds_once(embedded)


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


@pytest.mark.kafka
def test_where_the_old_topic_began_says_nothing_of_the_one_that_was_made_again(
    on_kafka: Installation, kafka: Kafka
) -> None:
    settings = settings_of(on_kafka)
    kafka.create_topic(topic_of(settings), 1)
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS)) for _ in range(3)])
    kafka.delete_records(topic_of(settings), 0, 2)
    running = Running(settings)
    running.drain()
    kafka.delete_topic(topic_of(settings))
    kafka.create_topic(topic_of(settings), 1)
    lay(settings, [crafter.pack(datums(1), [b"user-1"]) for _ in range(3)])
    vault, away = Path(settings.vault), Path(settings.vault).with_name("unmounted")
    vault.rename(away)
    while not running.faults("vault"):  # what was read is read again
        running.runner.turn(hurry=True)
    away.rename(vault)
    running.drain()
    running.stop()
    assert running.faults("log_replaced") == 1
    assert on_kafka.rows("page_view").num_rows == EVENTS + 3


CHANGE = {
    "subject": "ann",
    "purpose": "analytics.reporting",
    "status": "given",
    "method": "api",
    "agreed_version": "2021-11-01",
}


DENIED = {**CHANGE, "status": "withdrawn"}
MINOR = {
    "subject": "ann",
    "status": "stated",
    "method": "api",
    "age_band": "under_13",
    "jurisdiction": "CN",
}


def said(installed: Installation, change: Mapping[str, str]) -> None:
    """Have a subject say something, and wait until it is on record."""
    installed.remit("emit", "consent_change", "--wait", stdin=f"{json.dumps(change)}\n")


def views(settings: Settings) -> None:
    """Lay packs of page views on the log: of nobody, and one of ann."""
    crafter = Crafter(settings)
    packs = [crafter.pack(datums(EVENTS)) for _ in range(PACKS - 1)]
    lay(settings, [*packs, crafter.pack(datums(EVENTS), [b"ann"] * EVENTS)])


@pytest.mark.clause("S082", "S092", "S117")
@pytest.mark.parametrize("table", ["consents", "withdrawn", "positions"])
def test_packs_wait_sealed_while_a_table_that_denies_something_has_gone(
    embedded: Installation, table: str
) -> None:
    said(embedded, CHANGE)
    said(embedded, DENIED)
    settings = settings_of(embedded)
    views(settings)
    rows = [*settings.lake.glob("events/page_view/**/*.parquet")]
    with ExitStack() as stack:
        with away(settings.lake / table):
            running = Running(settings)
            stack.callback(running.stop)
            told = running.turn_until_fault()
            assert f"mount or restore {settings.lake / table}" in told
            assert lies(embedded.data) == PACKS, "what may not be decided stays on the log"
            assert [*settings.lake.glob("events/page_view/**/*.parquet")] == rows
            checks = embedded.facts("doctor", expect=1)["checks"]
            assert isinstance(checks, dict)
            assert checks["within reach"] == {"holds": False, "weak": False, "detail": told}
        running.drain()
    _holds_once(embedded)
    assert embedded.facts("doctor")["holds"]


@pytest.mark.clause("S082", "S092")
def test_the_operators_port_says_which_table_is_out_of_reach(embedded: Installation) -> None:
    said(embedded, CHANGE)
    settings = settings_of(embedded)
    views(settings)
    stop = Event()
    service = Service.claim(settings, Metrics())
    assert service
    serving = Thread(target=service.serve, args=[stop])
    with away(settings.lake / "consents"):
        serving.start()
        until(lambda: not service.health().ready, "nobody hears of it")
        assert f"restore {settings.lake / 'consents'} as it was last" in service.health().detail
    until(lambda: lies(embedded.data) == 0, "what waited is not stored")
    until(lambda: service.health().ready, "it is not told that all is well again")
    stop.set()
    serving.join()
    _holds_once(embedded)


@pytest.mark.clause("S082", "S092")
@pytest.mark.parametrize("table", ["consents", "withdrawn"])
def test_an_older_copy_of_what_was_said_is_no_ledger(embedded: Installation, table: str) -> None:
    said(embedded, CHANGE)
    said(embedded, DENIED)
    settings = settings_of(embedded)
    older = settings.lake.with_name("backup")
    shutil.copytree(settings.lake / table, older)
    said(embedded, CHANGE)
    said(embedded, DENIED)
    with away(settings.lake / table):
        shutil.copytree(older, settings.lake / table)
        views(settings)
        running = Running(settings)
        assert "holds an older copy of the table" in running.turn_until_fault()
        assert lies(embedded.data) == PACKS
    running.drain()
    running.stop()
    _holds_once(embedded)


@pytest.mark.clause("S117")
def test_a_minor_whose_ledger_has_gone_does_not_pass_as_somebody_of_whom_nothing_is_known(
    embedded: Installation,
) -> None:
    said(embedded, MINOR)
    settings = settings_of(embedded)
    views(settings)
    with away(settings.lake / "consents"):
        running = Running(settings)
        running.turn_until_fault()
        assert not (settings.lake / "events" / "page_view").exists()
    running.drain()
    running.stop()
    assert embedded.rows("page_view").num_rows == (PACKS - 1) * EVENTS


def test_nobody_reads_while_it_is_not_known_who_withdrew(embedded: Installation) -> None:
    said(embedded, CHANGE)
    said(embedded, DENIED)
    settings = settings_of(embedded)
    query = ("query", "SELECT count(*) FROM page_view", "--purpose", "essential.service")
    views(settings)
    assert drain(settings)[0] is None
    embedded.remit(*query)
    with away(settings.lake / "withdrawn"):
        refused = embedded.remit(*query, expect=2).stderr
        assert f"restore {settings.lake / 'withdrawn'}" in refused
    embedded.remit(*query)


def test_a_lake_that_has_gone_is_not_begun_anew_while_the_vault_knows_its_subjects(
    embedded: Installation,
) -> None:
    said(embedded, CHANGE)
    settings = settings_of(embedded)
    with away(settings.lake):
        for command in (("run",), ("emit", "page_view")):
            told = embedded.remit(*command, expect=2).stderr
            assert f"there is no lake in {settings.lake}: mount or restore" in told
    views(settings)
    assert drain(settings)[0] is None
    _holds_once(embedded)


def test_a_deployment_where_nobody_ever_said_anything_waits_for_no_ledger(
    embedded: Installation, settings: Settings
) -> None:
    for _ in range(2):  # a first start, and one beside what it stored
        assert drain(settings)[0] is None
        assert not (settings.lake / "consents").exists()
    _holds_once(embedded)


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
