"""The drill of docs/runbook.md: lake, vault, keys and ledger are backed up, lost and put back by the page's own blocks."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.installation import Installation, each_once
from kit.tree import ROOT

pytestmark = pytest.mark.clause("S087a", "S087b")

PAGE = ROOT / "docs" / "runbook.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLACES = ("/backups", "/elsewhere", "/safe", "/lost")
ANN, BOB = "ann.smith@shop", "bob"
ERASE = ("subject", "erase", "-", "--ground", "purpose_ended", "--proof", "account_login")


def steps() -> Mapping[str, str]:
    """The blocks of the drill, by their headings."""
    drill = PAGE.read_text("utf-8").partition("## The drill\n")[2]
    parts = (part.partition("\n") for part in drill.split("### ")[1:])
    return {heading: "".join(BLOCK.findall(text)) for heading, _, text in parts}


class Drill:
    """An installation, and the disks beside it."""

    def __init__(self, installed: Installation, disks: Path) -> None:
        self.installed = installed
        self.data, self.keys, self.vault = (
            Path(installed.env[f"REMIT_{name}"]) for name in ("DATA", "KEYS", "VAULT")
        )
        self._disks = disks
        self._bin = disks / "bin"
        self._bin.mkdir(parents=True)
        command = self._bin / "remit"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m remit_cli "$@"\n')
        command.chmod(0o700)

    def take(self, *headings: str) -> None:
        """Run blocks of the page, as they stand but for where the disks are."""
        self.run("\n".join(steps()[heading] for heading in headings))

    def run(self, script: str) -> None:
        """Run a script in the place of the page's blocks."""
        for place in PLACES:
            script = script.replace(place, f"{self._disks}{place}")
        done = subprocess.run(
            ["bash", "-euc", script],  # noqa: S607 - wherever it is installed
            env=self.installed.env | {"PATH": f"{self._bin}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"

    def emit(self, *subjects: str) -> None:
        """Have an event of each stored."""
        events = ({"page": "/cart", "status": 200, "subject": one} for one in subjects)
        lines = "".join(f"{json.dumps(event)}\n" for event in events)
        self.installed.remit("emit", "page_view", "--wait", stdin=lines)

    def erase(self, subject: str) -> None:
        """Erase somebody through the command."""
        self.installed.remit(*ERASE, stdin=f"{subject}\n")

    def names(self) -> list[str]:
        """The pseudonym of each row."""
        found: list[str] = self.installed.rows("page_view").column("subject").to_pylist()
        return found

    def goes_on(self, *, rows: int) -> None:
        """See that it is whole, and takes and stores what comes: one event more than `rows`."""
        self.emit(BOB)
        assert len(self.names()) == rows + 1
        assert each_once(self.installed.rows("page_view"))
        assert self.installed.breaches() == {}


@pytest.fixture
def drill(embedded: Installation, tmp_path: Path) -> Drill:
    """Rows of two, each thing backed up as the page says, and then one of the two erased."""
    made = Drill(embedded, tmp_path / "disks")
    made.emit(ANN, BOB, ANN)
    made.take("Back the lake up", "Back the vault up", "Copy the lasting keys")
    made.erase(ANN)
    made.take("Copy the ledger of erasures")
    assert len(made.names()) == 1
    return made


def test_the_page_has_a_block_to_back_up_and_one_to_put_back_each_of_the_four() -> None:
    assert len(steps()) == 2 * 4
    assert all(steps().values())


def test_a_lost_lake_is_put_back_without_the_one_who_was_erased(drill: Drill) -> None:
    before = drill.names()
    shutil.rmtree(drill.data / "lake")
    drill.take("Put the lake back")
    assert drill.names() == before
    drill.goes_on(rows=1)


def test_with_a_lost_vault_put_back_people_keep_their_names(drill: Drill) -> None:
    before = drill.names()
    shutil.rmtree(drill.vault)
    drill.take("Put the vault back")
    drill.goes_on(rows=1)
    assert set(drill.names()) == set(before)


def test_with_lost_keys_put_back_producers_trust_as_before_and_people_keep_their_names(
    drill: Drill,
) -> None:
    before, trusted = drill.names(), bundle(drill)["verify_key"]
    shutil.rmtree(drill.keys)
    drill.take("Put the lasting keys back", "Put the ledger of erasures back")
    drill.goes_on(rows=1)
    assert set(drill.names()) == set(before)
    assert bundle(drill)["verify_key"] == trusted


def test_lost_keys_that_are_begun_anew_take_nothing_until_tenants_are_said_again(
    drill: Drill,
) -> None:
    remit = drill.installed.remit
    remit("tenants", "set", "anna", "--edition", "professional")
    shutil.rmtree(drill.keys)
    block = steps()["Put the lasting keys back"].replace("remit keys confirm\n", "")
    drill.run(block)
    drill.take("Put the ledger of erasures back")
    event = '{"page": "/cart", "status": 200, "tenant": "stranger"}\n'
    for command in (("emit", "page_view", "--wait"), ("run",)):
        assert "remit keys confirm" in remit(*command, stdin=event, expect=2).stderr, command
    said = json.loads(remit("doctor", "--json", expect=1).stdout)["checks"]
    assert "remit keys confirm" in said["within reach"]["detail"]
    assert not (drill.keys / "bundle.json").exists()
    remit("tenants", "set", "anna", "--edition", "professional")
    assert "1 tenants" in remit("keys", "confirm").stdout
    before = len(drill.names())
    remit("emit", "page_view", "--wait", stdin=event.replace("stranger", "anna") + event, expect=1)
    assert len(drill.names()) == before + 1


def test_without_the_ledger_nothing_is_read_and_with_it_everything_is(drill: Drill) -> None:
    for name in ("erasures.ledger", "suppression.list"):
        (drill.keys / name).unlink()
    said = drill.installed.remit("verify", expect=2).stderr
    assert "restore the ledger" in said
    drill.take("Put the ledger of erasures back")
    drill.goes_on(rows=1)


def bundle(drill: Drill) -> Mapping[str, object]:
    """What SDKs are told."""
    found: Mapping[str, object] = json.loads((drill.keys / "bundle.json").read_bytes())
    return found
