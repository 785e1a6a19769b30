"""Restoring: a backup is checked, put in place whole, and nothing of an erased subject comes back with it."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remit_consumers.backup.files import check_files, copy_file, sync_tree
from remit_consumers.backup.making import LAKE, NONCE_BYTES, SEALED
from remit_consumers.backup.manifest import Kind, Manifest, read_manifest
from remit_consumers.backup_keys import key_file
from remit_consumers.erasure.ledger import FIRST as NOTHING_ERASED
from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.evidence.anchoring import anchor_restored
from remit_consumers.evidence.signed import Signer
from remit_consumers.keyfiles import read_key
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.format import check_format
from remit_consumers.locks import claim_consumer
from remit_consumers.proof.verified import FILE as VERIFIED
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_consumers.vault.store import INDEX_BYTES, SECRET_BYTES
from remit_consumers.vault.witness import Witness
from remit_schemas.durable import sync_folder
from remit_schemas.errors import KeysOutOfReach, SettingsError

PART: Final = ".restoring"

MADE_ANEW: Final = ("views", "ledger")
"""What was made from the lake that was there before; it must not be taken for what is made from this one."""


def restore_lake(
    settings: Settings, backup: Path, now: datetime, signer: Signer | None = None
) -> Manifest:
    """Put a lake back where none is; nothing reads it until the erasures since then are applied to it.

    Args:
        settings: Where everything lies; no consumer may run.
        backup: The backup's folder.
        now: Aware UTC.
        signer: Says in an anchor that the lake was put back; None: nobody can, and what anchors saw since is missed.

    Raises:
        SettingsError: It is no backup of a lake or a lapsed one, a lake is there, or a consumer runs.
        LakeError: It is damaged, of a newer remit's lake, or cannot be put in place.
    """
    manifest = _of_kind(backup, "lake", now)
    check_format(backup / LAKE)
    if settings.lake.exists():
        message = f"there is a lake in {settings.data}: move {settings.lake} away first"
        raise SettingsError(message)
    lock = claim_consumer(settings.locks, places=1)
    if lock is None:
        message = "a consumer runs on this data folder: stop it first"
        raise SettingsError(message)
    try:
        with reaching(settings.data):
            check_files(manifest, backup)
            part = _laid_out(settings, backup, manifest)
            if signer:
                anchor_restored(settings, part / LAKE, signer, (now, manifest.made_at))
            _put(settings, part)
    finally:
        lock.release()
    return manifest


def restore_vault(settings: Settings, vault: Vault, backup: Path, now: datetime) -> int:
    """Put the secrets back into a vault that has none, but for those of subjects that were erased since.

    Args:
        settings: Where everything lies.
        vault: Opened, and empty.
        backup: The backup's folder.
        now: Aware UTC.

    Returns:
        How many secrets stayed away, because their subjects were erased.

    Raises:
        SettingsError: It is no backup of a vault, or a lapsed one.
        LakeError: It is damaged.
        KeysOutOfReach: Its key is destroyed, or the vault has secrets or cannot be written.
    """
    manifest = _of_kind(backup, "vault", now)
    check_files(manifest, backup)
    try:
        key = read_key(key_file(settings.keys, manifest.made_at))
    except FileNotFoundError:
        message = "the key of this backup of the vault is not in REMIT_KEYS: it was destroyed, and the backup with it"
        raise KeysOutOfReach(message) from None
    records = unseal((backup / SEALED).read_bytes(), key)
    erased = _erased_after(manifest.erasures, ErasureLedger.open(settings.keys))
    vault.put({index: secret for index, secret in records.items() if index not in erased})
    Witness(settings.keys).begin(vault.extent())
    return len(erased & records.keys())


def _erased_after(head: str, ledger: ErasureLedger) -> set[bytes]:
    """The vault's records of everybody who was erased after the erasure with this hash."""
    everything = ledger.all()
    heads = [NOTHING_ERASED, *(one.hash for one in everything)]
    if head not in heads:
        message = "the backup knows an erasure that the ledger in REMIT_KEYS does not: restore the ledger first"
        raise KeysOutOfReach(message)
    later = everything[heads.index(head) :]
    return {index for one in later if one.scope.is_whole for index in one.indexes}


def unseal(sealed: bytes, key: bytes) -> dict[bytes, bytes]:
    """Open what `making.seal` made.

    Raises:
        KeysOutOfReach: It was sealed under another key.
    """
    try:
        text = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], SEALED.encode())
    except InvalidTag:
        raise KeysOutOfReach("the backup of the vault does not open under its key") from None
    size = INDEX_BYTES + SECRET_BYTES
    return {
        text[at : at + INDEX_BYTES]: text[at + INDEX_BYTES : at + size]
        for at in range(0, len(text), size)
    }


def _of_kind(backup: Path, kind: Kind, now: datetime) -> Manifest:
    manifest = read_manifest(backup)
    if manifest.kind != kind:
        message = f"this is a backup of the {manifest.kind}, and not of the {kind}"
        raise SettingsError(message)
    manifest.refuse_lapsed(now)
    return manifest


def _laid_out(settings: Settings, backup: Path, manifest: Manifest) -> Path:
    """Copy the files, the lake's aside; gives where that is."""
    part = settings.data / PART
    shutil.rmtree(part, ignore_errors=True)
    for name in manifest.files:
        target = part / name if name.startswith(f"{LAKE}/") else settings.data / name
        if not target.exists():  # what lies beside a lake is only ever added to
            copy_file(backup / name, target)
    return part


def _put(settings: Settings, part: Path) -> None:
    """Rename the lake into place: until then there is none."""
    for room in MADE_ANEW:
        shutil.rmtree(settings.data / room, ignore_errors=True)
    (settings.data / VERIFIED).unlink(missing_ok=True)  # that was the lake before
    sync_tree(part)
    (part / LAKE).rename(settings.lake)
    part.rmdir()
    sync_folder(settings.data)
