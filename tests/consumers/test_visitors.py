"""Visitors without an account: named under a day's key that is gone within 48 hours, and never in the vault."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from remit import visitor
from remit_consumers.keyfiles import KEY_BYTES
from remit_consumers.keys import KeyStore
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.final import plain
from remit_consumers.reducers.scope import Rows
from remit_consumers.vault import Vault
from remit_consumers.visitor_keys import VisitorKeys
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.policy import find_policy

EVENING = datetime(2026, 3, 5, 23, 50, tzinfo=UTC)
PROMISE = timedelta(hours=48)
ANN, SOMEBODY, ELSE = "ann", visitor("a" * 22), visitor("b" * 22)


class House:
    """A key store and a vault whose clock a test turns."""

    def __init__(self, folder: Path, now: datetime = EVENING) -> None:
        self.now = now
        self.folder = folder / "keys"
        self.store = KeyStore.open(self.folder, find_policy())
        self.store.ensure(now)
        self.vault = Vault.open(folder / "vault", b"k" * 32)
        self.restart()

    def restart(self) -> None:
        """Forget everything that only memory holds."""
        self.names = Pseudonyms(self.vault, "storage", VisitorKeys(self.folder, lambda: self.now))

    def of(self, *subjects: str | None, at: datetime | None = None, tenant: str = "") -> list[str]:
        """The pseudonyms of subjects whose events were collected at one time."""
        column = pa.array(subjects, pa.string())
        times = pa.array([at or self.now] * len(subjects), pa.timestamp("ms", "UTC"))
        rows = Rows(pa.array([tenant] * len(subjects), pa.string()), times)
        found: list[str] = plain(self.names.of(column, rows)).to_pylist()
        return found

    def files(self) -> list[str]:
        """The keys of visitors that lie in the store."""
        return sorted(path.name for path in self.folder.glob("visitor-*"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_visitors_have_one_name_a_day_and_the_vault_never_hears_of_them(house: House) -> None:
    ann, somebody, nobody, other, again = house.of(ANN, SOMEBODY, None, ELSE, SOMEBODY)
    assert somebody == again
    assert nobody is None
    assert len({ann, somebody, other}) == 3
    assert len(house.vault) == 1
    house.now += timedelta(minutes=20)
    assert house.of(SOMEBODY)[0] != somebody, "after midnight they have another"
    assert house.of(SOMEBODY, at=EVENING)[0] == somebody, "what was collected before keeps its own"
    assert house.of(SOMEBODY, tenant="b")[0] != house.of(SOMEBODY)[0]


def test_a_name_is_the_same_after_a_restart_and_in_another_process(house: House) -> None:
    before = house.of(SOMEBODY, ELSE)
    house.restart()
    assert house.of(SOMEBODY, ELSE) == before


def test_keys_are_gone_within_the_promise_and_names_with_them(house: House) -> None:
    house.of(SOMEBODY)
    assert house.files() == ["visitor-2026-03-05.key"]
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    house.now = midnight + PROMISE - timedelta(minutes=30)
    assert house.of(SOMEBODY, at=EVENING) == [None], (
        "before the keeper comes it is not used any more"
    )
    assert house.store.status(house.now).overdue == 1
    house.store.ensure(house.now)
    assert house.files() == []
    assert house.store.status(house.now).overdue == 0
    assert house.of(SOMEBODY, at=EVENING) == [None], "and never made again"
    assert house.files() == []
    mixed = house.of(ANN, SOMEBODY, at=EVENING)
    assert mixed[0] is not None
    assert mixed[1] is None


def test_a_clock_that_is_ahead_makes_no_key_that_lives_longer(house: House) -> None:
    assert house.of(SOMEBODY, at=EVENING + timedelta(days=4_000)) == house.of(SOMEBODY)
    assert house.files() == ["visitor-2026-03-05.key"]


def test_a_key_that_a_crash_left_half_destroyed_names_nobody(house: House) -> None:
    (house.folder / "visitor-2026-03-05.key").write_bytes(bytes(KEY_BYTES))
    assert house.of(SOMEBODY) == [None]
    house.store.ensure(EVENING + PROMISE)
    assert house.files() == []


def test_the_status_of_the_keys_shows_when_a_day_goes(house: House) -> None:
    house.of(SOMEBODY)
    (shown,) = house.store.status(house.now).visitors
    assert shown.day == date(2026, 3, 5)
    assert shown.destroy_at - datetime(2026, 3, 5, tzinfo=UTC) <= PROMISE


def test_a_key_store_out_of_reach_is_told_and_nobody_is_named_without_it(house: House) -> None:
    house.folder.rename(house.folder.with_name("unmounted"))
    with pytest.raises(KeysOutOfReach):
        house.of(SOMEBODY)


def test_memory_forgets_the_visitors_of_days_that_are_over(house: House) -> None:
    house.of(SOMEBODY)
    assert house.names.visitors is not None
    house.now += PROMISE
    house.names.forget_gone()
    assert not house.names.visitors._known  # noqa: SLF001 - what is forgotten cannot be seen from outside
    assert not house.names.visitors._keys._known  # noqa: SLF001 - nor can a key that is held no longer
