"""A shelf of backups: what lies on it, what lapsed, and whose secrets are still in a living backup of the vault."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from remit_consumers import backup_keys
from remit_consumers.backup.making import PART
from remit_consumers.backup.manifest import MANIFEST, Manifest, read_manifest
from remit_consumers.backup_keys import STAMP, VAULT_LIVES
from remit_consumers.erasure.ledger import Erasure, ErasureLedger
from remit_consumers.keyfiles import FolderLock
from remit_consumers.lake.fault import reaching
from remit_schemas.durable import sync_folder

UNFINISHED_LIVES: Final = timedelta(days=1)  # no backup takes longer to make


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup on a shelf.

    Attributes:
        name: Of its folder.
        manifest: What it says of itself.
    """

    name: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class BeyondUse:
    """Erased subjects whose secret a living backup of the vault may still hold; nothing may bring it back.

    Attributes:
        subjects: How many at most: of those erased, some may have come after the backup was made.
        since: When the first of them was erased; None where there are none.
        until: When the last of those backups ends, its key destroyed; None where there are none.
        backups: When each living backup of the vault was made, wherever it lies, the oldest first.
    """

    subjects: int
    since: datetime | None
    until: datetime | None
    backups: tuple[datetime, ...]

    def days_left(self, now: datetime) -> float:
        """Days until nobody is beyond use any more; 0 where nobody is."""
        return max((self.until - now) / timedelta(days=1), 0.0) if self.until else 0.0


def listed(shelf: Path) -> list[Listed]:
    """The backups on a shelf, the oldest first.

    Raises:
        SettingsError: One of them has a damaged manifest.
    """
    folders = sorted(file.parent for file in shelf.glob(f"*/{MANIFEST}"))
    found = [Listed(folder.name, read_manifest(folder)) for folder in folders]
    return sorted(found, key=lambda one: one.manifest.made_at)


def prune(shelf: Path, keys: Path, now: datetime) -> list[str]:
    """Delete the backups that lapsed and what interrupted ones left, and destroy their keys; gives the names of those that went.

    Raises:
        LakeError: One cannot be deleted.
        SettingsError: One has a damaged manifest.
    """
    lapsed = [one.name for one in listed(shelf) if now >= one.manifest.keep_until]
    gone = [*lapsed, *_left(shelf, now)]
    with reaching(shelf):
        if keys.is_dir():
            with FolderLock(keys / "lock").held():
                if backup_keys.destroy_due(keys, now):
                    sync_folder(keys)
        for name in gone:
            shutil.rmtree(shelf / name)
        if gone:
            sync_folder(shelf)
    return gone


def _left(shelf: Path, now: datetime) -> list[str]:
    """What backups left that were begun long ago and never finished; it may hold what was erased since."""
    stamp = f"{now - UNFINISHED_LIVES:{STAMP}}"
    parts = sorted(path.name for path in shelf.glob(f"*-*{PART}"))
    return [name for name in parts if name.removesuffix(PART).rpartition("-")[2] <= stamp]


def beyond_use(keys: Path, now: datetime) -> BeyondUse:
    """Say whose state is beyond use: erased, and still in a backup of the vault whose key lives.

    Args:
        keys: REMIT_KEYS: the ledger of erasures lies there, and the keys of the backups.
        now: Aware UTC.

    Raises:
        KeysOutOfReach: The ledger cannot be read.

    Source: policy 2021-11-01, clause S087a.
    """
    living = [one for one in backup_keys.living(keys) if not backup_keys.is_due(one, now)]
    erased = (
        ErasureLedger.open(keys).all() if living else []
    )  # opening each record of it takes its time
    whole = [one for one in erased if one.scope.is_whole]
    held = [(one, kept) for one in whole if (kept := _last_before(living, one))]
    return BeyondUse(
        subjects=len({index for one, _ in held for index in one.indexes}),
        since=min((one.at for one, _ in held), default=None),
        until=max((kept + VAULT_LIVES for _, kept in held), default=None),
        backups=tuple(living),
    )


def _last_before(living: list[datetime], erasure: Erasure) -> datetime | None:
    """The newest living backup that was made before an erasure was done."""
    done = erasure.certificate["facts"]["done_at"] if erasure.certificate else None
    at = datetime.fromisoformat(done) if done else datetime.max.replace(tzinfo=erasure.at.tzinfo)
    return max((made_at for made_at in living if made_at <= at), default=None)
