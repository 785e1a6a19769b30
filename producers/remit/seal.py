"""Data keys: made here, wrapped to the epoch's public key, used for one lane and ten minutes."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from remit_schemas.sealing import DATA_KEY_BYTES, data_key_info, wrap_data_key

DATA_KEY_AGE_S: Final = 600.0  # ten minutes, DESIGN D2


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key and what a reader needs to have it.

    Attributes:
        key: 32 random bytes; never leaves this process.
        wrapped: The key, wrapped to the epoch's public key.
        key_id: Names the epoch's key.
        made_at: Monotonic seconds.
    """

    key: bytes
    wrapped: bytes
    key_id: bytes
    made_at: float


class DataKeys:
    """The data keys of one producer. Not for two threads at once."""

    __slots__ = ("_key_id", "_keys", "_now", "_producer", "_public_key")

    def __init__(
        self,
        producer: bytes,
        key_id: bytes,
        public_key: bytes,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._key_id = key_id
        self._public_key = public_key
        self._now = now
        self._keys: dict[int, DataKey] = {}

    def renew(self, key_id: bytes, public_key: bytes) -> None:
        """Go over to another epoch: every lane gets a new key."""
        if key_id != self._key_id:
            self._key_id = key_id
            self._public_key = public_key
            self._keys.clear()

    def of(self, lane: int) -> DataKey:
        """Give the key of a lane, a new one where there is none or it is ten minutes old."""
        now = self._now()
        key = self._keys.get(lane)
        if key is None or now - key.made_at > DATA_KEY_AGE_S:
            key = self._keys[lane] = new_data_key(
                self._producer, lane, self._key_id, self._public_key, now
            )
        return key


def new_data_key(
    producer: bytes, lane: int, key_id: bytes, public_key: bytes, now: float = 0.0
) -> DataKey:
    """Make a data key and wrap it."""
    key = os.urandom(DATA_KEY_BYTES)
    wrapped = wrap_data_key(public_key, key, data_key_info(producer, lane))
    return DataKey(key, wrapped, key_id, now)
