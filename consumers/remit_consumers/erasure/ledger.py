"""The erasure ledger: what was erased, kept apart from the lake and its backups, so that neither can bring it back.

One file beside the keys, a JSON object a line, fsynced before anything builds on it::

    erasures.ledger      {"kind": "begun" | "done", "erasure": id, …, "before": hash, "hash": hash}
    erasure.key          seals the names in it
    erasure.lock         held by the one process that erases

`begun` is the intent: from it alone an erasure is finished after a crash, and done again on a lake that was restored
from before it. What the erased were called in the lake is sealed in it (AES-256-GCM under `erasure.key`), the ids that
the app knows them by are not in it at all; when the evidence lapses, what is sealed goes and the chain still holds. The
lake says in a file of its own which records it has applied.

Source: DESIGN.md, D8; policy 2021-11-01, clause S087b.
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remit_consumers.erasure import applied
from remit_consumers.erasure.scope import Scope
from remit_consumers.keyfiles import FolderLock, open_folder, own_key
from remit_consumers.lake.receipt import canonical
from remit_schemas.durable import replace_file
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.read_json import read_json

FILE: Final = "erasures.ledger"
KEY: Final = "erasure.key"
LOCK: Final = "erasure.lock"

BEGUN, DONE = "begun", "done"
NONCE_BYTES: Final = 12
FIRST: Final = hashlib.sha256(b"remit erasure ledger 1").hexdigest()
"""What the first record says was before it."""


@dataclass(frozen=True, slots=True)
class Named:
    """What one subject was called, so that what stands of it can be found without knowing who it is.

    Attributes:
        tenant: Whose customer.
        stored: Its pseudonyms in the lake's rows.
        ledger: Its pseudonyms in the consent ledger.
        vault: Index of its record in the vault, as hex; empty for a visitor, who has none.
        suppression: Its entry of the suppression list, as hex.
        evidence: What it had said, without which nobody could prove what was lawful: purpose, status, time, version and
            method of each consent record.
        informed: For each source that is told of it, the name that the source can match.
    """

    tenant: str
    stored: tuple[str, ...]
    ledger: tuple[str, ...] = ()
    vault: str = ""
    suppression: str = ""
    evidence: Sequence[Sequence[str | None]] = ()
    informed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure.

    Attributes:
        erasure: Its id: random, 32 hex digits.
        at: When it was ordered, aware UTC.
        reason: From `scope.REASONS`.
        scope: How much goes.
        until_agreed: Whether new events are refused until there is a new agreement.
        keep_until: Until when late events are refused, and its evidence is kept.
        named: What the subjects were called.
        versions: For each table of the lake, its version when it began.
        certificate: The signed certificate; None while it is not done.
        hash: Of the record that began it.
    """

    erasure: str
    at: datetime
    reason: str
    scope: Scope
    until_agreed: bool
    keep_until: datetime
    named: tuple[Named, ...]
    versions: Mapping[str, int] = field(default_factory=dict)
    certificate: Mapping[str, Any] | None = None
    hash: str = ""

    @property
    def indexes(self) -> list[bytes]:
        """The vault's records that it destroys."""
        return [bytes.fromhex(one.vault) for one in self.named if one.vault]


