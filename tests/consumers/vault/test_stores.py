"""The same cases for every place where a vault may lie: a folder, and a real PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.postgres import Postgres
from remit_consumers.vault import Vault, file_store
from remit_schemas.errors import KeysOutOfReach, SettingsError

INDEX_KEY = bytes(range(32))

Place = Path | str


@pytest.fixture(params=["folder", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a vault."""
    if request.param == "folder":
        return tmp_path / "vault"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty()


@pytest.fixture
def opened(place: Place) -> Callable[[], Vault]:
    """Opens the vault as another process would."""
    return lambda: Vault.open(place, INDEX_KEY)


def test_a_place_says_whether_a_vault_was_begun_there(place: Place) -> None:
    assert not Vault.exists(place)
    Vault.open(place, INDEX_KEY)
    assert Vault.exists(place)


def raise_format(place: Place) -> None:
    """Make a vault one of the next release."""
    if isinstance(place, Path):
        data = (place / file_store.FILE).read_bytes()
        newer = data[:7] + b"%d" % (file_store.FORMAT + 1) + data[8:]
        (place / file_store.FILE).write_bytes(newer)
    else:
        with psycopg.connect(place, autocommit=True) as to:
            to.execute("UPDATE remit_vault_format SET number = number + 1")


def test_a_vault_of_a_newer_remit_is_left_alone_by_who_opens_it_and_who_has_it_open(
    place: Place, opened: Callable[[], Vault]
) -> None:
    vault = opened()
    vault.secret_of("", "alice")
    raise_format(place)
    before = (place / file_store.FILE).read_bytes() if isinstance(place, Path) else b""
    asked = (opened, vault.edition, lambda: vault.secrets_of("", ["alice", "bob"]))
    for each in asked:
        with pytest.raises(KeysOutOfReach, match="written by a newer remit"):
            each()
    assert not isinstance(place, Path) or (place / file_store.FILE).read_bytes() == before


def test_a_secret_stays_what_it_was(opened: Callable[[], Vault]) -> None:
    secrets = opened().secrets_of("shop", ["alice", "bob", "alice"])
    assert secrets[0] == secrets[2] != secrets[1]
    assert {len(secret) for secret in secrets} == {32}
    assert opened().secrets_of("shop", ["alice", "bob", "alice"]) == secrets
    assert len(opened()) == 2


def test_a_question_puts_nobody_into_the_vault(opened: Callable[[], Vault]) -> None:
    vault = opened()
    assert vault.known_secret_of("", "alice") is None
    assert len(opened()) == 0


def test_two_that_use_one_place_agree_on_every_secret(opened: Callable[[], Vault]) -> None:
    one, other = opened(), opened()
    first = one.secrets_of("", ["alice", "bob"])
    assert other.secrets_of("", ["bob", "carol", "alice"])[::2] == [first[1], first[0]]
    assert one.secret_of("", "carol") == other.secret_of("", "carol")


def test_who_is_forgotten_is_unknown_to_all_and_comes_back_as_somebody_else(
    opened: Callable[[], Vault],
) -> None:
    one, other = opened(), opened()
    alice, bob = one.secrets_of("", ["alice", "bob"])
    assert other.secrets_of("", ["alice", "bob"]) == [alice, bob]
    before = other.edition()
    assert one.forget_all([("", "alice"), ("", "nobody")]) == [True, False]
    assert other.edition() != before
    assert other.known_secret_of("", "alice") is None
    again, same = other.secrets_of("", ["alice", "bob"])
    assert again != alice
    assert same == bob
    assert one.secret_of("", "alice") == again


def test_asking_to_forget_who_is_not_there_disturbs_nobody(opened: Callable[[], Vault]) -> None:
    vault = opened()
    vault.secret_of("", "alice")
    before = vault.edition()
    assert not vault.forget("", "bob")
    assert vault.edition() == before


def test_what_is_put_back_from_a_backup_is_what_was_and_goes_only_into_an_empty_vault(
    opened: Callable[[], Vault], tmp_path: Path
) -> None:
    other = Vault.open(tmp_path / "other", INDEX_KEY)
    secrets = other.secrets_of("", ["alice", "bob"])
    vault = opened()
    vault.put(other.records())
    assert opened().secrets_of("", ["alice", "bob"]) == secrets
    assert vault.records() == other.records()
    with pytest.raises(KeysOutOfReach, match="already"):
        vault.put(other.records())


GIVES = """
import sys
from pathlib import Path
from remit_consumers.vault import Vault
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
vault = Vault.open(place, bytes(range(32)))
for start in range(0, 200, 10):
    vault.secrets_of("", [f"subject-{n}" for n in range(start, start + 10)])
print("".join(secret.hex() for secret in vault.secrets_of("", [f"subject-{n}" for n in range(200)])))
"""


def test_processes_at_once_agree_on_every_secret(place: Place, opened: Callable[[], Vault]) -> None:
    command = [sys.executable, "-c", GIVES, str(place)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    said = {process.communicate()[0] for process in started}
    assert len(said) == 1
    assert said != {b""}
    assert len(opened()) == 200


names = st.sampled_from(["ann", "bob", "cy", "dee"])
deeds = st.lists(st.tuples(st.integers(0, 1), st.booleans(), names), max_size=12)


@settings(max_examples=15)
@given(deeds=deeds)
def test_whatever_two_processes_do_a_forgotten_secret_never_comes_back(
    place: Place, deeds: list[tuple[int, bool, str]]
) -> None:
    tenant = str(deeds)  # each example has subjects of its own
    vaults = [Vault.open(place, INDEX_KEY) for _ in range(2)]
    now: dict[str, bytes] = {}
    gone: set[bytes] = set()
    for number, forgets, name in deeds:
        if forgets:
            assert vaults[number].forget(tenant, name) == (name in now)
            gone |= {now.pop(name)} if name in now else set()
        else:
            secret = vaults[number].secret_of(tenant, name)
            assert secret not in gone
            assert now.setdefault(name, secret) == secret


def test_a_secret_that_was_forgotten_is_in_no_file_of_the_database_but_its_log(
    postgres: Postgres,
) -> None:
    assert postgres.data is not None
    vault = Vault.open(postgres.empty(), INDEX_KEY)
    alice, bob = vault.secrets_of("", ["alice", "bob"])
    assert vault.forget("", "alice")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    stored = [file.read_bytes() for file in (postgres.data / "base").rglob("*") if file.is_file()]
    assert any(bob in data for data in stored)
    assert not any(alice in data for data in stored)


def test_a_server_that_went_away_holds_what_asks_and_a_restart_is_survived(
    postgres: Postgres,
) -> None:
    vault = Vault.open(postgres.empty(), INDEX_KEY)
    alice = vault.secret_of("", "alice")
    postgres.stop()
    try:
        with pytest.raises(KeysOutOfReach) as caught:
            vault.secret_of("", "canary")
        assert "canary" not in str(caught.value)
        assert postgres.url not in str(caught.value)
    finally:
        postgres.start()
    assert vault.secret_of("", "alice") == alice


def test_another_vault_under_a_running_process_is_refused(postgres: Postgres) -> None:
    vault = Vault.open(postgres.empty(), INDEX_KEY)
    vault.secret_of("", "alice")
    Vault.open(postgres.empty(), INDEX_KEY)
    with pytest.raises(KeysOutOfReach, match="another"):
        vault.secret_of("", "alice")


def test_no_secret_goes_to_another_machine_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="sslmode"):
        Vault.open("postgresql://remit@db.example/vault", INDEX_KEY)
    with pytest.raises(SettingsError, match="no address"):
        Vault.open("postgresql://[", INDEX_KEY)
