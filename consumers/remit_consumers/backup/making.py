"""Making backups: of the lake while it is written to, and of the vault apart from it, sealed."""

import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remit_consumers.backup.files import copy_file, inventory, sync_tree
from remit_consumers.backup.manifest import KEEP, Kind, Manifest, Position
from remit_consumers.backup.tables import copy_table, in_order
from remit_consumers.backup_keys import STAMP, key_file
from remit_consumers.erasure.ledger import applied_head
from remit_consumers.keyfiles import open_folder, own_key
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.format import check_format
from remit_consumers.lake.positions import standings
from remit_consumers.lake.promises import LAKE_LOG
from remit_consumers.lake.tables import is_table, open_table, tables_in
from remit_consumers.proof.verified import FILE as VERIFIED
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError

LAKE: Final = "lake"
SEALED: Final = "subjects.sealed"
NONCE_BYTES: Final = 12
PART: Final = ".part"

LEFT_OUT: Final = frozenset({"spool", "locks", "floors", "views", "ledger", VERIFIED})
"""What of a data folder is in no backup: on its way and sealed, or made anew from the lake; what was verified is this lake."""


def make_lake(settings: Settings, shelf: Path, now: datetime) -> Path:
    """Back the lake up, and what lies beside it below the data folder; consumers may go on.

    Args:
        settings: Where everything lies.
        shelf: The folder of backups.
        now: Aware UTC.

    Returns:
        The backup's folder.

    Raises:
        SettingsError: There is no lake, or no place for the backup.
        LakeError: It cannot be read or copied.
    """
    if not is_table(settings.lake, "positions"):
        message = f"there is no lake in {settings.data} to back up"
        raise SettingsError(message)
    head = applied_head(
        settings.lake
    )  # first: what is erased meanwhile is applied again, and never missed
    folder = _begun(settings, shelf, "lake", now)
    part = folder.with_name(folder.name + PART)
    with reaching(shelf):
        for path in _plain_files(settings):
            copy_file(settings.data / path, part / path)
        for name in in_order(tables_in(settings.lake)):
            copy_table(settings.lake, name, part / LAKE)
        check_format(settings.lake)  # raised meanwhile, the copy would say less than it holds
        _finish(_manifest("lake", part, now, head, _positions(part / LAKE)), part, folder)
    return folder


def make_vault(settings: Settings, vault: Vault, shelf: Path, now: datetime) -> Path:
    """Back the vault up, sealed under a key of its own that is destroyed when the backup's time is over.

    Args:
        settings: Where everything lies.
        vault: Opened.
        shelf: The folder of backups; best on another machine's disk, and never where the lake's are.
        now: Aware UTC.

    Returns:
        The backup's folder.

    Raises:
        SettingsError: There is no place for the backup.
        KeysOutOfReach: Keys or vault cannot be used.
    """
    head = applied_head(settings.lake)
    folder = _begun(settings, shelf, "vault", now)
    part = folder.with_name(folder.name + PART)
    records = vault.records()
    key = own_key(key_file(open_folder(settings.keys), now))
    with reaching(shelf):
        part.mkdir(mode=0o700)
        replace_file(part / SEALED, seal(records, key))
        made = _manifest("vault", part, now, head)
        _finish(made.model_copy(update={"secrets": len(records)}), part, folder)
    return folder


def seal(records: dict[bytes, bytes], key: bytes) -> bytes:
    """Seal secrets: nonce, then AES-256-GCM over index and secret of each."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    text = b"".join(index + secret for index, secret in records.items())
    return nonce + AESGCM(key).encrypt(nonce, text, SEALED.encode())


def _begun(settings: Settings, shelf: Path, kind: Kind, now: datetime) -> Path:
    """Where a backup is to lie; what an interrupted one of this name left is taken away."""
    for name, place in {"data": settings.data, **_secret(settings)}.items():
        if shelf.resolve().is_relative_to(place.resolve()):
            message = (
                f"backups of the {kind} may not lie in the {name} folder: name one that is apart"
            )
            raise SettingsError(message)
    folder = shelf / f"{kind}-{now:{STAMP}}"
    if folder.exists():
        message = f"{folder} is there already: backups of one kind are a second apart"
        raise SettingsError(message)
    with reaching(shelf):
        open_folder(shelf)
        shutil.rmtree(folder.with_name(folder.name + PART), ignore_errors=True)
    return folder


def _secret(settings: Settings) -> dict[str, Path]:
    """The folders of secrets."""
    places = {"keys": settings.keys, "vault": settings.vault}
    return {name: place for name, place in places.items() if isinstance(place, Path)}


def _plain_files(settings: Settings) -> Iterator[Path]:
    """Files below the data folder that belong to no table: certificates, texts, what the lake has applied."""
    secret = [place.resolve() for place in _secret(settings).values()]
    tables = [settings.lake / name for name in tables_in(settings.lake)]
    for file in sorted(settings.data.rglob("*")):
        path = file.relative_to(settings.data)
        is_other = path.parts[0] in LEFT_OUT or any(part.startswith(".") for part in path.parts)
        is_lock = file.suffix == ".lock"
        inside = any(file.is_relative_to(table) for table in tables)
        apart = any(file.resolve().is_relative_to(place) for place in secret)
        if file.is_file() and not (is_other or is_lock or inside or apart):
            yield path


def _positions(lake: Path) -> tuple[Position, ...]:
    """Where each partition of a log stands in a copied lake."""
    found = standings(open_table(lake, "positions"))
    return tuple(
        Position(log=log, partition=partition, position=one.position)
        for (log, partition), one in sorted(found.items())
        if not log.startswith(LAKE_LOG)
    )


def _manifest(
    kind: Kind, part: Path, now: datetime, head: str, positions: tuple[Position, ...] = ()
) -> Manifest:
    """What a backup says of itself."""
    return Manifest(
        kind=kind,
        made_at=now,
        keep_until=now + KEEP[kind],
        erasures=head,
        files=inventory(part),
        positions=positions,
    )


def _finish(manifest: Manifest, part: Path, folder: Path) -> None:
    """Write the manifest, and give the backup its name: only a whole one has it."""
    manifest.write(part)
    sync_tree(part)
    part.rename(folder)
    sync_tree(folder.parent)
