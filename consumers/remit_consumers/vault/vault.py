"""The vault as the rest of remit knows it: plain ids in, secrets out; no plain id leaves this process."""

import hmac
import struct
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from remit_consumers.vault.file_store import FILE, FileStore
from remit_consumers.vault.store import Extent, SecretStore
from remit_consumers.vault.unwritten import Unwritten
from remit_consumers.vault.witness import Witness
from remit_schemas.errors import SettingsError

KNOWN_MAX: Final = 1 << 18  # plain ids kept in memory to save their HMAC: some 50 MB at most

_LENGTH = struct.Struct("<I")


class Vault:
    """The vault, opened; several processes may use one, and they agree on every secret.

    A secret is kept under an index, HMAC-SHA256(index key, tenant length u32 | tenant | subject): no plain id is stored,
    and without the index key, which lies with the other keys, nobody can look a known id up.
    """

    def __init__(
        self, store: SecretStore, index_key: bytes, witness: Witness | None = None
    ) -> None:
        self._store = store
        self._witness = witness
        self._index_key = index_key
        self._known: dict[str, dict[str, bytes]] = {}
        self._known_count = 0
        self._edition = store.edition()
        if witness is not None:
            witness.check(store.extent)

    @classmethod
    def open(cls, place: Path | str, index_key: bytes, witness: Witness | None = None) -> Self:
        """Open a vault, making it when there is none.

        Args:
            place: REMIT_VAULT: a folder, never under the data folder; or the address of a PostgreSQL database.
            index_key: `KeyStore.index_key`, 32 bytes.
            witness: Knows how far the vault had come, and is told how far it comes; None: nobody.

        Raises:
            KeysOutOfReach: It cannot be made or read, is something else, or has less than it had.
            SettingsError: It is in PostgreSQL, and that cannot be spoken to as it is set.
        """
        if isinstance(place, Path):
            return cls(FileStore.open(place), index_key, witness)
        with _client_of_postgres():
            from remit_consumers.vault.postgres_store import PostgresStore  # noqa: PLC0415 - only where a vault is in one
        return cls(PostgresStore.open(place), index_key, witness)

    def unwritten(self) -> "Vault":
        """Give a vault that knows what this one does, and keeps the secrets of all others in memory alone."""
        return Vault(Unwritten(self._store), self._index_key)

    @staticmethod
    def exists(place: Path | str) -> bool:
        """Whether a vault was ever begun at a place; errors as `open`."""
        if isinstance(place, Path):
            return (place / FILE).exists()
        with _client_of_postgres():
            from remit_consumers.vault.postgres_store import PostgresStore  # noqa: PLC0415 - as above
        return PostgresStore.exists(place)

    @staticmethod
    def holds_subjects(place: Path | str) -> bool:
        """Whether a vault holds any secret; a folder that nobody may look into holds none. Errors as `open`."""
        if isinstance(place, Path):
            return FileStore.is_begun(place)
        with _client_of_postgres():
            from remit_consumers.vault.postgres_store import PostgresStore  # noqa: PLC0415 - as above
        return PostgresStore.exists(place) and len(PostgresStore.open(place)) > 0

    @classmethod
    def count(cls, place: Path | str) -> int:
        """How many subjects' secrets a vault holds; none where there is no vault, and none is begun. Errors as `open`."""
        return len(cls.open(place, b"")) if cls.exists(place) else 0

    def __len__(self) -> int:
        return len(self._store)

    @property
    def damaged(self) -> int:
        """Records that cannot be read any more; their secrets are lost."""
        return self._store.damaged

    def edition(self) -> Hashable:
        """Give what changes whenever a secret was destroyed, by whichever process.

        Who keeps what was made of a secret (a pseudonym) asks before using it, and drops all where this has changed.

        Raises:
            KeysOutOfReach: The vault cannot be read.
        """
        return self._store.edition()

    def secret_of(self, tenant: str, subject: str) -> bytes:
        """Give the secret of one subject; see `secrets_of`."""
        return self.secrets_of(tenant, (subject,))[0]

    def secrets_of(self, tenant: str, subjects: Sequence[str]) -> list[bytes]:
        """Give the secret of each subject, 32 bytes; new ones are durable before this returns.

        Args:
            tenant: Whose subjects they are; empty for a single shop.
            subjects: Ids as the app names them; best the unique ones of a batch.

        Raises:
            KeysOutOfReach: The vault cannot be read or written.
        """
        self._drop_forgotten()
        known = self._known.setdefault(tenant, {})
        missing = [subject for subject in subjects if subject not in known]
        if missing:
            self._learn(tenant, missing)
        found = [known[subject] for subject in subjects]
        if self._known_count > KNOWN_MAX:
            self._drop_all()
        return found

    def secrets(self) -> list[bytes]:
        """Give every secret there is, in no order that tells anything: whose they are is not known.

        Raises:
            KeysOutOfReach: The vault cannot be read.
        """
        return sorted(self._store.records().values())

    def known_secret_of(self, tenant: str, subject: str) -> bytes | None:
        """Give the secret of one subject, and make none: a question about somebody must not put them into the vault.

        Raises:
            KeysOutOfReach: The vault cannot be read.
        """
        index = self.index_of(tenant, subject)
        return self._store.find((index,)).get(index)

    def forget(self, tenant: str, subject: str) -> bool:
        """Destroy the secret of one subject; see `forget_all`.

        Returns:
            Whether there was one.
        """
        return self.forget_all([(tenant, subject)])[0]

    def forget_all(self, subjects: Iterable[tuple[str, str]]) -> list[bool]:
        """Destroy the secrets of many subjects in one go, durably: from then on their pseudonyms tie to nobody.

        Other processes that hold them notice at their next question. One that is using a pseudonym at this moment may
        still store rows under it: who erases refuses the subject's events first, and looks for such rows afterwards.
        A subject that is asked for again later gets another secret, which has nothing to do with this one.

        Args:
            subjects: Each its tenant and its id as the app names it.

        Returns:
            For each, whether there was a secret.

        Raises:
            KeysOutOfReach: The vault cannot be written; which secrets are gone, a second call settles.
        """
        indexes = [self.index_of(tenant, subject) for tenant, subject in subjects]
        gone = self.forget_indexes(indexes)
        return [index in gone for index in indexes]

    def forget_indexes(self, indexes: Iterable[bytes]) -> frozenset[bytes]:
        """Destroy secrets by their index, for who knows no plain id; give which there were. Errors as `forget_all`."""
        gone = self._store.forget(indexes)
        if self._witness is not None:
            self._witness.note(self._store.extent())
        self._drop_forgotten()
        return gone

    def extent(self) -> Extent:
        """Give how far the vault has come. Errors as `secrets_of`."""
        return self._store.extent()

    def records(self) -> dict[bytes, bytes]:
        """Give every secret there is by its index: for a backup. Errors as `secrets_of`."""
        return self._store.records()

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Fill a vault that has no secret yet, durably: from a backup.

        Raises:
            KeysOutOfReach: It has some, or cannot be written.
        """
        self._store.put(records)

    def index_of(self, tenant: str, subject: str) -> bytes:
        """Give the index of a subject, 32 bytes. The tenant's length stands first, so that no two pairs are one."""
        name = tenant.encode("utf-8", "surrogatepass")
        message = _LENGTH.pack(len(name)) + name + subject.encode("utf-8", "surrogatepass")
        return hmac.digest(self._index_key, message, "sha256")

    def _learn(self, tenant: str, subjects: Iterable[str]) -> None:
        """Find or make the secrets of subjects that are not in memory under their plain id."""
        indexes = {subject: self.index_of(tenant, subject) for subject in subjects}
        secrets = self._store.secrets(indexes.values())
        if self._witness is not None:
            self._witness.note_soon(self._store.extent)
        known = {subject: secrets[index] for subject, index in indexes.items()}
        self._known[tenant].update(known)
        self._known_count += len(known)

    def _drop_forgotten(self) -> None:
        """Drop what is in memory where a secret was destroyed since."""
        edition = self._store.edition()
        if edition != self._edition:
            self._edition = edition
            self._drop_all()

    def _drop_all(self) -> None:
        self._known_count = 0
        self._known.clear()


@contextmanager
def _client_of_postgres() -> Iterator[None]:
    """Say how to mend it where the client of PostgreSQL is not installed."""
    try:
        yield
    except ImportError:
        message = "REMIT_VAULT is in PostgreSQL: install its client, pip install 'remit[postgres]'"
        raise SettingsError(message) from None
