"""`remit backup` and `remit restore`: what they print, and what they refuse in one line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.command import Said

Remit = Callable[..., Said]


@pytest.fixture
def vault_backup(remit: Remit, folder: Path) -> Path:
    """A backup of a vault that has nobody yet."""
    said = remit("backup", "vault", str(folder / "backups"), "--json")
    assert said.code == 0
    return Path(json.loads(said.out)["backup"])


def test_a_backup_of_the_vault_is_listed_with_its_end(
    remit: Remit, vault_backup: Path, folder: Path
) -> None:
    told = json.loads(remit("backup", "list", str(folder / "backups"), "--json").out)
    (backup,) = told["backups"]
    assert (backup["name"], backup["kind"]) == (vault_backup.name, "vault")
    assert told["beyond_use"]["subjects"] == 0
    assert told["beyond_use"]["until"] is None
    assert len(told["beyond_use"]["vault_backups"]) == 1
    said = remit("backup", "list", str(folder / "backups"))
    assert "1 living backups of the vault" in said.out
    assert vault_backup.name in said.out


def test_nothing_is_pruned_before_its_time(remit: Remit, vault_backup: Path, folder: Path) -> None:
    told = json.loads(remit("backup", "prune", str(folder / "backups"), "--json").out)
    assert told == {"deleted": []}
    assert vault_backup.exists()
    assert remit("backup", "prune", str(folder / "backups")).out.startswith("0 deleted")


def test_a_restored_vault_says_how_many_secrets_came_back(remit: Remit, vault_backup: Path) -> None:
    said = remit("restore", str(vault_backup))
    assert said.code == 0
    assert "secrets: 0" in said.out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("restore",), "name the folder of a backup"),
        (("restore", "nowhere"), "holds no backup"),
        (("backup", "make", "backups"), "there is no lake"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    remit: Remit, words: tuple[str, ...], problem: str
) -> None:
    said = remit(*words)
    assert said.code == 2
    assert problem in said.problem
