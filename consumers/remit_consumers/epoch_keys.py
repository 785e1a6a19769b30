"""The private keys of epochs: made, read, and found missing."""

import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from remit_consumers.epochs import REGISTER, Epoch, epoch_length, key_name
from remit_consumers.keyring import Keyring
from remit_schemas.errors import KeyLost, KeysOutOfReach
from remit_schemas.header import KEY_ID_BYTES


class EpochKeys:
    """The private keys of the epochs of one folder; those that were read are remembered until `forget`."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring
        self._known: dict[bytes, bytes] = {}

    def begin(self, now: datetime, raw_limit: timedelta) -> Epoch:
        """Make the key of a new epoch, durably.

        Args:
            now: Aware UTC.
            raw_limit: After which it is destroyed.
        """
        private = X25519PrivateKey.generate()
        epoch = Epoch(
            name=now.strftime("%Y%m%dT%H%M%SZ"),
            key_id=secrets.token_bytes(KEY_ID_BYTES),
            public_key=private.public_key().public_bytes_raw(),
            created_at=now,
            not_after=now + epoch_length(raw_limit),
            destroy_at=now + raw_limit,
        )
        self._keyring.make(key_name(epoch.key_id), private.private_bytes_raw())
        return epoch

    def private(self, epoch: Epoch) -> bytes:
        """Give the private key of an epoch that is not destroyed, 32 raw bytes.

        Raises:
            KeyLost: Its file is not there, though the register is.
            KeysOutOfReach: It cannot be read now.
        """
        if epoch.key_id not in self._known:
            try:
                self._known[epoch.key_id] = self._keyring.read(key_name(epoch.key_id))
            except FileNotFoundError:
                raise self._missing(epoch) from None
        return self._known[epoch.key_id]

    def is_lost(self, epoch: Epoch) -> bool:
        """Whether the key of an epoch is missing before its time, while the rest of the folder is there."""
        return epoch.opens and not self._file(epoch).exists() and self._is_there

    def forget(self) -> None:
        """Forget what was read: it may have gone."""
        self._known.clear()

    def _missing(self, epoch: Epoch) -> KeysOutOfReach:
        message = f"the key of epoch {epoch.name} is missing and not destroyed"
        return KeyLost(message) if self._is_there else KeysOutOfReach(message)

    @property
    def _is_there(self) -> bool:
        """Whether the folder is: one that was unmounted has no register either."""
        return (self._folder / REGISTER).exists()

    def _file(self, epoch: Epoch) -> Path:
        return self._folder / key_name(epoch.key_id)
