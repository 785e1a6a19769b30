"""The vault in PostgreSQL, for consumers on several machines: three tables of a database that holds nothing else.

The tables::

    remit_vault           index bytea, 32 bytes | secret bytea, 32 bytes
    remit_vault_edition   vault bytea, the vault's id | number bigint, raised whenever secrets are destroyed
    remit_vault_format    number integer: which remit wrote these tables; one that knows only older formats leaves them alone

A secret is used only after its commit has reached the server's disk (`synchronous_commit`), and a server that does not wait
for its disk (`fsync = off`) is refused. Who forgets deletes the row and raises the edition in one transaction, then has the
table written anew (VACUUM FULL), which takes the old file away. The server's log (WAL), its archive, replicas and base
backups hold the row for as long as they are kept: keep them no longer than backups of the vault live (14 days).
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, LiteralString, Self, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from remit_consumers.vault.store import SECRET_BYTES, Extent
from remit_schemas.errors import KeysOutOfReach, SettingsError
from remit_schemas.format_file import too_new

ATTEMPTS: Final = 3  # somebody may forget between the writing and the reading of a secret
CONNECT_TIMEOUT_S: Final = 5
STATEMENT_TIMEOUT_MS: Final = 30_000

FORMAT: Final = 1
"""Of the tables: raised with any change that a remit before it would read wrongly or write over."""

_LOCK: Final = 0x72656D6974  # "remit": of several processes that begin a vault at once, one does
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})

_MAKE: Final = """
CREATE TABLE IF NOT EXISTS remit_vault
    (index bytea PRIMARY KEY CHECK (length(index) = 32), secret bytea NOT NULL CHECK (length(secret) = 32))
"""
_MAKE_EDITION: Final = """
CREATE TABLE IF NOT EXISTS remit_vault_edition
    (one boolean PRIMARY KEY DEFAULT true CHECK (one), vault bytea NOT NULL, number bigint NOT NULL)
"""
_MAKE_FORMAT: Final = """
CREATE TABLE IF NOT EXISTS remit_vault_format
    (one boolean PRIMARY KEY DEFAULT true CHECK (one), number integer NOT NULL)
"""
_KEEP_FORMAT: Final = "INSERT INTO remit_vault_format (number) VALUES (%s) ON CONFLICT DO NOTHING"
_EXISTS: Final = "SELECT to_regclass('remit_vault') IS NOT NULL"
_BEGIN: Final = (
    "INSERT INTO remit_vault_edition (vault, number) VALUES (%s, 1) ON CONFLICT DO NOTHING"
)
_EDITION: Final = """
SELECT vault, number, (SELECT number FROM remit_vault_format) FROM remit_vault_edition
"""
_EXTENT: Final = "SELECT vault, number, (SELECT count(*) FROM remit_vault) FROM remit_vault_edition"
_RAISE: Final = "UPDATE remit_vault_edition SET number = number + 1"
_FIND: Final = "SELECT index, secret FROM remit_vault WHERE index = ANY(%s)"
_ALL: Final = "SELECT index, secret FROM remit_vault"
_ADD: Final = (
    "INSERT INTO remit_vault SELECT * FROM unnest(%s::bytea[], %s::bytea[]) ON CONFLICT DO NOTHING"
)
_FORGET: Final = "DELETE FROM remit_vault WHERE index = ANY(%s) RETURNING index"

Connection = psycopg.Connection[tuple[Any, ...]]

T = TypeVar("T")

Edition = tuple[bytes, int]
"""The vault's id and the number of its edition."""


