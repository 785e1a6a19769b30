"""Keys wrapped by AWS KMS: of no use without the service; and packs wait, sealed, while it is away."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from kit.crafted import Crafter, datums
from remit_consumers.custody.keeper import WRAPPED, FileKeyring
from remit_consumers.custody.place import keeper_of
from remit_consumers.keyring import Keyring
from remit_consumers.keys import KeyStore
from remit_consumers.settings import Settings
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Failed, Fate, Opened, open_packs
from remit_schemas.contract import builtin
from remit_schemas.errors import KeysOutOfReach, SettingsError
from remit_schemas.policy import find_policy

NOBODY = "http://127.0.0.1:9"
"""Where no service answers."""

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


class Kms:
    """A key management service on this machine.

    Attributes:
        place: What REMIT_CUSTODY says.
    """

    def __init__(self) -> None:
        self._port = 0
        self.start()
        host, port = self._server.get_host_and_port()
        self._port = port
        self.url = f"http://{host}:{port}"
        made = boto3.client("kms", endpoint_url=self.url).create_key()
        self.place = f"awskms://{made['KeyMetadata']['KeyId']}"

    def start(self) -> None:
        """Begin to answer, at the same address as before."""
        self._server = ThreadedMotoServer("127.0.0.1", port=self._port)
        self._server.start()

    def stop(self) -> None:
        """Go away."""
        self._server.stop()


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    service = Kms()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", service.url)
    yield service
    service.stop()


def store(folder: Path, place: str) -> KeyStore:
    return KeyStore.open(folder, find_policy(), keeper=keeper_of(place))


def test_no_key_of_the_store_lies_in_its_folder_as_it_is(kms: Kms, tmp_path: Path) -> None:
    keys = store(tmp_path, kms.place)
    keys.ensure(NOW)
    private = keys.private_key(keys.bundle().key_id)
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert not [name for name, data in files.items() if private in data or keys.index_key in data]
    wrapped = {name for name, data in files.items() if data.startswith(WRAPPED)}
    assert {"signing.key", "lane.key", "index.key"} < wrapped
    again = store(tmp_path, kms.place)
    assert again.index_key == keys.index_key
    assert again.private_key(keys.bundle().key_id) == private


def test_a_key_is_not_unwrapped_under_another_ones_name(kms: Kms, tmp_path: Path) -> None:
    store(tmp_path, kms.place)
    (tmp_path / "lane.key").write_bytes((tmp_path / "index.key").read_bytes())
    with pytest.raises(KeysOutOfReach, match=r"lane\.key"):
        store(tmp_path, kms.place)


def test_keys_of_before_there_was_a_keeper_are_wrapped_when_they_are_read(
    kms: Kms, tmp_path: Path
) -> None:
    before = Keyring(tmp_path).own("index.key")
    assert Keyring(tmp_path, keeper_of(kms.place)).own("index.key") == before
    assert before not in (tmp_path / "index.key").read_bytes()
    assert Keyring(tmp_path, keeper_of(kms.place)).own("index.key") == before


def test_wrapped_keys_without_the_keeper_say_what_to_set(kms: Kms, tmp_path: Path) -> None:
    store(tmp_path, kms.place)
    with pytest.raises(KeysOutOfReach, match="REMIT_CUSTODY"):
        store(tmp_path, "")


def test_while_the_service_is_away_packs_wait_sealed_and_open_when_it_is_back(
    kms: Kms, tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "data", tmp_path / "keys", tmp_path / "vault", custody=kms.place)
    sealed = [Sealed(0, 1, Crafter(settings).pack(datums(3)), 0.0)]
    keys = store(settings.keys, kms.place)  # it has not asked for the epoch's key yet
    kms.stop()
    (answer,) = open_packs(sealed, keys, builtin())
    assert isinstance(answer, Failed)
    assert answer.outcome is Fate.WAIT
    kms.start()
    (answer,) = open_packs(sealed, keys, builtin())
    assert isinstance(answer, Opened)


def test_a_store_is_not_opened_while_the_service_is_away(
    kms: Kms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path, kms.place)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", NOBODY)
    with pytest.raises(KeysOutOfReach, match="AWS KMS"):
        store(tmp_path, kms.place)


def test_an_epochs_key_that_cannot_be_unwrapped_is_out_of_reach_and_never_destroyed_or_unknown(
    kms: Kms, tmp_path: Path
) -> None:
    store(tmp_path, kms.place).ensure(NOW)
    keys = store(tmp_path, kms.place)
    key_id = keys.bundle().key_id
    kms.stop()
    with pytest.raises(KeysOutOfReach):
        keys.private_key(key_id)


def test_a_destroyed_epochs_wrapped_key_is_gone_from_the_folder(kms: Kms, tmp_path: Path) -> None:
    keys = store(tmp_path, kms.place)
    keys.ensure(NOW)
    (file,) = tmp_path.glob("epoch-*.key")
    wrapped = file.read_bytes()
    keys.destroy_due(NOW.replace(year=2027))
    assert not file.exists()
    assert not [one for one in tmp_path.iterdir() if wrapped in one.read_bytes()]


def test_a_place_that_is_no_keeper_is_told() -> None:
    assert isinstance(keeper_of(""), FileKeyring)
    for place in ("awskms://", "vault://somewhere"):
        with pytest.raises(SettingsError, match="REMIT_CUSTODY"):
            keeper_of(place)
