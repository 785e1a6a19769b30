"""The data keys of packs, unwrapped: the last ones are kept, because unwrapping one costs 56 µs."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from remit_schemas.header import Header
from remit_schemas.sealing import data_key_info, unwrap_data_key

DATA_KEYS_MAX: Final = 4096  # 64 processes of 12 lanes, five times over

_Name = tuple[bytes, bytes, int, bytes]


class DataKeys:
    """Unwraps the data keys of packs under the private keys of their epochs."""

    def __init__(self, private_key: Callable[[bytes], bytes]) -> None:
        """Begin with none.

        Args:
            private_key: Gives the private key of an epoch by its id.
        """
        self._private_key = private_key
        self._known: OrderedDict[_Name, bytes] = OrderedDict()

    def of(self, header: Header) -> bytes:
        """Unwrap the data key of a pack, 32 bytes.

        Raises:
            SealingKeyError: As `private_key` raises it.
            Tampered: It was not wrapped to that epoch for this producer and lane.
        """
        name = (header.wrapped_key, header.producer, header.lane, header.key_id)
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        private = self._private_key(header.key_id)
        data_key = unwrap_data_key(
            private, header.wrapped_key, data_key_info(header.producer, header.lane)
        )
        self._known[name] = data_key
        if len(self._known) > DATA_KEYS_MAX:
            self._known.popitem(last=False)
        return data_key

    def clear(self) -> None:
        """Forget all: an epoch may be over."""
        self._known.clear()
