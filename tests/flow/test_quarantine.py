"""What could not be read is read after all: once, by the stricter of then and now, and nothing else of it is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree

import pytest

from kit.crafted import Crafter, datums, drain, lay, settings_of
from kit.installation import Installation, each_once
from remit_consumers.lake.commit import Lake
from remit_consumers.settings import Settings
from remit_schemas.policy import POLICIES

OLD = "1999-01-01"
"""A policy version that nobody has put on record when its packs come."""

EVENTS = 3
SUBJECT = b"user-1"
OTHERS = [SUBJECT, b"user-2", b"user-3"]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The shipped policy in a folder where other versions can appear."""
    return Path(copytree(POLICIES / "salesmartly", tmp_path / "policies")) / "2021-11-01.yaml"


@pytest.fixture
def installation(tmp_path: Path, policy: Path) -> Installation:
    """An installation whose policy is a file."""
    return Installation(tmp_path, REMIT_POLICY=str(policy))


@pytest.fixture
def settings(installation: Installation) -> Settings:
    """Its settings."""
    return settings_of(installation)


def put_on_record(policy: Path, version: str = OLD) -> None:
    """Have an older version of the policy appear."""
    text = policy.read_text().replace("\nversion: 2021-11-01", f"\nversion: {version}")
    (policy.parent / f"{version}.yaml").write_text(text)


def quarantine(settings: Settings, subjects: list[bytes] | None = None, count: int = 1) -> Crafter:
    """Have packs of a policy version that is not on record come, and a healthy one behind."""
    crafter = Crafter(settings)
    given = subjects or [b""] * EVENTS
    packs = [
        crafter.pack(datums(len(given)), given, policy_version=OLD) for _ in range(count)
    ]
    lay(settings, [*packs, crafter.pack(datums())])
    assert drain(settings)[0] is None
    assert len(Lake(settings.lake).quarantined()) == count
    return crafter


def replayed(installation: Installation, *more: str) -> Mapping[str, object]:
    """Replay, and give what was said of it."""
    return installation.facts("quarantine", "replay", *more)


def assert_gone(settings: Settings) -> None:
    """See that nothing of the quarantine is left on the disk."""
    assert Lake(settings.lake).quarantined() == []
    assert not list((settings.lake / "quarantine").glob("*.parquet"))


def test_a_pack_whose_policy_came_on_record_is_stored_once_and_its_sealed_bytes_go(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    quarantine(settings)
    assert installation.breaches() == {}
    assert replayed(installation)["left"] == {"unknown_policy": EVENTS}
    put_on_record(policy)
    dry = replayed(installation, "--dry-run")
    assert (dry["packs"], dry["events"], dry["stored"]) == (1, EVENTS, 0)
    assert len(Lake(settings.lake).quarantined()) == 1
    told = replayed(installation)
    assert (told["packs"], told["stored"], told["left"]) == (1, EVENTS, {})
    assert_gone(settings)
    rows = installation.rows("page_view")
    assert rows.num_rows == EVENTS + 1
    assert each_once(rows)
    figures = installation.contract("page_view")
    assert (figures["stored"], figures["quarantined"], figures["in_flight"]) == (EVENTS + 1, 0, 0)
    assert installation.breaches() == {}
    assert replayed(installation)["packs"] == 0
    assert installation.rows("page_view").num_rows == EVENTS + 1
