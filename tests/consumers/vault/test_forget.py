"""A secret that was destroyed is nowhere: not in the file, not in another process, and not after a crash."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.reducers.scope import Scope
from remit_consumers.vault import Vault
from remit_consumers.vault.file_store import FILE, RECORD, Edition
from remit_schemas.durable import make_file
from remit_schemas.errors import KeysOutOfReach

INDEX_KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def open_vault(folder: Path) -> Vault:
    return Vault.open(folder, INDEX_KEY)


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_neither_the_secret_nor_the_index_of_who_was_forgotten_is_in_the_file(folder: Path) -> None:
    vault = open_vault(folder)
    alice, bob = vault.secrets_of("shop", ["alice", "bob"])
    assert vault.forget("shop", "alice")
    assert alice not in bytes_of(folder)
    assert vault.index_of("shop", "alice") not in bytes_of(folder)
    assert vault.known_secret_of("shop", "alice") is None
    assert vault.secret_of("shop", "bob") == bob
    assert not vault.forget("shop", "alice")


def test_who_comes_back_after_being_forgotten_is_somebody_else(folder: Path) -> None:
    vault = open_vault(folder)
    before = vault.secret_of("", "alice")
    vault.forget("", "alice")
    after = vault.secret_of("", "alice")
    assert after != before
    assert open_vault(folder).secret_of("", "alice") == after


def test_another_tenants_subject_of_the_same_name_is_not_forgotten(folder: Path) -> None:
    vault = open_vault(folder)
    vault.secret_of("shop-a", "alice")
    other = vault.secret_of("shop-b", "alice")
    vault.forget("shop-a", "alice")
    assert vault.secret_of("shop-b", "alice") == other


def test_another_process_notices_and_neither_uses_the_secret_nor_writes_it_back(
    folder: Path,
) -> None:
    one, other = open_vault(folder), open_vault(folder)
    alice, bob = one.secrets_of("", ["alice", "bob"])
    assert other.secrets_of("", ["alice", "bob"]) == [alice, bob]
    one.forget("", "alice")
    assert other.known_secret_of("", "alice") is None
    other.forget("", "bob")
    assert alice not in bytes_of(folder)
    assert bob not in bytes_of(folder)
    again = other.secret_of("", "alice")
    assert again != alice
    assert one.secret_of("", "alice") == again


def test_pseudonyms_in_memory_go_with_the_secret(folder: Path) -> None:
    names = Pseudonyms(open_vault(folder), STORAGE_DOMAIN)
    scope = Scope("", "")
    before = names.names(scope, ["alice", "bob"])
    open_vault(folder).forget("", "alice")
    after = names.names(scope, ["alice", "bob"])
    assert after[0] != before[0]
    assert after[1] == before[1]
    assert names.known("", "alice") == [after[0]]


def test_a_thousand_subjects_are_forgotten_in_one_go_and_the_rest_stands(folder: Path) -> None:
    vault = open_vault(folder)
    names = [f"subject-{n}" for n in range(5_000)]
    secrets = vault.secrets_of("", names)
    begun = time.process_time()
    assert all(vault.forget_all(("", name) for name in names[::5]))
    assert time.process_time() - begun < 1
    stored = bytes_of(folder)
    found = [secret in stored for secret in secrets]
    assert found == [bool(n % 5) for n in range(5_000)]
    assert len(open_vault(folder)) == 4_000


@pytest.mark.parametrize("place", [0, 1, 2])
def test_two_processes_append_after_a_record_was_destroyed_and_agree(
    folder: Path, place: int
) -> None:
    one, other = open_vault(folder), open_vault(folder)
    names = ["alice", "bob", "carol"]
    one.secrets_of("", names)
    other.secrets_of("", names)
    one.forget("", names[place])
    dave = other.secret_of("", "dave")
    erin = one.secret_of("", "erin")
    assert one.secret_of("", "dave") == dave
    assert open_vault(folder).secrets_of("", ["dave", "erin"]) == [dave, erin]
    assert open_vault(folder).damaged == 0


def test_what_is_left_of_a_damaged_record_is_overwritten_too(folder: Path) -> None:
    vault = open_vault(folder)
    alice = vault.secrets_of("", ["alice", "bob"])[0]
    data = bytearray((folder / FILE).read_bytes())
    data[data.index(alice) - 32] ^= 1  # her index is torn, her secret is whole
    (folder / FILE).write_bytes(data)
    again = open_vault(folder)
    assert again.damaged == 1
    assert not again.forget("", "alice")
    assert alice not in bytes_of(folder)


def test_an_older_vault_that_is_put_back_under_a_running_process_is_refused(folder: Path) -> None:
    vault = open_vault(folder)
    vault.secret_of("", "alice")
    older = (folder / FILE).read_bytes()
    vault.forget("", "alice")
    (folder / FILE).write_bytes(older)
    with pytest.raises(KeysOutOfReach, match="older"):
        vault.secret_of("", "alice")


def test_another_vault_that_is_put_in_place_under_a_running_process_is_refused(
    folder: Path,
) -> None:
    vault = open_vault(folder)
    vault.secret_of("", "alice")
    (folder / FILE).unlink()
    make_file(folder / FILE, Edition.first().header)
    with pytest.raises(KeysOutOfReach, match="another"):
        vault.secret_of("", "alice")


def test_a_file_of_the_first_form_is_brought_to_the_new_one_with_every_secret(folder: Path) -> None:
    names = ["alice", "bob"]
    before = open_vault(folder).secrets_of("", names)
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(b"RMVAULT1" + data[-2 * RECORD.size :])
    vault = open_vault(folder)
    assert vault.secrets_of("", names) == before
    assert vault.forget("", "alice")
    assert before[0] not in bytes_of(folder)


FORGETS = """
import os, signal, sys
from pathlib import Path
from remit_consumers.vault import Vault

vault = Vault.open(Path(sys.argv[1]), bytes(range(32)))
left = int(sys.argv[2])

def dying(call):
    def called(*arguments):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return call(*arguments)
    return called

os.pwrite, os.fsync = dying(os.pwrite), dying(os.fsync)
vault.forget_all(("", name) for name in ("alice", "carol"))
"""
"""Dies in place of the given call that would change the file or have it be durable."""

STEPS = 5
"""Raise the edition, sync, overwrite two records, sync."""


@pytest.mark.parametrize("step", range(STEPS + 1))
def test_killed_at_any_step_each_secret_is_whole_or_gone_and_a_second_call_ends_it(
    folder: Path, step: int
) -> None:
    watching = open_vault(folder)
    names = ["alice", "bob", "carol", "dave"]
    secrets = watching.secrets_of("", names)
    done = subprocess.run(
        [sys.executable, "-c", FORGETS, str(folder), str(step)], env=dict(os.environ), check=False
    )
    assert done.returncode == (0 if step == STEPS else -signal.SIGKILL)
    for name, secret in zip(names, secrets, strict=True):
        assert watching.known_secret_of("", name) in {secret, None}
        assert (watching.known_secret_of("", name) is None) == (secret not in bytes_of(folder))
    open_vault(folder).forget_all([("", "alice"), ("", "carol")])
    assert watching.secrets_of("", ["bob", "dave"]) == secrets[1::2]
    assert not [secret for secret in secrets[::2] if secret in bytes_of(folder)]
    assert not set(watching.secrets_of("", ["alice", "carol"])) & set(secrets)
