"""What tests of the producers share: a home with a bundle, and clients that are closed in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.answered import Answers
from kit.spooled import Home, MakeClient
from remit.client import Client
from remit.settings import Settings


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever REMIT_… says outside, it is not said to these tests."""
    for name in ("REMIT_DATA", "REMIT_KEYS", "REMIT_LOG", "REMIT_POLICY", "REMIT_TRUST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A data folder with a bundle beside it."""
    return Home(tmp_path)


@pytest.fixture
def answers(home: Home, tmp_path: Path) -> Answers:
    """What the programs of a test are answered."""
    return Answers(home, tmp_path)


@pytest.fixture
def make_client(home: Home) -> Iterator[MakeClient]:
    """Start clients in that home; settings by name."""
    clients: list[Client] = []

    def make(*, hold: bool = False, log: str = "", **settings: object) -> Client:
        chosen = Settings(**settings)  # type: ignore[arg-type]  # a test names fields
        client = Client("test", data=home.data, log=log, settings=chosen, hold=hold)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close(10)
