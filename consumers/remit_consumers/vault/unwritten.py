"""Unwritten: a store of secrets that reads another and writes nothing, for who only wants to see what would come of something."""

import secrets
from collections.abc import Collection, Hashable, Iterable, Mapping

from remit_consumers.vault.store import SECRET_BYTES, Extent, SecretStore
from remit_schemas.errors import KeysOutOfReach


class Unwritten:
    """What a store has, and secrets for all others that go with this process."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store
        self._made: dict[bytes, bytes] = {}
        self.damaged = store.damaged

    def __len__(self) -> int:
        """How many secrets the store has."""
        return len(self._store)

    def edition(self) -> Hashable:
        """Give the edition of the store."""
        return self._store.edition()

    def extent(self) -> Extent:
        """Give how far the store has come."""
        return self._store.extent()

    def find(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give the secrets that there are, those made here among them."""
        made = {index: self._made[index] for index in indexes if index in self._made}
        return made | self._store.find(indexes)

    def secrets(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give the secret under each index; what there was none of is kept in memory alone."""
        found = self.find(indexes)
        made = {one: secrets.token_bytes(SECRET_BYTES) for one in indexes if one not in found}
        self._made |= made
        return found | made

    def records(self) -> dict[bytes, bytes]:
        """Give what the store has."""
        return self._store.records()

    def forget(self, indexes: Iterable[bytes]) -> frozenset[bytes]:
        """Refuse: nothing is destroyed by who only looks."""
        message = f"no secret can be destroyed in a dry run ({len(list(indexes))} were to be)"
        raise KeysOutOfReach(message)

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Refuse: nothing is filled by who only looks."""
        message = f"no vault can be filled in a dry run ({len(records)} secrets)"
        raise KeysOutOfReach(message)
