"""The keys of the consumers: epochs that open packs, and the key that signs bundles.

The folder (REMIT_KEYS) is made with mode 0700, its files with 0600::

    lock                 held by flock while something is changed
    signing.key          Ed25519, signs the bundle
    lane.key             keys the hash of a subject into its lane
    index.key            keys the vault's index
    address.key          keys the encryption of addresses that are stored (reducer `ip_encrypted`)
    epochs.json          the register: every key ever issued, without private keys, and the kill switch
    epoch-<key id>.key   X25519 private key, gone when its epoch is destroyed
    visitor-<day>.key    names the visitors of one day, gone within 48 hours
    backup-<when>.key    seals one backup of the vault, gone when its time is over
    bundle.json          what SDKs read
"""

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from remit_consumers import backup_keys
from remit_consumers.custody.keeper import Keeper
from remit_consumers.data_keys import DataKeys
from remit_consumers.epochs import (
    REGISTER,
    Epoch,
    KeysStatus,
    Register,
    VisitorKeyStatus,
    epoch_length,
    key_name,
    read_register,
    status_of,
    write_register,
)
from remit_consumers.freshness import Freshness
from remit_consumers.keyfiles import (
    FileState,
    FolderLock,
    destroy_key,
    file_state,
    is_exposed,
    lies_under,
    open_folder,
)
from remit_consumers.keyring import Keyring
from remit_consumers.visitor_keys import days_on_disk, destroys_at, is_due
from remit_consumers.visitor_keys import destroy_due as destroy_visitor_keys
from remit_schemas.bundle import BUNDLE_NAME, Bundle, encode_bundle
from remit_schemas.category import CATEGORIES
from remit_schemas.durable import replace_file, sync_folder
from remit_schemas.errors import (
    KeyDestroyed,
    KeyNeverIssued,
    KeysOutOfReach,
    SettingsError,
)
from remit_schemas.export.consent_receipt import ConsentReceipt, sign_receipt
from remit_schemas.header import KEY_ID_BYTES, Header
from remit_schemas.notice import Notice
from remit_schemas.policy import Policy
from remit_schemas.tenancy import Tenancy

__all__ = ["KeyStore", "KeysStatus", "lies_under"]

ADDRESS_KEY: Final = "address.key"
INDEX_KEY: Final = "index.key"
LANE_KEY: Final = "lane.key"


