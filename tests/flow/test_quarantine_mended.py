"""Each reason that can be mended, mended: what stood in quarantine for it is then read, once."""

import io
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fastavro
import pytest

from kit.contracts import MILLIS, Json, make_field_json, make_record, write_contract
from kit.crafted import Crafter, datums, drain, lay, settings_of
from kit.installation import Installation
from kit.own_policy import own
from kit.quarantined import assert_gone, breaches, die
from remit_consumers.deployment import Deployment
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.quarantined import stands
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.locks import claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.quarantine.replay import Outcome, replay
from remit_consumers.retention.sweep import Sweep
from remit_consumers.run import Runner
from remit_consumers.service import open_source
from remit_consumers.settings import Settings
from remit_consumers.waiting import LOST_KEY_WAIT
from remit_schemas.contract import fingerprint_of
from remit_schemas.header import FORMAT
from remit_schemas.pack import pack_body

EVENTS = 3

RULES = """\
  - event: probe
    category: user.telemetry.x_access_time
    reduce: {timestamp: {precision: day}}
    purposes: [essential.service]
    keep_for: 30 days
    clause: S003
    reason: needed
  - event: probe
    field: note
    keep: true
    purposes: [essential.service]
    keep_for: 30 days
    clause: S003
    reason: needed
"""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation with a policy and a contract of its own, the newest version of it alone."""
    (tmp_path / "policy").mkdir()
    policy = own(tmp_path / "policy", "ip: {v4_bits: 24}")
    policy.write_text(policy.read_text() + RULES)
    write_contract(tmp_path / "policy" / "contracts", NEWEST)
    return Installation(tmp_path, REMIT_POLICY=str(policy))


@pytest.fixture
def settings(installation: Installation) -> Settings:
    """Its settings."""
    return settings_of(installation)


NOTE, MORE = make_field_json("note"), make_field_json("more")
WRONG = make_record(NOTE, make_field_json("counted", MILLIS))
RIGHT = make_record(NOTE, make_field_json("counted", "long"))
"""Two that have the same bytes on the wire; the policy refuses what they say otherwise."""
OLDER, NEWEST = make_record(NOTE), make_record(NOTE, MORE)


def written(record: Json, **fields: object) -> bytes:
    """A datum of a contract."""
    at = datetime.now(UTC)
    into = io.BytesIO()
    values = {"occurred_at": at, "collected_at": at, "note": "a note"} | fields
    fastavro.schemaless_writer(into, record, values)
    return into.getvalue()


def held(settings: Settings) -> list[tuple[object, object]]:
    """Reason and count of what stands in quarantine."""
    return [(row["reason"], row["count"]) for row in Lake(settings.lake).quarantined()]


def again(settings: Settings, later: timedelta = timedelta()) -> Outcome:
    """Replay in this process, now or later."""
    deployment = Deployment.open(settings)
    done = replay(deployment, datetime.now(UTC) + later)
    deployment.lake.materialise()
    return done


def test_events_of_a_contract_version_that_is_put_on_record_are_stored_beside_those_of_the_newest(
    installation: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    old = [written(OLDER) for _ in range(EVENTS)]
    new = crafter.pack([written(NEWEST, more="more")], fingerprint=fingerprint_of(NEWEST))  # type: ignore[arg-type]
    lay(settings, [new, crafter.pack(old, fingerprint=fingerprint_of(OLDER))])  # type: ignore[arg-type]
    assert drain(settings)[0] is None
    assert held(settings) == [("unknown_contract", EVENTS)]
    assert again(settings).left == {"unknown_contract": EVENTS}
    archive = Path(installation.env["REMIT_POLICY"]).parent / "contracts" / "archive"
    write_contract(archive, OLDER, "probe-1")
    assert again(settings).stored == EVENTS
    assert installation.rows("probe")["note"].to_pylist() == ["a note"] * (EVENTS + 1)
    figures = installation.contract("probe")
    assert (figures["stored"], figures["quarantined"], figures["in_flight"]) == (EVENTS + 1, 0, 0)
    assert_gone(settings)
    assert breaches(settings) == {}


def test_packs_sealed_to_a_key_that_a_restored_key_store_lacks_are_stored_once_the_right_one_is_back(
    installation: Installation, settings: Settings
) -> None:
    first = Crafter(settings)
    lay(settings, [first.pack(datums())])
    assert drain(settings)[0] is None
    older, newer = settings.keys.with_name("older"), settings.keys.with_name("newer")
    shutil.copytree(settings.keys, older)
    first.keys.rotate(datetime.now(UTC))
    pack = Crafter(settings).pack(datums(EVENTS))
    settings.keys.rename(newer)
    older.rename(settings.keys)
    lay(settings, [pack])
    assert drain(settings)[0] is None
    assert held(settings) == [("unknown_key", EVENTS)]
    assert again(settings).left == {"unknown_key": EVENTS}
    shutil.rmtree(settings.keys)
    newer.rename(settings.keys)
    assert again(settings).stored == EVENTS
    assert installation.rows("page_view").num_rows == EVENTS + 1
    assert_gone(settings)
    assert breaches(settings) == {}


def test_packs_whose_key_is_lost_leave_their_partition_free_and_are_stored_once_the_key_is_back(
    installation: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS)), crafter.pack(datums(EVENTS))])
    (file,) = settings.keys.glob("epoch-*.key")
    kept = file.read_bytes()
    file.unlink()
    said = json.loads(installation.remit("doctor", "--json", expect=1).stdout)["checks"]
    assert not said["lost keys"]["holds"]
    lock = claim_consumer(settings.locks)
    assert lock
    now = datetime.now(UTC)
    deployment = Deployment.open(settings)
    deployment.keys.ensure(now)
    runner = Runner(deployment, open_source(settings, lock, None), Metrics(), lambda: now)
    lay(settings, [Crafter(settings).pack(datums(1))])
    runner.turn(hurry=True)
    assert "key_lost" in str(runner.waits_for)
    now += LOST_KEY_WAIT
    while not runner.is_drained:
        runner.turn(hurry=True)
    runner.stop()
    lock.release()
    assert held(settings) == [("key_lost", EVENTS), ("key_lost", EVENTS)]
    assert installation.rows("page_view").num_rows == 1
    assert breaches(settings) == {}
    assert again(settings).left == {"key_lost": 2 * EVENTS}
    file.write_bytes(kept)
    assert again(settings).stored == 2 * EVENTS
    assert held(settings) == []
    assert breaches(settings) == {}


NEWER_REMIT = """
import os
from datetime import UTC, datetime, timedelta
from remit_schemas import header
header.FORMAT += 1
from remit_consumers.deployment import Deployment
from remit_consumers.locks import claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.quarantine.replay import replay
from remit_consumers.settings import Settings

