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
    keys-format          which remit wrote all this (`keys_format`)
"""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit_consumers import backup_keys
from remit_consumers.custody.keeper import Keeper
from remit_consumers.data_keys import DataKeys
from remit_consumers.epoch_keys import EpochKeys
from remit_consumers.epochs import (
    Epoch,
    EpochStatus,
    KeysStatus,
    Register,
    VisitorKeyStatus,
    check_confirmed,
    epoch_length,
    key_name,
    status_of,
)
from remit_consumers.freshness import Freshness
from remit_consumers.keyfiles import (
    destroy_key,
    is_exposed,
    lies_under,
    open_folder,
)
from remit_consumers.keyring import Keyring
from remit_consumers.keys_format import check_format
from remit_consumers.shared_register import SharedRegister
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
from remit_schemas.header import Header
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
        self._shared = SharedRegister(folder, self._forget)
        self._bundle: Bundle | None = None
        self._fresh = Freshness(folder, epoch_length(self._raw_limit) / 2, lambda: self.verify_key)
        self._epoch_keys = EpochKeys(folder, self._keyring)
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
            KeysOutOfReach: The folder cannot be made or read or is a newer remit's, a key in it is damaged, or its keeper
                does not answer.
        """
        try:
            check_format(open_folder(folder))
            return cls(folder, policy, notice, keeper)
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
        """Make the first epoch, the next one when it is due or the key is lost, and destroy what is due; cheap when nothing is.

        Args:
            now: Aware UTC.

        Returns:
            The bundle that holds now; ``bundle.json`` in the folder says the same.

        Raises:
            KeysOutOfReach: The folder cannot be read or written.
        """
        with self._shared.changing():
            self.destroy_due(now)
            self.check_confirmed()
            current = self._shared.register.current
            if current is None or now >= current.rotate_at or self._epoch_keys.is_lost(current):
                return self.rotate(now)
            if self._fresh.is_ending(now):
                self._renew(now)
            if self._bundle is None or not (self._folder / BUNDLE_NAME).exists():
                self.export_bundle()
            return self.bundle()

    def rotate(self, now: datetime, *, is_beside_older: bool = False) -> Bundle:
        """Begin a new epoch now; what older ones sealed opens until each is destroyed.

        Args:
            now: Aware UTC.
            is_beside_older: Whether there are data of before: where this is the first epoch, what the lost register said of
                tenants, campaigns and stops is unknown, and nothing is taken until `confirm`.
        """
        with self._shared.changing():
            epoch = self._epoch_keys.begin(now, self._raw_limit)
            self._renew(now)
            awaits = self._shared.register.awaits or (
                is_beside_older and not self._shared.register.epochs
            )
            self._write(self._shared.register.with_epoch(epoch).with_awaits(awaits=awaits))
            return self._built()

    def destroy_due(self, now: datetime) -> list[bytes]:
        """Destroy the private keys whose oldest pack has reached the raw limit, and keys of visitors and backups whose time is over.

        Returns:
            Key ids of the epochs that went in this call.
        """
        with self._shared.changing():
            due = [
                epoch.key_id for epoch in self._shared.register.epochs if self._is_due(epoch, now)
            ]
            for key_id in due:
                destroy_key(self._folder / key_name(key_id))
            others = [
                *destroy_visitor_keys(self._folder, now),
                *backup_keys.destroy_due(self._folder, now),
            ]
            if due or others:
                sync_folder(self._folder)
            if due:
                self._write(self._shared.register.with_destroyed(frozenset(due), now))
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
        self._shared.read()
        return self._shared.register.tenancy

    def set_tenancy(self, change: Callable[[Tenancy], Tenancy]) -> Tenancy:
        """Change tenants and campaigns: SDKs go by it once they have read the new bundle.

        Args:
            change: Told what stands, gives what is to stand; under the lock, so that no other change is lost.
        """
        with self._shared.changing():
            self._shared.read()
            self._write(self._shared.register.with_tenancy(change(self._shared.register.tenancy)))
            return self._shared.register.tenancy

    def confirm(self) -> Tenancy:
        """Confirm that tenants, campaigns and stops are as they should be; gives the first two."""
        with self._shared.changing():
            self._write(self._shared.register.with_awaits(awaits=False))
            return self._shared.register.tenancy

    def distrust(self, stored_at: datetime) -> bool:
        """Await confirmation if the register was begun later than data that come back; gives whether it was.

        Args:
            stored_at: When the data were as they are, aware UTC, in whole seconds.
        """
        with self._shared.changing():
            first = next(iter(self._shared.register.epochs), None)
            if first is None or first.created_at.replace(microsecond=0) <= stored_at:
                return False
            (self._folder / BUNDLE_NAME).unlink(missing_ok=True)
            self._write(self._shared.register.with_awaits(awaits=True))
            return True

    def check_confirmed(self) -> None:
        """See that the register was not begun anew without a word on what the lost one said.

        Raises:
            KeysUnconfirmed: It was.
            KeysOutOfReach: It cannot be read.
        """
        self._shared.read()
        check_confirmed(self._shared.register)

    def private_key(self, key_id: bytes) -> bytes:
        """Give the private key of an epoch, 32 raw bytes.

        Raises:
            KeyDestroyed: Its epoch is over: what it sealed is unreadable for good.
            KeyNeverIssued: This store never had it.
            KeyLost: Its file is missing before its time.
            KeysOutOfReach: The store cannot be read now, or is unconfirmed.
        """
        self.check_confirmed()
        epoch = self._shared.register.find(key_id)
        if epoch is None:
            raise KeyNeverIssued("a pack is sealed to a key that this store never issued")
        if not epoch.opens:
            message = f"the key of epoch {epoch.name} is destroyed"
            raise KeyDestroyed(message)
        return self._epoch_keys.private(epoch)

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
            KeysOutOfReach: There is no epoch yet: call `ensure` first. Or the register is unconfirmed.
        """
        self.check_confirmed()
        return self._built()

    def _built(self) -> Bundle:
        """The bundle of the register as it was read."""
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
        self._shared.read()
        epochs = self._shared.register.epochs
        visitors = days_on_disk(self._folder)
        return KeysStatus(
            epochs=tuple(self._status_of(epoch, now) for epoch in epochs),
            overdue=sum(self._is_due(epoch, now) for epoch in epochs)
            + sum(is_due(day, now) for day in visitors)
            + sum(backup_keys.is_due(one, now) for one in backup_keys.living(self._folder)),
            stopped=tuple(sorted(self._shared.register.stopped)),
            verify_key=base64.b64encode(self.verify_key).decode("ascii"),
            exposed=is_exposed(self._folder),
            visitors=tuple(VisitorKeyStatus(day, destroys_at(day)) for day in visitors),
        )

    def _status_of(self, epoch: Epoch, now: datetime) -> EpochStatus:
        is_lost = self._epoch_keys.is_lost(epoch)
        return status_of(epoch, self._shared.register.current, now, is_lost=is_lost)

    def _make_bundle(self) -> Bundle:
        current = self._shared.register.current
        if current is None:
            raise KeysOutOfReach("the key store has no epoch that seals")
        return Bundle(
            policy=self._policy,
            epoch=current.name,
            key_id=current.key_id,
            public_key=current.public_key,
            not_after=current.not_after,
            stopped=self._shared.register.stopped,
            lane_key=self._lane_key,
            fresh_until=self._fresh.until,
            notice=self._notice,
            tenancy=self._shared.register.tenancy,
        )

    def _renew(self, now: datetime) -> None:
        """Have the next bundle be fresh anew."""
        self._fresh.renew(now)
        self._bundle = None

    def _set_stopped(self, category: str, *, stopped: bool) -> Bundle:
        if category not in CATEGORIES:
            raise SettingsError("no such category; `remit policy explain` names those in use")
        with self._shared.changing():
            before = self._shared.register.stopped
            now = before | {category} if stopped else before - {category}
            self._write(self._shared.register.with_stopped(now))
            return self._built()

    def _is_due(self, epoch: Epoch, now: datetime) -> bool:
        """A stricter raw limit of a newer policy holds for older epochs too; a laxer one does not."""
        return epoch.opens and now >= min(epoch.destroy_at, epoch.created_at + self._raw_limit)

    def _write(self, register: Register) -> None:
        self._shared.write(register)
        if register.current is not None and not register.awaits:
            self.export_bundle()

    def _forget(self) -> None:
        """The register is another: what was made of it may have gone."""
        self._bundle = None
        self._epoch_keys.forget()
        self._data_keys.clear()
