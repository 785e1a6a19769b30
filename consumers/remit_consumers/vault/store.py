"""What a vault stands on: something that keeps a secret under an index, gives it to all processes, and can destroy it."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

INDEX_BYTES: Final = 32  # HMAC-SHA256 of tenant and subject
SECRET_BYTES: Final = 32  # a key of HMAC-SHA256


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a vault has come.

    Attributes:
        vault: Its id, 8 bytes.
        edition: Grows by one whenever secrets are destroyed.
        records: Secrets that were ever put into it in this edition; fewer are an older copy.
    """

    vault: bytes
    edition: int
    records: int

    @property
    def place(self) -> tuple[int, int]:
        """What only ever grows."""
        return self.edition, self.records


class SecretStore(Protocol):
    """The secrets of a vault by their index. Every method raises KeysOutOfReach where the store cannot be used.

    Attributes:
        damaged: Records that cannot be read any more; their secrets are lost.
    """

    damaged: int

    def __len__(self) -> int:
        """How many secrets there are, as far as this process has seen."""
        ...

    def edition(self) -> Hashable:
        """Give what changes whenever secrets were destroyed, by whichever process: who remembers any asks it first."""
        ...

    def extent(self) -> Extent:
        """Give how far the vault has come, as it lies there now."""
        ...

    def find(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give the secrets that there are under these indexes; make none."""
        ...

    def secrets(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give the secret under each index; those made in this call are durable before it returns."""
        ...

    def forget(self, indexes: Iterable[bytes]) -> frozenset[bytes]:
        """Destroy secrets durably, all of them or, after a crash, each wholly or not at all; give which there were."""
        ...

    def records(self) -> dict[bytes, bytes]:
        """Give every secret there is by its index: for a backup."""
        ...

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Fill a store that has no secret yet, durably and wholly or not at all: from a backup."""
        ...
