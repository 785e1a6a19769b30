"""The drill of docs/backup.md: a backup, an erasure, the backup put back; nothing ties to the person, and nothing reads it until that holds."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest

from kit.installation import Installation
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import erase
from remit_consumers.erasure.scope import REQUESTED, Scope, SubjectRef
from remit_consumers.pseudonyms import STORAGE_DOMAIN
from remit_consumers.reducers.pseudonym import pseudonyms
from remit_consumers.settings import Settings

pytestmark = pytest.mark.clause("S087a", "S087b")

ANN = "ann.smith@shop"
QUERY = (
    "query",
    "SELECT count(*) AS n FROM page_view",
    "--purpose",
    "essential.service.operations",
)
REFUSAL = "run `remit restore --apply-erasures`"


class Drill:
    """An installation with rows of two subjects, one of them about to be erased.

    Attributes:
        installed: The installation.
        settings: Where it lies.
        shelf: Where its backups lie.
        name: The pseudonym that Ann's rows bear.
    """

    def __init__(self, installed: Installation, shelf: Path) -> None:
        self.installed = installed
        self.shelf = shelf
        self.settings = Settings.from_env(installed.env)
        events = [{"page": "/cart", "status": 200, "subject": who} for who in (ANN, "bob", ANN)]
        self.emit(*events)
        secret = Deployment.open(self.settings).vault.known_secret_of("", ANN)
        assert secret is not None
        self.secret = secret
        self.name = pseudonyms([secret], STORAGE_DOMAIN)[0]

    def emit(self, *events: dict[str, object]) -> None:
        """Have events stored."""
        lines = "".join(f"{json.dumps(event)}\n" for event in events)
        self.installed.remit("emit", "page_view", "--wait", stdin=lines)

    def backup(self, what: str) -> Path:
        """Make a backup of the lake or the vault."""
        return Path(str(self.installed.facts("backup", what, str(self.shelf))["backup"]))

    def erase(self) -> None:
        """Erase Ann from everything that stands."""
        deployment = Deployment.open(self.settings)
        erase(deployment, [SubjectRef("", ANN)], Scope(), REQUESTED, datetime.now(UTC))

    def rows_of_ann(self) -> int:
        """How many rows bear her pseudonym."""
        subjects = self.installed.rows("page_view").column("subject")
        return int(pc.sum(pc.equal(subjects, self.name)).as_py() or 0)


@pytest.fixture
def drill(embedded: Installation, tmp_path: Path) -> Drill:
    return Drill(embedded, tmp_path / "backups")


def refused(drill: Drill, *command: str, stdin: str = "") -> str:
    """The one line with which a command refuses."""
    said = drill.installed.remit(*command, stdin=stdin, expect=2).stderr.splitlines()
    assert len(said) == 1
    return said[0]


def test_an_erased_subject_does_not_come_back_with_the_lakes_backup(drill: Drill) -> None:
    backup = drill.backup("make")
    drill.erase()
    assert drill.rows_of_ann() == 0
    shutil.rmtree(drill.settings.lake)
    told = drill.installed.facts("restore", str(backup))
    assert told["restored"] == "lake"
    assert drill.rows_of_ann() == 2  # as the disk has it: rows of nobody, for the secret is gone
    assert Deployment.open(drill.settings, restored=True).vault.known_secret_of("", ANN) is None
    for command in (QUERY, ("verify",), ("views", "build"), ("emit", "page_view", "--wait")):
        assert REFUSAL in refused(drill, *command), command
    assert REFUSAL in refused(drill, "consent", "show", "-", stdin="bob")
    assert drill.installed.facts("restore", "--apply-erasures") == {"applied": 1}
    assert drill.rows_of_ann() == 0
    assert drill.installed.breaches() == {}
    assert drill.installed.facts(*QUERY)["rows"] == [{"n": 1}]
    drill.emit({"page": "/late", "status": 200, "subject": "bob"})
    assert drill.installed.breaches() == {}


def test_an_erased_subject_does_not_come_back_with_the_vaults_backup(drill: Drill) -> None:
    backup = drill.backup("vault")
    drill.erase()
    beyond = drill.installed.facts("backup", "list")["beyond_use"]
    assert isinstance(beyond, dict)
    assert beyond["subjects"] == "<10"
    assert beyond["until"] is not None
    assert ANN not in json.dumps(beyond)
    bob = Deployment.open(drill.settings).vault.known_secret_of("", "bob")
    shutil.rmtree(drill.settings.vault)
    told = drill.installed.facts("restore", str(backup))
    assert (told["secrets"], told["erased_left_out"]) == (1, 1)
    vault = Deployment.open(drill.settings).vault
    assert vault.known_secret_of("", ANN) is None
    assert vault.known_secret_of("", "bob") == bob
    assert drill.installed.breaches() == {}


def test_both_backups_put_back_by_hand_tie_nothing_to_the_person_until_applied(
    drill: Drill,
) -> None:
    aside = drill.shelf / "by-hand"
    shutil.copytree(drill.settings.data, aside)
    drill.erase()
    shutil.rmtree(drill.settings.data)
    shutil.copytree(aside, drill.settings.data)
    assert REFUSAL in refused(drill, "verify")
    drill.installed.remit("restore", "--apply-erasures")
    assert drill.rows_of_ann() == 0
    assert drill.installed.breaches() == {}


def test_neither_backup_holds_a_secret_a_key_or_the_ledger_in_the_clear(drill: Drill) -> None:
    folders = drill.backup("make"), drill.backup("vault")
    drill.erase()
    held = [file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()]
    secrets = [drill.secret, *(file.read_bytes() for file in drill.settings.keys.glob("*.key"))]
    assert not [secret for secret in secrets if any(secret in data for data in held)]
    names = {file.name for folder in folders for file in folder.rglob("*")}
    assert not {"subjects.vault", "epochs.json", "erasures.ledger"} & names


def test_what_is_newer_than_the_backup_is_not_erased_by_it(drill: Drill) -> None:
    drill.erase()
    backup = drill.backup("make")
    shutil.rmtree(drill.settings.lake)
    drill.installed.remit("restore", str(backup))
    assert drill.installed.facts("restore", "--apply-erasures") == {"applied": 0}
    assert drill.installed.breaches() == {}