class PostgresStore:
    """The secrets in a database, opened; any number of processes may use one.

    Attributes:
        damaged: Always 0: the server keeps its own checksums.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._edition: Edition | None = None
        self.damaged = 0

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a vault in a database, making its tables when there are none.

        Args:
            url: REMIT_VAULT, `postgresql://user@host/database`; a password is best in a passfile (`~/.pgpass`).

        Raises:
            KeysOutOfReach: The server does not answer, or does not do what is needed of it.
            SettingsError: The address cannot be read, or the way there is not encrypted.
        """
        _check_way(url)
        store = cls(url)
        store._do(_make_tables)
        store.edition()
        return store

    @classmethod
    def exists(cls, url: str) -> bool:
        """Whether a vault was ever begun in a database; errors as `open`."""
        _check_way(url)
        store = cls(url)
        found = store._do(lambda to: _rows(to, _EXISTS))
        return bool(found[0][0])

    def __del__(self) -> None:
        self._close()

    def __len__(self) -> int:
        return int(self._do(lambda to: _rows(to, "SELECT count(*) FROM remit_vault")[0][0]))

    def edition(self) -> Edition:
        """Ask which edition the vault has now: one round trip, asked once for a batch."""
        vault, number, found = self._do(lambda to: _rows(to, _EDITION)[0])
        if found > FORMAT:
            raise KeysOutOfReach(too_new("the vault in REMIT_VAULT", found, FORMAT))
        edition = (bytes(vault), int(number))
        known = self._edition
        if known and (edition[0] != known[0] or edition[1] < known[1]):
            raise KeysOutOfReach("the vault's database was replaced by another or an older one")
        self._edition = edition
        return edition

    def extent(self) -> Extent:
        """Ask how far the vault has come; see `SecretStore`."""
        return self._do(lambda to: Extent(*_rows(to, _EXTENT)[0]))

    def find(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give the secrets that there are; see `SecretStore`."""
        return self._do(lambda to: _secrets(to, _FIND, [list(indexes)]))

    def secrets(self, indexes: Collection[bytes]) -> dict[bytes, bytes]:
        """Give or make secrets; see `SecretStore`."""
        found = self.find(indexes)
        for _ in range(ATTEMPTS):
            missing = sorted(set(indexes) - found.keys())  # sorted: no two wait for one another
            if not missing:
                return found
            made = {index: secrets.token_bytes(SECRET_BYTES) for index in missing}
            found |= self._do(partial(_added, made))
        raise KeysOutOfReach("the vault's database does not keep what is written to it")

    def forget(self, indexes: Iterable[bytes]) -> frozenset[bytes]:
        """Delete secrets, and have the table written anew; see `SecretStore`."""
        wanted = list(indexes)
        if not wanted:
            return frozenset()

        def deleted(to: Connection) -> frozenset[bytes]:
            with to.transaction():
                gone = frozenset(bytes(index) for (index,) in _rows(to, _FORGET, [wanted]))
                if gone:
                    to.execute(_RAISE)
            to.execute(
                "VACUUM FULL remit_vault"
            )  # also where an earlier call was cut short before it
            return gone

        return self._do(deleted)

    def records(self) -> dict[bytes, bytes]:
        """Give every secret; see `SecretStore`."""
        return self._do(lambda to: _secrets(to, _ALL))

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Fill a vault that is empty; see `SecretStore`."""

        def filled(to: Connection) -> None:
            with to.transaction():
                to.execute("LOCK TABLE remit_vault")
                if _rows(to, "SELECT 1 FROM remit_vault LIMIT 1"):
                    raise KeysOutOfReach("the vault holds secrets already: move it away first")
                to.execute(_ADD, (list(records), list(records.values())))

        self._do(filled)

    def _do(self, what: Callable[[Connection], T]) -> T:
        """Do something on the connection; on a new one if the server closed it. All that is done may be done twice."""
        for is_last in (False, True):
            try:
                return what(self._connected())
            except psycopg.Error as error:
                self._close()
                if is_last or not isinstance(error, psycopg.OperationalError):
                    raise _out_of_reach(error) from None
        raise AssertionError

    def _connected(self) -> Connection:
        """Give the connection; each statement is a transaction of its own unless it says otherwise."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                options=f"-c synchronous_commit=on -c statement_timeout={STATEMENT_TIMEOUT_MS}",
                application_name="remit",
            )
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None


def _make_tables(to: Connection) -> None:
    """Begin a vault, unless there is one."""
    if _rows(to, "SHOW fsync")[0][0] != "on":
        raise KeysOutOfReach("the vault's database does not wait for its disk (fsync is off)")
    with to.transaction():
        to.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        to.execute(_MAKE)
        to.execute(_MAKE_EDITION)
        to.execute(_BEGIN, [secrets.token_bytes(8)])
        to.execute(_MAKE_FORMAT)
        to.execute(_KEEP_FORMAT, [FORMAT])


def _added(made: Mapping[bytes, bytes], to: Connection) -> dict[bytes, bytes]:
    """Write secrets where there are none yet, durably; give those that stand then: of two writers one was first."""
    to.execute(_ADD, [list(made), list(made.values())])
    return _secrets(to, _FIND, [list(made)])


def _rows(
    to: Connection, statement: LiteralString, values: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    return to.execute(statement, values, binary=True).fetchall()


def _secrets(
    to: Connection, statement: LiteralString, values: Sequence[object] = ()
) -> dict[bytes, bytes]:
    """Secrets by their index."""
    return {bytes(index): bytes(secret) for index, secret in _rows(to, statement, values)}


def _check_way(url: str) -> None:
    """Refuse a way to another machine that anybody on it could listen to: secrets go over it.

    Raises:
        SettingsError: It is one, or the address cannot be read.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise SettingsError("REMIT_VAULT is no address of a PostgreSQL database") from None
    hosts = str(parts.get("host") or parts.get("hostaddr") or "/").split(",")
    is_here = all(host.startswith("/") or host in _HERE for host in hosts)
    if not is_here and parts.get("sslmode") not in _ENCRYPTED:
        message = "REMIT_VAULT is on another machine: add ?sslmode=verify-full to its address, for secrets go over it"
        raise SettingsError(message)


def _out_of_reach(error: psycopg.Error) -> KeysOutOfReach:
    """What the server says may quote an address or a value; its kind does not."""
    return KeysOutOfReach(f"the vault's database cannot be used ({type(error).__name__})")
