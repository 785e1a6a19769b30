"""The vault: one secret for each subject, durable before it is used, and no plain id."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.vault import Vault
from remit_consumers.vault.file_store import FILE
from remit_schemas.errors import KeysOutOfReach

INDEX_KEY = bytes(range(32))
HEADER = 24
RECORD = 68


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data-vault"


def open_vault(folder: Path) -> Vault:
    return Vault.open(folder, INDEX_KEY)


def test_a_secret_stays_what_it_was(folder: Path) -> None:
    vault = open_vault(folder)
    secrets = vault.secrets_of("", ["alice", "bob", "alice"])
    assert secrets[0] == secrets[2] != secrets[1]
    assert {len(secret) for secret in secrets} == {32}
    assert open_vault(folder).secrets_of("", ["alice", "bob", "alice"]) == secrets
    assert len(vault) == 2


def test_the_same_subject_of_two_tenants_is_two_subjects(folder: Path) -> None:
    vault = open_vault(folder)
    assert vault.secret_of("shop-a", "alice") != vault.secret_of("shop-b", "alice")


def test_no_way_to_cut_tenant_and_subject_gives_the_same_secret(folder: Path) -> None:
    vault = open_vault(folder)
    pairs = [("a", "bc"), ("ab", "c"), ("a\0b", "c"), ("a", "\0bc"), ("", "abc"), ("a", "b\0c")]
    assert len({vault.secret_of(*pair) for pair in pairs}) == len(pairs)


def test_no_plain_id_and_no_guessable_index_is_in_the_folder(folder: Path, tmp_path: Path) -> None:
    open_vault(folder).secrets_of("shop-a", ["alice@example.com"])
    stored = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"alice" not in stored
    assert b"shop-a" not in stored
    other = Vault.open(tmp_path / "other", bytes(32))
    other.secret_of("shop-a", "alice@example.com")
    assert (tmp_path / "other" / FILE).read_bytes()[HEADER : HEADER + 32] not in stored


def test_the_folder_is_for_its_owner_only(folder: Path) -> None:
    open_vault(folder).secret_of("", "alice")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_two_vaults_of_one_folder_never_give_one_subject_two_secrets(folder: Path) -> None:
    one, other = open_vault(folder), open_vault(folder)
    first = one.secrets_of("", ["alice", "bob"])
    assert other.secrets_of("", ["bob", "carol", "alice"])[::2] == [first[1], first[0]]
    assert one.secret_of("", "carol") == other.secret_of("", "carol")


GIVES = """
import sys
from pathlib import Path
from remit_consumers.vault import Vault
vault = Vault.open(Path(sys.argv[1]), bytes(range(32)))
for start in range(0, 200, 10):
    vault.secrets_of("", [f"subject-{n}" for n in range(start, start + 10)])
print("".join(secret.hex() for secret in vault.secrets_of("", [f"subject-{n}" for n in range(200)])))
"""


def test_processes_at_once_agree_on_every_secret(folder: Path) -> None:
    command = [sys.executable, "-c", GIVES, str(folder)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) for _ in range(3)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    assert len(open_vault(folder)) == 200


@pytest.mark.parametrize("torn", [1, 32, RECORD - 1])
def test_what_a_crash_tore_off_is_cut_and_the_rest_stands(folder: Path, torn: int) -> None:
    before = open_vault(folder).secrets_of("", ["alice", "bob"])
    with (folder / FILE).open("ab") as file:
        file.write(b"\x55" * torn)
    vault = open_vault(folder)
    assert vault.secrets_of("", ["alice", "bob"]) == before
    carol = vault.secret_of("", "carol")
    assert (folder / FILE).stat().st_size == HEADER + 3 * RECORD
    assert open_vault(folder).secret_of("", "carol") == carol


def test_whole_records_of_zeros_that_a_power_loss_left_are_cut_too(folder: Path) -> None:
    open_vault(folder).secret_of("", "alice")
    with (folder / FILE).open("ab") as file:
        file.write(bytes(5 * RECORD))
    vault = open_vault(folder)
    vault.secret_of("", "bob")
    assert len(open_vault(folder)) == 2
    assert vault.damaged == 0


def test_a_damaged_record_in_the_middle_is_counted_and_costs_no_other(folder: Path) -> None:
    before = open_vault(folder).secrets_of("", ["alice", "bob", "carol"])
    data = bytearray((folder / FILE).read_bytes())
    data[HEADER + RECORD + 40] ^= 1
    (folder / FILE).write_bytes(data)
    vault = open_vault(folder)
    assert vault.damaged == 1
    after = vault.secrets_of("", ["alice", "bob", "carol"])
    assert after[0] == before[0]
    assert after[2] == before[2]
    assert after[1] != before[1]


def test_a_file_that_shrank_under_a_running_vault_is_out_of_reach(folder: Path) -> None:
    vault = open_vault(folder)
    vault.secrets_of("", ["alice", "bob"])
    os.truncate(folder / FILE, HEADER + RECORD)
    with pytest.raises(KeysOutOfReach):
        vault.secret_of("", "carol")


def test_a_file_that_is_no_vault_is_out_of_reach_and_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(b"something else entirely")
    with pytest.raises(KeysOutOfReach):
        open_vault(folder)
    assert (folder / FILE).read_bytes() == b"something else entirely"


def test_a_vault_that_goes_away_is_out_of_reach_and_never_names_a_subject(folder: Path) -> None:
    vault = open_vault(folder)
    vault.secret_of("", "alice")
    (folder / FILE).unlink()
    with pytest.raises(KeysOutOfReach):  # known, but whether she was forgotten since nobody can say
        vault.secret_of("", "alice")
    with pytest.raises(KeysOutOfReach) as caught:
        vault.secret_of("", "canary")
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_is_kept_in_memory_is_bounded_and_changes_no_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit_consumers.vault.vault.KNOWN_MAX", 5)
    vault = open_vault(folder)
    names = [f"subject-{n}" for n in range(20)]
    whole = vault.secrets_of("", names)
    assert [vault.secret_of("", name) for name in names] == whole


@given(names=st.lists(st.text(max_size=20), max_size=30), tenant=st.text(max_size=5))
def test_any_text_is_a_subject_and_equal_ones_have_one_secret(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], tenant: str
) -> None:
    folder = tmp_path_factory.mktemp("vault")
    secrets = open_vault(folder).secrets_of(tenant, names)
    assert len(set(secrets)) == len(set(names))
    assert dict(zip(names, secrets, strict=True)) == dict(
        zip(names, open_vault(folder).secrets_of(tenant, names), strict=True)
    )