class ErasureLedger:
    """The ledger, opened.

    Attributes:
        alone: Its lock: one process erases at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._key_file = folder / KEY
        self._lock = folder / LOCK
        self.alone = FolderLock(self._lock)

    @classmethod
    def open(cls, keys_folder: Path) -> Self:
        """Open the ledger beside the keys (REMIT_KEYS); it may be empty.

        Raises:
            KeysOutOfReach: It cannot be read, or was changed.
        """
        found = cls(keys_folder)
        found._records()
        return found

    @property
    def is_busy(self) -> bool:
        """Whether a process is at an erasure at this moment."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _out_of_reach(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @property
    def head(self) -> str:
        """The hash of the newest record that began an erasure; `FIRST` before there is one."""
        return [FIRST, *self._begun()][-1]

    def append(self, erasure: Erasure) -> Erasure:
        """Record an erasure durably: as begun, or with its certificate as done.

        Returns:
            It, with the hash of the record that began it.
        """
        records = self._records()
        before = records[-1]["hash"] if records else FIRST
        record = self._form(erasure) | {"before": before}
        record["hash"] = _hash(record)
        self._write([*records, record])
        return erasure if erasure.certificate else replace(erasure, hash=record["hash"])

    def lapse(self, now: datetime) -> int:
        """Let go of the names and the evidence whose time is over; gives of how many erasures.

        One that waits keeps its names: without them it could not be finished.
        """
        records = self._records()
        done = {one["erasure"] for one in records if one["kind"] == DONE}
        over = [
            one
            for one in records
            if one.get("sealed")
            and one["erasure"] in done
            and datetime.fromisoformat(one["keep_until"]) <= now
        ]
        for record in over:
            record["sealed"] = ""
        if over:
            self._write(records)
        return len(over)

    def all(self) -> list[Erasure]:
        """Every erasure, the oldest first, each with its certificate where it is done."""
        records = self._records()
        with _as_written():
            done = {one["erasure"]: one["certificate"] for one in records if one["kind"] == DONE}
            return [
                self._read(one, done.get(one["erasure"])) for one in records if one["kind"] == BEGUN
            ]

    def since(self, at: datetime) -> Iterator[Erasure]:
        """The erasures that were ordered at a time or later, the oldest first."""
        yield from (one for one in self.all() if one.at >= at)

    def pending(self, root: Path) -> list[Erasure]:
        """The erasures that somebody must still carry out on a lake: interrupted ones, and all that it is older than.

        Raises:
            LakeError: The lake has applied an erasure that this ledger does not know.
        """
        everything, done = self.all(), self._applied(root)
        return [one for one in everything if one.hash not in done or one.certificate is None]

    def not_applied(self, root: Path) -> list[Erasure]:
        """The erasures that were done and that a lake, restored from before them, does not know of.

        Raises:
            LakeError: The lake has applied an erasure that this ledger does not know.
        """
        done = self._applied(root)
        return [one for one in self.all() if one.hash not in done and one.certificate]

    def apply_head(self, root: Path, erasure: Erasure) -> None:
        """Say durably that a lake has applied an erasure."""
        applied.apply_head(root, erasure.hash, self._begun(), FIRST)

    def _applied(self, root: Path) -> set[str]:
        """The hashes of the records that a lake has applied."""
        return applied.applied(root, self._begun(), FIRST)

    def _begun(self) -> list[str]:
        """The hashes of the records that began an erasure, the oldest first."""
        return [str(record["hash"]) for record in self._records() if record["kind"] == BEGUN]

    def certificates(self) -> list[Mapping[str, Any]]:
        """The certificates of all erasures that are done, in the order in which they were."""
        return [record["certificate"] for record in self._records() if record["kind"] == DONE]

    def _form(self, erasure: Erasure) -> dict[str, Any]:
        """What a record says."""
        if erasure.certificate is not None:
            return {"kind": DONE, "erasure": erasure.erasure, "certificate": erasure.certificate}
        sealed = self._sealed(erasure)
        return {
            "v": 1,
            "kind": BEGUN,
            "erasure": erasure.erasure,
            "at": erasure.at.isoformat(),
            "reason": erasure.reason,
            "scope": erasure.scope.to_dict(),
            "until_agreed": erasure.until_agreed,
            "keep_until": erasure.keep_until.isoformat(),
            "vault": [one.vault for one in erasure.named],
            "sealed": sealed,
            "sealed_sha256": hashlib.sha256(sealed.encode()).hexdigest(),
            "versions": dict(erasure.versions),
        }

    def _read(self, record: Mapping[str, Any], certificate: Mapping[str, Any] | None) -> Erasure:
        """What a record says of an erasure."""
        return Erasure(
            erasure=record["erasure"],
            at=datetime.fromisoformat(record["at"]),
            reason=record["reason"],
            scope=Scope.from_dict(record["scope"]),
            until_agreed=record["until_agreed"],
            keep_until=datetime.fromisoformat(record["keep_until"]),
            named=self._opened(record["erasure"], record["sealed"]),
            versions=record["versions"],
            certificate=certificate,
            hash=record["hash"],
        )

    def _sealed(self, erasure: Erasure) -> str:
        """The names, sealed for this erasure."""
        text = json.dumps([asdict(one) for one in erasure.named]).encode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._key()).encrypt(nonce, text, erasure.erasure.encode())
        return base64.b64encode(nonce + sealed).decode("ascii")

    def _opened(self, erasure: str, sealed: str) -> tuple[Named, ...]:
        """The names that a record has sealed; none where they lapsed."""
        if not sealed:
            return ()
        data = base64.b64decode(sealed)
        try:
            text = AESGCM(self._key()).decrypt(
                data[:NONCE_BYTES], data[NONCE_BYTES:], erasure.encode()
            )
        except InvalidTag:
            message = (
                f"the erasure ledger does not open under {KEY}: restore the key that belongs to it"
            )
            raise KeysOutOfReach(message) from None
        return tuple(
            Named(**one | {"stored": tuple(one["stored"]), "ledger": tuple(one["ledger"])})
            for one in json.loads(text)
        )

    def _key(self) -> bytes:
        try:
            return own_key(open_folder(self._key_file.parent) / self._key_file.name)
        except OSError as error:
            raise _out_of_reach(error) from None

    def _write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Replace the file, durably: a reader sees the old one or the new one, whole."""
        try:
            open_folder(self._file.parent)
            replace_file(self._file, "".join(f"{canonical(one)}\n" for one in records).encode())
        except OSError as error:
            raise _out_of_reach(error) from None

    def _records(self) -> list[dict[str, Any]]:
        """Every record, its chain checked; a last line that a crash tore is none."""
        try:
            whole = self._file.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _out_of_reach(error) from None
        before = FIRST
        with _as_written():
            records: list[dict[str, Any]] = [
                read_json(line) for line in whole[: whole.rfind(b"\n") + 1].splitlines()
            ]
            for number, record in enumerate(records):
                if record["before"] != before or not _is_whole(record):
                    message = f"record {number + 1} of the erasure ledger was changed, or one before it is missing"
                    raise KeysOutOfReach(message)
                before = record["hash"]
        return records


def applied_head(root: Path) -> str:
    """The hash of the ledger's record up to which a lake has applied every one."""
    return applied.applied_head(root, FIRST)


@contextmanager
def _as_written() -> Iterator[None]:
    """Refuse records that this ledger never wrote, whatever it is that they lack."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError):
        message = "the erasure ledger has a record that cannot be read: restore it from a backup"
        raise KeysOutOfReach(message) from None


def _hash(record: Mapping[str, Any]) -> str:
    """The SHA-256 of a record's canonical form, what is sealed by its own hash: it may go before the record does."""
    told = {name: value for name, value in record.items() if name not in {"hash", "sealed"}}
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a record is what it was when it was written."""
    sealed = record.get("sealed")
    is_same = not sealed or record["sealed_sha256"] == hashlib.sha256(sealed.encode()).hexdigest()
    return bool(record["hash"] == _hash(record)) and is_same


def _out_of_reach(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"the erasure ledger cannot be used: {error.strerror}")