class KeyStore:
    """A key store, opened. Several processes may use one folder; changes are made under its lock."""

    def __init__(
        self,
        folder: Path,
        policy: Policy,
        notice: Notice | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._folder = folder
        self._policy = policy
        self._notice = notice
        self._raw_limit = timedelta(hours=policy.raw_limit_h)
        self._keyring = Keyring(folder, keeper)
        self._signing_key = self._keyring.own("signing.key")
        self._lane_key = self._keyring.own(LANE_KEY)
        self.index_key = self._keyring.own(INDEX_KEY)
        self._lock = FolderLock(folder / "lock")
        self._register = Register()
        self._read_as: FileState | None = None
        self._bundle: Bundle | None = None
        self._fresh = Freshness(folder, epoch_length(self._raw_limit) / 2, lambda: self.verify_key)
        self._private: dict[bytes, bytes] = {}
        self._data_keys = DataKeys(self.private_key)

    @classmethod
    def open(
        cls,
        folder: Path,
        policy: Policy,
        notice: Notice | None = None,
        keeper: Keeper | None = None,
    ) -> "KeyStore":
        """Open a key store, making it when there is none.

        Args:
            folder: REMIT_KEYS; never under the data folder.
            policy: The policy that new bundles carry and whose raw limit holds.
            notice: What they tell people of it.
            keeper: Who can unwrap the keys; None for files as they are.

        Raises:
            KeysOutOfReach: The folder cannot be made or read, a key in it is damaged, or its keeper does not answer.
        """
        try:
            return cls(open_folder(folder), policy, notice, keeper)
        except OSError as error:
            message = f"the key store cannot be opened: {error.strerror}"
            raise KeysOutOfReach(message) from None

    @property
    def verify_key(self) -> bytes:
        """What SDKs check a bundle against, 32 raw bytes."""
        return (
            Ed25519PrivateKey.from_private_bytes(self._signing_key).public_key().public_bytes_raw()
        )

    def sign(self, message: bytes) -> bytes:
        """Sign something as this deployment, 64 bytes (Ed25519, RFC 8032); `verify_key` checks it."""
        return Ed25519PrivateKey.from_private_bytes(self._signing_key).sign(message)

    @property
    def address_key(self) -> bytes:
        """The key that stored addresses are encrypted under, 32 bytes; made when it is asked for and there is none.

        Raises:
            KeysOutOfReach: It cannot be read or made, or is damaged.
        """
        try:
            return self._keyring.own(ADDRESS_KEY)
        except OSError as error:
            message = f"the key of addresses cannot be made: {error.strerror}"
            raise KeysOutOfReach(message) from None

    def ensure(self, now: datetime) -> Bundle:
        """Make the first epoch, the next one when it is due, and destroy what is due; cheap when nothing is.

        Args:
            now: Aware UTC.

        Returns:
            The bundle that holds now; ``bundle.json`` in the folder says the same.

        Raises:
            KeysOutOfReach: The folder cannot be read or written.
        """
        with self._changing():
            self.destroy_due(now)
            current = self._register.current
            if current is None or now >= current.rotate_at:
                return self.rotate(now)
            if self._fresh.is_ending(now):
                self._renew(now)
            if self._bundle is None or not (self._folder / BUNDLE_NAME).exists():
                self.export_bundle()
            return self.bundle()

    def rotate(self, now: datetime) -> Bundle:
        """Begin a new epoch now; what older ones sealed opens until each is destroyed."""
        with self._changing():
            private = X25519PrivateKey.generate()
            epoch = Epoch(
                name=now.strftime("%Y%m%dT%H%M%SZ"),
                key_id=secrets.token_bytes(KEY_ID_BYTES),
                public_key=private.public_key().public_bytes_raw(),
                created_at=now,
                not_after=now + epoch_length(self._raw_limit),
                destroy_at=now + self._raw_limit,
            )
            self._keyring.make(key_name(epoch.key_id), private.private_bytes_raw())
            self._renew(now)
            self._write(self._register.with_epoch(epoch))
            return self.bundle()

    def destroy_due(self, now: datetime) -> list[bytes]:
        """Destroy the private keys whose oldest pack has reached the raw limit, and keys of visitors and backups whose time is over.

        Returns:
            Key ids of the epochs that went in this call.
        """
        with self._changing():
            due = [epoch.key_id for epoch in self._register.epochs if self._is_due(epoch, now)]
            for key_id in due:
                destroy_key(self._folder / key_name(key_id))
            others = [
                *destroy_visitor_keys(self._folder, now),
                *backup_keys.destroy_due(self._folder, now),
            ]
            if due or others:
                sync_folder(self._folder)
            if due:
                self._write(self._register.with_destroyed(frozenset(due), now))
            return due

    def stop(self, category: str) -> Bundle:
        """Stop collecting a category: SDKs refuse it once they have read the new bundle.

        Raises:
            SettingsError: There is no such category.
        """
        return self._set_stopped(category, stopped=True)

    def start(self, category: str) -> Bundle:
        """Collect a stopped category again."""
        return self._set_stopped(category, stopped=False)

    def tenancy(self) -> Tenancy:
        """Give the tenants and campaigns as they stand now.

        Raises:
            KeysOutOfReach: The register cannot be read.
        """
        self._reload()
        return self._register.tenancy

    def set_tenancy(self, change: Callable[[Tenancy], Tenancy]) -> Tenancy:
        """Change tenants and campaigns: SDKs go by it once they have read the new bundle.

        Args:
            change: Told what stands, gives what is to stand; under the lock, so that no other change is lost.
        """
        with self._changing():
            self._reload()
            self._write(self._register.with_tenancy(change(self._register.tenancy)))
            return self._register.tenancy

    def private_key(self, key_id: bytes) -> bytes:
        """Give the private key of an epoch, 32 raw bytes.

        Raises:
            KeyDestroyed: Its epoch is over: what it sealed is unreadable for good.
            KeyNeverIssued: This store never had it.
            KeysOutOfReach: The store cannot be read now, or the key's file is missing before its time.
        """
        self._reload()
        epoch = self._register.find(key_id)
        if epoch is None:
            raise KeyNeverIssued("a pack is sealed to a key that this store never issued")
        if not epoch.opens:
            message = f"the key of epoch {epoch.name} is destroyed"
            raise KeyDestroyed(message)
        if key_id not in self._private:
            self._private[key_id] = self._read_private(epoch)
        return self._private[key_id]

    def data_key(self, header: Header) -> bytes:
        """Unwrap the data key of a pack, 32 bytes.

        Raises:
            KeyDestroyed: As `private_key`.
            KeyNeverIssued: As `private_key`.
            KeysOutOfReach: As `private_key`.
            Tampered: The data key was not wrapped to that epoch for this producer and lane.
        """
        return self._data_keys.of(header)

    def bundle(self) -> Bundle:
        """Build the bundle of the current epoch.

        Raises:
            KeysOutOfReach: There is no epoch yet: call `ensure` first.
        """
        self._reload()
        if self._bundle is None:
            self._bundle = self._make_bundle()
        return self._bundle

    def export_bundle(self, path: Path | None = None) -> Path:
        """Write the signed bundle to `path`, or into the folder; give where it is."""
        path = path or self._folder / BUNDLE_NAME
        replace_file(path, encode_bundle(self.bundle(), self._signing_key))
        return path

    def sign_receipt(self, receipt: ConsentReceipt) -> Mapping[str, object]:
        """Sign what a subject is handed, with the key that signs the bundle."""
        return sign_receipt(receipt, self._signing_key)

    def status(self, now: datetime) -> KeysStatus:
        """Say what each key does at `now`, what is stopped, and whom SDKs may trust."""
        self._reload()
        epochs = self._register.epochs
        visitors = days_on_disk(self._folder)
        return KeysStatus(
            epochs=tuple(status_of(epoch, self._register.current, now) for epoch in epochs),
            overdue=sum(self._is_due(epoch, now) for epoch in epochs)
            + sum(is_due(day, now) for day in visitors)
            + sum(backup_keys.is_due(one, now) for one in backup_keys.living(self._folder)),
            stopped=tuple(sorted(self._register.stopped)),
            verify_key=base64.b64encode(self.verify_key).decode("ascii"),
            exposed=is_exposed(self._folder),
            visitors=tuple(VisitorKeyStatus(day, destroys_at(day)) for day in visitors),
        )

    def _make_bundle(self) -> Bundle:
        current = self._register.current
        if current is None:
            raise KeysOutOfReach("the key store has no epoch that seals")
        return Bundle(
            policy=self._policy,
            epoch=current.name,
            key_id=current.key_id,
            public_key=current.public_key,
            not_after=current.not_after,
            stopped=self._register.stopped,
            lane_key=self._lane_key,
            fresh_until=self._fresh.until,
            notice=self._notice,
            tenancy=self._register.tenancy,
        )

    def _renew(self, now: datetime) -> None:
        """Have the next bundle be fresh anew."""
        self._fresh.renew(now)
        self._bundle = None

    def _read_private(self, epoch: Epoch) -> bytes:
        """Read a private key; one that is missing before its time may come back, so packs wait."""
        try:
            return self._keyring.read(key_name(epoch.key_id))
        except FileNotFoundError:
            message = f"the key of epoch {epoch.name} is missing and not destroyed"
            raise KeysOutOfReach(message) from None

    def _set_stopped(self, category: str, *, stopped: bool) -> Bundle:
        if category not in CATEGORIES:
            raise SettingsError("no such category; `remit policy explain` names those in use")
        with self._changing():
            before = self._register.stopped
            now = before | {category} if stopped else before - {category}
            self._write(self._register.with_stopped(now))
            return self.bundle()

    def _is_due(self, epoch: Epoch, now: datetime) -> bool:
        """A stricter raw limit of a newer policy holds for older epochs too; a laxer one does not."""
        return epoch.opens and now >= min(epoch.destroy_at, epoch.created_at + self._raw_limit)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the folder's lock and know its latest state; an error of the file system is one of the keys."""
        try:
            with self._lock.held() as taken:
                if taken:
                    self._reload()
                yield
        except OSError as error:
            message = f"the key store cannot be changed: {error.strerror}"
            raise KeysOutOfReach(message) from None

    def _reload(self) -> None:
        """Read the register again when another process has changed it, and forget what may have gone."""
        state = file_state(self._folder / REGISTER)
        if state is None and self._read_as is not None:
            raise KeysOutOfReach("the register of keys has gone")  # a folder that was unmounted
        if state != self._read_as:
            self._take(read_register(self._folder), state)

    def _write(self, register: Register) -> None:
        write_register(self._folder, register)
        self._take(register, file_state(self._folder / REGISTER))
        if register.current is not None:
            self.export_bundle()

    def _take(self, register: Register, state: FileState | None) -> None:
        self._register, self._read_as = register, state
        self._bundle = None
        self._private.clear()
        self._data_keys.clear()
