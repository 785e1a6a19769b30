"""Anchors: what was cut or written anew shows, and a crash leaves none half made."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.lake import LOG, make_flush
from kit.stamping import make_authority, stamping
from remit_consumers.backup.making import make_lake
from remit_consumers.backup.restoring import restore_lake
from remit_consumers.evidence.anchor import EVERY, Anchor, breaches, kept, told
from remit_consumers.evidence.anchoring import anchor, anchors_of, witness_of
from remit_consumers.evidence.timestamp import is_trusted, stamped_at
from remit_consumers.keys import KeyStore
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.receipts import links
from remit_consumers.proof.verify import verify
from remit_consumers.settings import Anchoring, Settings
from remit_schemas.errors import EvidenceError
from remit_schemas.policy import find_policy

NOW = datetime.now(UTC)


def store(settings: Settings, first: int, last: int) -> None:
    """Commit packs to the lake."""
    lake = Lake(settings.lake)
    lake.claim(LOG, 0)
    for offset in range(first, last):
        lake.commit(make_flush(offset))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake with three commits, and a witness on what plays another disk."""
    witness = tmp_path / "elsewhere" / "anchors.jsonl"
    witness.parent.mkdir()
    settings = replace(
        Settings.from_env({}, data=tmp_path / "data"), anchoring=Anchoring(witness=witness)
    )
    store(settings, 0, 3)
    return settings


def keys_of(settings: Settings) -> KeyStore:
    return KeyStore.open(settings.keys, find_policy())


def anchored(settings: Settings, at: datetime = NOW) -> Anchor:
    found = anchor(settings, keys_of(settings), at, every=None)
    assert found is not None
    return found


def found_in(settings: Settings, roots: Path | None = None) -> list[str]:
    """What is wrong with the lake, as the anchors see it."""
    anchors = anchors_of(settings.data, witness_of(settings))
    chains = links(Lake(settings.lake).receipts())
    return list(breaches(anchors, chains, keys_of(settings).verify_key, roots))


def test_a_lake_that_goes_on_holds_against_every_anchor(settings: Settings) -> None:
    assert anchored(settings).stands["events/page_view"].commits == 3
    store(settings, 3, 5)
    assert anchored(settings).stands["events/page_view"].commits == 5
    assert found_in(settings) == []
    assert len(witness_of(settings).anchors()) == 2  # type: ignore[union-attr]


def test_a_tail_that_was_cut_is_seen(settings: Settings) -> None:
    anchored(settings)
    log = settings.lake / "events/page_view/_delta_log"
    max(log.glob("*.json")).unlink()
    (breach,) = found_in(settings)
    assert "saw 3 commits, there are 2: its tail was cut" in breach


def test_a_lake_that_was_written_anew_with_the_same_keys_is_seen_by_the_witness(
    settings: Settings,
) -> None:
    anchored(settings)
    shutil.rmtree(settings.data)
    lake = Lake(settings.lake)
    lake.claim(LOG, 0)
    for offset in range(4):
        lake.commit(make_flush(offset, events=2))
    (breach,) = found_in(settings)
    assert "it was written anew" in breach
    anchored(replace(settings, anchoring=Anchoring()))
    with pytest.raises(EvidenceError, match="another anchor 1"):
        anchors_of(settings.data, witness_of(settings))


def test_an_anchor_that_is_missing_or_changed_or_of_another_key_is_seen(settings: Settings) -> None:
    for day in range(3):
        anchored(settings, NOW + day * EVERY)
    chains = links(Lake(settings.lake).receipts())
    first, second, third = kept(settings.data)
    assert not list(breaches([first, second, third], chains))
    assert list(breaches([first, third], chains)) == ["1 anchors before anchor 3 are missing"]
    facts = dict(second.signed.facts) | {"at": (NOW + timedelta(hours=1)).isoformat()}
    changed = Anchor(replace(second.signed, facts=facts))
    assert list(breaches([first, changed], chains)) == ["anchor 2 is not signed by this deployment"]
    assert len(list(breaches([first], chains, bytes(32)))) == 1


def test_a_consumer_makes_one_a_day_and_shows_the_witness_what_it_missed(
    settings: Settings, tmp_path: Path
) -> None:
    alone = replace(settings, anchoring=Anchoring())
    keys = keys_of(settings)
    for hours, number in ((0, 1), (23, 1), (24, 2)):
        made = anchor(alone, keys, NOW + timedelta(hours=hours), every=EVERY)
        assert made is not None
        assert made.number == number
    anchor(settings, keys, NOW + timedelta(hours=25), every=EVERY)
    assert [one.number for one in witness_of(settings).anchors()] == [1, 2]  # type: ignore[union-attr]
    shutil.rmtree(settings.data / "anchors")
    anchored(settings, NOW + timedelta(hours=26))
    assert [one.number for one in kept(settings.data)] == [1, 2, 3]


def test_there_is_nothing_to_anchor_before_the_first_commit(tmp_path: Path) -> None:
    settings = Settings.from_env({}, data=tmp_path / "data")
    assert anchor(settings, keys_of(settings), NOW, every=None) is None


def test_a_torn_line_of_the_witness_stands_for_nothing(settings: Settings) -> None:
    anchored(settings)
    file = settings.anchoring.witness
    assert file is not None
    file.write_bytes(file.read_bytes()[:-40])
    anchored(settings)
    assert [one.number for one in witness_of(settings).anchors()] == [1, 2]  # type: ignore[union-attr]
    assert found_in(settings) == []


