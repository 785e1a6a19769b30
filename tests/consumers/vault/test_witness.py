"""An older copy of the vault, or another one, is known by what was noted of it beside the keys, and not used."""

import shutil
from pathlib import Path

import pytest

from kit.postgres import Postgres
from remit_consumers.vault import Vault
from remit_consumers.vault.file_store import FILE as SUBJECTS
from remit_consumers.vault.witness import FILE, Witness
from remit_schemas.errors import KeysOutOfReach

INDEX_KEY = bytes(range(32))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


def opened(keys: Path, place: Path | str | None = None) -> Vault:
    return Vault.open(place or keys.parent / "vault", INDEX_KEY, Witness(keys))


def copied(keys: Path) -> bytes:
    return (keys.parent / "vault" / SUBJECTS).read_bytes()


def put_back(keys: Path, copy: bytes) -> None:
    (keys.parent / "vault" / SUBJECTS).write_bytes(copy)


def test_a_copy_from_before_somebody_came_is_refused(keys: Path) -> None:
    opened(keys).secret_of("", "anna")
    copy = copied(keys)
    opened(keys).secret_of("", "bob")
    opened(keys)
    put_back(keys, copy)
    with pytest.raises(
        KeysOutOfReach, match=r"older copy of the vault .*`remit restore`"
    ) as caught:
        opened(keys)
    assert "anna" not in str(caught.value)


def test_a_copy_from_before_somebody_was_forgotten_is_refused_at_once(keys: Path) -> None:
    vault = opened(keys)
    vault.secrets_of("", ["anna", "bob"])
    copy = copied(keys)
    vault.forget("", "anna")
    put_back(keys, copy)
    with pytest.raises(KeysOutOfReach, match="older copy"):
        opened(keys)


def test_another_vault_is_refused_until_what_was_noted_is_deleted(keys: Path) -> None:
    opened(keys).secret_of("", "anna")
    shutil.rmtree(keys.parent / "vault")
    with pytest.raises(KeysOutOfReach, match=f"another vault .* delete {FILE}"):
        opened(keys)
    (keys / FILE).unlink()
    opened(keys).secret_of("", "anna")


def test_a_vault_goes_on_after_secrets_were_destroyed_and_made(keys: Path) -> None:
    vault = opened(keys)
    for turn in range(3):
        vault.secrets_of("", [f"{turn}-{n}" for n in range(5)])
        vault.forget_all([("", f"{turn}-{n}") for n in range(1, 5)])
        opened(keys).secret_of("", f"late-{turn}")
        opened(keys)


def test_a_vault_that_was_put_back_on_purpose_is_the_one_from_here_on(keys: Path) -> None:
    records = {bytes(32): bytes(32)}
    opened(keys).secrets_of("", ["anna", "bob"])
    shutil.rmtree(keys.parent / "vault")
    vault = Vault.open(keys.parent / "vault", INDEX_KEY)
    vault.put(records)
    Witness(keys).begin(vault.extent())
    assert opened(keys).records() == records


def test_what_cannot_be_read_is_not_taken_for_nothing(keys: Path) -> None:
    opened(keys)
    (keys / FILE).write_bytes(b"{")
    with pytest.raises(KeysOutOfReach, match=FILE):
        opened(keys)


def test_a_database_that_has_less_than_it_had_is_refused(keys: Path, postgres: Postgres) -> None:
    place = postgres.empty()
    opened(keys, place).secrets_of("", ["anna", "bob"])
    opened(keys, place)
    less = postgres.empty()
    with pytest.raises(KeysOutOfReach, match="another vault"):
        opened(keys, less)
