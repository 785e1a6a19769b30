"""The keys of the vault's backups: each is sealed under its own, and unreadable everywhere once that is destroyed.

A key is a file of the key store, ``backup-<when>.key``. It goes when the time of its backup is over, wherever copies of that
lie: no disk has to be found and no tape rewound. Whatever keeps the epochs' keys on time keeps these.

Source: policy 2021-11-01, clause S087a.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from remit_consumers.keyfiles import destroy_key

VAULT_LIVES: Final = timedelta(days=14)
"""How long a backup of the vault lives. A request is answered within 15 days (S102): by then no living backup has the secret
of anybody whose erasure was asked for. Source: policy 2021-11-01, clauses S087a, S102."""

STAMP: Final = "%Y%m%dT%H%M%SZ"

_PREFIX: Final = "backup-"
_SUFFIX: Final = ".key"


def key_file(folder: Path, made_at: datetime) -> Path:
    """Where the key of a backup lies in a key store; `made_at` is aware UTC, and counts to the second."""
    return folder / f"{_PREFIX}{made_at:{STAMP}}{_SUFFIX}"


def living(folder: Path) -> list[datetime]:
    """When each backup of the vault was made whose key is still there, the oldest first."""
    return [made_at for _, made_at in _files(folder)]


def is_due(made_at: datetime, now: datetime) -> bool:
    """Whether the time of a backup is over."""
    return now >= made_at + VAULT_LIVES


def destroy_due(folder: Path, now: datetime) -> list[datetime]:
    """Destroy the keys whose time is over; the caller holds the folder's lock and syncs the folder.

    Returns:
        Of which backups.
    """
    due = [(file, made_at) for file, made_at in _files(folder) if is_due(made_at, now)]
    for file, _ in due:
        destroy_key(file)
    return [made_at for _, made_at in due]


def _files(folder: Path) -> Iterator[tuple[Path, datetime]]:
    """The keys in a folder, each with when its backup was made."""
    for file in sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}")):
        with suppress(ValueError):  # not ours
            stamp = file.name[len(_PREFIX) : -len(_SUFFIX)]
            yield file, datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