def test_a_witness_in_a_repository_has_a_commit_for_each_anchor(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "repository"
    git = ["git", "-C", str(folder)]
    folder.mkdir()
    subprocess.run([*git, "init", "--quiet"], check=True)
    settings = replace(settings, anchoring=Anchoring(witness=folder))
    for _ in range(2):
        anchored(settings)
    said = subprocess.run([*git, "log", "--format=%s"], check=True, capture_output=True, text=True)
    assert said.stdout.split("\n")[:2] == ["Anchor 2", "Anchor 1"]


def test_a_witness_that_cannot_be_written_is_an_error_and_no_anchor_is_lost(
    settings: Settings, tmp_path: Path
) -> None:
    gone = replace(settings, anchoring=Anchoring(witness=tmp_path / "unmounted" / "w.jsonl"))
    with pytest.raises(EvidenceError, match="cannot be written"):
        anchored(gone)
    anchored(settings)
    assert [one.number for one in witness_of(settings).anchors()] == [1, 2]  # type: ignore[union-attr]


@pytest.fixture
def stamped(settings: Settings, tmp_path: Path) -> Iterator[tuple[Settings, Path]]:
    """The same lake, with an authority of time-stamps."""
    root = make_authority(tmp_path / "tsa")
    with stamping(tmp_path / "tsa") as url:
        yield replace(settings, anchoring=replace(settings.anchoring, authority=url)), root


def test_an_authority_says_when_an_anchor_was_there(
    stamped: tuple[Settings, Path], tmp_path: Path
) -> None:
    settings, root = stamped
    made = anchored(settings, datetime.now(UTC))
    at = stamped_at(made.timestamp, made.stamped)
    assert at is not None
    assert abs(at - made.at) < timedelta(minutes=1)
    assert is_trusted(made.timestamp, made.stamped, root)
    assert found_in(settings, root) == []
    residue = verify(settings.data).checks["residue"]
    assert residue.holds, residue.detail  # nothing of it looks like what is left of a person
    other = make_authority(tmp_path / "other")
    assert not is_trusted(made.timestamp, made.stamped, other)
    assert found_in(settings, other) == ["anchor 1: nobody vouches for who stamped its time"]
    (tmp_path / "facts").write_bytes(made.stamped)
    (tmp_path / "answer").write_bytes(made.timestamp)
    openssl = ["openssl", "ts", "-verify", "-data", str(tmp_path / "facts"), "-in"]
    subprocess.run([*openssl, str(tmp_path / "answer"), "-CAfile", str(root)], check=True)


def test_an_anchor_that_claims_another_day_than_its_stamp_is_seen(
    stamped: tuple[Settings, Path],
) -> None:
    settings, _ = stamped
    anchored(settings, datetime.now(UTC) - timedelta(days=3))
    (breach,) = found_in(settings)
    assert "its time-stamp is of" in breach


def test_without_an_answer_there_is_an_anchor_without_a_stamp(settings: Settings) -> None:
    away = replace(settings.anchoring, authority="http://127.0.0.1:9/")
    assert anchored(replace(settings, anchoring=away)).timestamp == b""
    assert found_in(settings) == []


MAKE_UNTIL_KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from remit_consumers.evidence.anchoring import anchor
from remit_consumers.keys import KeyStore
from remit_consumers.proof.verify import verify
from remit_consumers.settings import Settings
from remit_schemas.policy import find_policy
settings = Settings.from_env({"REMIT_WITNESS": sys.argv[2]}, data=sys.argv[1])
keys = KeyStore.open(settings.keys, find_policy())
print("ready", flush=True)
while True:
    anchor(settings, keys, datetime.now(UTC), every=None)
"""


@pytest.mark.parametrize("after_s", [0.05, 0.21, 0.4])
def test_a_kill_at_any_moment_leaves_whole_anchors_that_hold(
    settings: Settings, after_s: float
) -> None:
    program = [sys.executable, "-c", MAKE_UNTIL_KILLED, str(settings.data)]
    process = subprocess.Popen(
        [*program, str(settings.anchoring.witness)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(after_s)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    anchored(settings)
    witness = witness_of(settings)
    assert witness is not None
    assert [one.to_dict() for one in witness.anchors()] == [
        json.loads(json.dumps(one.to_dict())) for one in kept(settings.data)
    ]
    assert found_in(settings) == []


def test_a_lake_that_was_put_back_from_a_backup_says_so_and_holds(settings: Settings) -> None:
    anchored(settings)
    backup = make_lake(settings, settings.data.parent / "shelf", NOW)
    store(settings, 3, 5)
    anchored(settings)
    shutil.rmtree(settings.lake)
    restore_lake(settings, backup, NOW, keys_of(settings))
    assert found_in(settings) == []
    assert "1 of them say that the lake was put back" in told(kept(settings.data))
    store(settings, 3, 4)
    assert anchored(settings).stands["events/page_view"].commits == 4
    assert found_in(settings) == []
    shutil.rmtree(settings.lake)
    shutil.copytree(backup / "lake", settings.lake)
    assert any("its tail was cut" in line for line in found_in(settings)), "put back by hand"


def test_what_stood_in_a_backup_is_held_against_every_anchor_before_it(settings: Settings) -> None:
    store(settings, 3, 4)
    anchored(settings)
    shutil.rmtree(settings.lake)
    store(settings, 10, 15)
    forged = make_lake(settings, settings.data.parent / "shelf", NOW)
    shutil.rmtree(settings.lake)
    restore_lake(settings, forged, NOW, keys_of(settings))
    assert any("written anew" in line for line in found_in(settings))
