"""Backups: whole or not at all, checked before they are used, and at an end when their time is over."""

import json
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers import backup_keys
from remit_consumers.backup.files import copy_file
from remit_consumers.backup.making import PART, make_lake, make_vault
from remit_consumers.backup.manifest import KEEP, MANIFEST, read_manifest
from remit_consumers.backup.restoring import restore_lake, restore_vault
from remit_consumers.backup.shelf import beyond_use, listed, prune
from remit_consumers.backup.tables import in_order
from remit_consumers.lake.tables import open_table, row_tables
from remit_consumers.proof.verify import verify
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_schemas.errors import KeysOutOfReach, LakeError, SettingsError

pytestmark = pytest.mark.clause("S087a")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop with rows of two subjects."""
    shop = ErasingShop(tmp_path)
    shop.store(*shop.agree(NOON - MINUTE, "ann", "bob"))
    shop.store(shop.view(subject="ann"), shop.view(subject="bob"))
    shop.lake.materialise()
    return shop


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def elsewhere(shop: ErasingShop, folder: Path) -> Settings:
    """Another data folder with the same keys."""
    return Settings(folder / "data", shop.settings.keys, folder / "vault")


def breaches(data: Path) -> set[str]:
    """What `verify` finds wrong; sources count nothing in the packs of this kit, so their law is left out."""
    checks = verify(data, lag=0).checks
    return {name for name, check in checks.items() if not check.holds} - {"conservation"}


def test_a_restored_lake_has_every_row_and_holds(
    shop: ErasingShop, shelf: Path, tmp_path: Path
) -> None:
    backup = make_lake(shop.settings, shelf, NOON)
    manifest = read_manifest(backup)
    assert manifest.keep_until == NOON + KEEP["lake"]
    assert [one.partition for one in manifest.positions] == [0]
    there = elsewhere(shop, tmp_path / "there")
    restore_lake(there, backup, NOON)
    for name in row_tables(shop.root):
        rows = open_table(there.lake, name).delta.to_pyarrow_table()
        assert rows.num_rows == open_table(shop.root, name).delta.to_pyarrow_table().num_rows
    assert breaches(there.data) == set()


def test_a_backup_made_while_rows_are_stored_and_erased_holds(
    shop: ErasingShop, shelf: Path, tmp_path: Path
) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            shop.store(shop.view(subject="cy"), shop.view(subject="dee"))
            shop.lake.materialise()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        backups = [make_lake(shop.settings, shelf, NOON + n * MINUTE) for n in range(4)]
    finally:
        stop.set()
        worker.join()
    rows = []
    for number, backup in enumerate(backups):
        there = elsewhere(shop, tmp_path / f"there-{number}")
        restore_lake(there, backup, NOON)
        assert breaches(there.data) == set()
        rows.append(open_table(there.lake, "events/page_view").delta.to_pyarrow_table().num_rows)
    assert rows == sorted(rows)


def test_a_table_that_is_rewritten_in_the_middle_is_copied_again(
    shop: ErasingShop, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[str] = []

    def copied(source: Path, target: Path) -> None:
        if source.suffix == ".parquet" and "page_view" in source.parts and not erased:
            erased.append("ann")
            shop.erase("ann")
        copy_file(source, target)

    monkeypatch.setattr("remit_consumers.backup.tables.copy_file", copied)
    backup = make_lake(shop.settings, shelf, NOON)
    assert erased
    there = elsewhere(shop, tmp_path / "there")
    restore_lake(there, backup, NOON)
    assert open_table(there.lake, "events/page_view").delta.to_pyarrow_table().num_rows == 1


def test_what_is_not_whole_or_was_changed_is_not_restored(
    shop: ErasingShop, shelf: Path, tmp_path: Path
) -> None:
    backup = make_lake(shop.settings, shelf, NOON)
    there = elsewhere(shop, tmp_path / "there")
    there.data.mkdir(parents=True)
    (part,) = backup.glob("lake/events/page_view/day=*/*.parquet")
    data = part.read_bytes()
    part.write_bytes(data[:-1] + b"\0")
    with pytest.raises(LakeError, match="damaged"):
        restore_lake(there, backup, NOON)
    assert not there.lake.exists()
    (backup / MANIFEST).unlink()
    with pytest.raises(SettingsError, match="no backup"):
        restore_lake(there, backup, NOON)


def test_a_path_that_leads_out_of_a_backup_is_refused(shop: ErasingShop, shelf: Path) -> None:
    backup = make_lake(shop.settings, shelf, NOON)
    form = json.loads((backup / MANIFEST).read_text())
    form["files"]["../keys/index.key"] = {"bytes": 32, "sha256": "0"}
    (backup / MANIFEST).write_text(json.dumps(form))
    with pytest.raises(SettingsError, match="damaged"):
        read_manifest(backup)


def test_a_lake_is_never_put_over_another(shop: ErasingShop, shelf: Path) -> None:
    backup = make_lake(shop.settings, shelf, NOON)
    with pytest.raises(SettingsError, match="move"):
        restore_lake(shop.settings, backup, NOON)


@pytest.mark.parametrize("place", ["data", "keys", "vault"])
def test_no_backup_lies_in_a_folder_that_it_is_to_save(shop: ErasingShop, place: str) -> None:
    inside = Path(getattr(shop.settings, place)) / "backups"
    with pytest.raises(SettingsError, match="apart"):
        make_lake(shop.settings, inside, NOON)
    with pytest.raises(SettingsError, match="apart"):
        make_vault(shop.settings, shop.vault, inside, NOON)


def test_a_lapsed_backup_is_refused_and_pruned_with_its_key(
    shop: ErasingShop, shelf: Path, tmp_path: Path
) -> None:
    old = make_vault(shop.settings, shop.vault, shelf, NOON)
    lake = make_lake(shop.settings, shelf, NOON)
    late = NOON + KEEP["vault"]
    young = make_vault(shop.settings, shop.vault, shelf, late - MINUTE)
    empty = Vault.open(tmp_path / "other", shop.deployment.keys.index_key)
    with pytest.raises(SettingsError, match="lapsed"):
        restore_vault(shop.settings, empty, old, late)
    assert prune(shelf, shop.settings.keys, late) == [old.name]
    assert {one.name for one in listed(shelf)} == {lake.name, young.name}
    assert backup_keys.living(shop.settings.keys) == [late - MINUTE]


def test_a_copy_of_a_vaults_backup_is_unreadable_once_its_key_is_destroyed(
    shop: ErasingShop, shelf: Path, tmp_path: Path
) -> None:
    backup = make_vault(shop.settings, shop.vault, shelf, NOON)
    keys = shop.deployment.keys
    assert keys.status(NOON + KEEP["vault"]).overdue >= 1
    keys.destroy_due(NOON + KEEP["vault"])
    empty = Vault.open(tmp_path / "other", keys.index_key)
    with pytest.raises(KeysOutOfReach, match="destroyed"):
        restore_vault(shop.settings, empty, backup, NOON)


def test_who_was_erased_is_beyond_use_until_the_last_backup_that_has_them_ends(
    shop: ErasingShop, shelf: Path
) -> None:
    keys = shop.settings.keys
    for day in (0, 1, 2):
        made = datetime.fromisoformat(f"2026-03-0{4 + day}T12:00:00+00:00")
        make_vault(shop.settings, shop.vault, shelf, made)
    assert beyond_use(keys, NOON).subjects == 0
    shop.erase("ann")
    found = beyond_use(keys, NOON)
    assert (found.subjects, found.since) == (1, NOON)
    assert found.until == NOON + KEEP["vault"]  # the one of the day after does not have her
    assert len(found.backups) == 3
    assert beyond_use(keys, NOON + KEEP["vault"]).subjects == 0


def test_what_an_interrupted_backup_left_is_no_backup_and_in_nobodys_way(
    shop: ErasingShop, shelf: Path
) -> None:
    left = shelf / f"lake-{NOON:{backup_keys.STAMP}}{PART}"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    assert listed(shelf) == []
    backup = make_lake(shop.settings, shelf, NOON)
    assert not left.exists()
    assert not (backup / "half").exists()
    with pytest.raises(SettingsError, match="already"):
        make_lake(shop.settings, shelf, NOON)
    left.mkdir()
    assert prune(shelf, shop.settings.keys, NOON) == []  # it may be in the making
    assert prune(shelf, shop.settings.keys, NOON + timedelta(days=2)) == [left.name]
    assert not left.exists()


def test_tables_are_copied_in_the_order_in_which_nothing_can_be_missing() -> None:
    names = ["events/a", "tagsets", "withdrawn", "receipts", "floors", "positions", "consents"]
    assert in_order(names) == [
        "positions",
        "receipts",
        "consents",
        "withdrawn",
        "events/a",
        "floors",
        "tagsets",
    ]