deployment = Deployment.open(Settings.from_env(os.environ))
print(replay(deployment, datetime.now(UTC)).stored)
"""
"""This remit as its successor may be: it knows one pack format more, in which nothing else is new."""


def newer_pack(crafter: Crafter) -> bytes:
    """A well-sealed pack of the next format."""
    header = crafter.header(EVENTS)
    head = header.to_bytes()
    crafter.offered += EVENTS
    newer = head[:2] + bytes([FORMAT + 1]) + head[3:]
    return crafter.sealed_under(header, newer, pack_body(datums(EVENTS), [b""] * EVENTS))


def test_packs_of_a_newer_format_are_stored_by_a_remit_that_reads_it(
    installation: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    lay(settings, [newer_pack(crafter), crafter.pack(datums())])
    assert drain(settings)[0] is None
    assert held(settings) == [("newer_format", 0)]
    assert again(settings).left_packs == 1
    environment = installation.env | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", NEWER_REMIT]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(EVENTS)
    assert installation.rows("page_view").num_rows == EVENTS + 1
    assert_gone(settings)
    assert breaches(settings) == {}


@pytest.fixture
def mixed(installation: Installation, settings: Settings) -> Path:
    """Events of which every other is none under a contract that says a number were a time; gives the contract's file."""
    file = write_contract(Path(installation.env["REMIT_POLICY"]).parent / "contracts", WRONG)
    crafter = Crafter(settings)
    good = [written(RIGHT, counted=7, note=f"good {n}") for n in range(EVENTS)]
    bad = [written(RIGHT, counted=-7, note=f"bad {n}") for n in range(EVENTS)]
    never = [each[:-1] for each in bad[:1]]
    events = [*never, *(each for pair in zip(good, bad, strict=True) for each in pair)]
    lay(settings, [crafter.pack(events, fingerprint=fingerprint_of(RIGHT))])  # type: ignore[arg-type]
    assert drain(settings)[0] is None
    assert held(settings) == [("malformed", 1)] * (EVENTS + 1)
    assert again(settings).left == {"malformed": EVENTS + 1}
    assert breaches(settings) == {}
    return file


def mend(file: Path) -> None:
    """Put the contract right."""
    file.write_text(json.dumps(RIGHT))


def assert_mended(installation: Installation, settings: Settings) -> None:
    """See that all but the event that never can be read are stored, each once, and that this one stands as it did."""
    rows = installation.rows("probe")
    notes = [f"{kind} {n}" for kind in ("bad", "good") for n in range(EVENTS)]
    assert sorted(rows["note"].to_pylist()) == notes
    assert sorted(rows["index"].to_pylist()) == list(range(1, 2 * EVENTS + 1))
    (only,) = stands(settings.lake).to_pylist()
    assert (only["index"], only["reason"], only["sealed"] is None) == (0, "malformed", False)
    figures = installation.contract("probe")
    told = (figures["stored"], figures["quarantined"], figures["in_flight"])
    assert told == (2 * EVENTS, 1, 0)
    assert breaches(settings) == {}


def test_malformed_events_are_tried_again_and_stored_once_their_contract_is_mended(
    installation: Installation, settings: Settings, mixed: Path
) -> None:
    mend(mixed)
    foreseen = replay(Deployment.open(settings), datetime.now(UTC), dry_run=True)
    assert (foreseen.stored, foreseen.left) == (EVENTS, {"malformed": 1})
    assert again(settings) == foreseen
    assert_mended(installation, settings)
    assert again(settings).stored == 0
    assert_mended(installation, settings)
    assert again(settings, timedelta(hours=73)).expired == 1
    assert_gone(settings)
    assert breaches(settings) == {}


@pytest.mark.parametrize("where", ["published", "stored", "rewritten"])
def test_a_replay_of_mended_events_that_is_killed_is_ended_by_the_next_one(
    installation: Installation, settings: Settings, mixed: Path, where: str
) -> None:
    mend(mixed)
    die(installation, where)
    assert breaches(settings) == {}
    again(settings)
    assert_mended(installation, settings)


def test_a_sweep_behind_a_killed_replay_of_mended_events_expires_only_what_is_not_stored(
    installation: Installation, settings: Settings, mixed: Path
) -> None:
    mend(mixed)
    die(installation, "stored")
    plans = Deployment.open(settings).plans()
    done = Sweep(settings.lake, plans.plan, Vacuum()).apply(datetime.now(UTC) + timedelta(hours=73))
    assert done is not None
    assert done.expired == 1
    assert_gone(settings)
    assert breaches(settings) == {}
