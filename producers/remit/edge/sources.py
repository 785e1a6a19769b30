"""Write keys: who may send, from where, how much. Only their SHA-256 lies on the disk."""

import fcntl
import hashlib
import json
import math
import os
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from remit.route import is_tenant
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError
from remit_schemas.read_json import read_json

FOLDER: Final = "edge"
"""What the edge keeps, under the data folder."""

FILE: Final = "sources.json"
KEY_BYTES: Final = 24  # random: 192 bits, so that SHA-256 without a salt cannot be guessed back
NAME_CHARACTERS_MAX: Final = 64
RATE_DEFAULT: Final = 10_000.0  # events/s: a few per cent of what one core takes
BROWSER_CONTRACTS: Final = frozenset({"page_view", "consent_change"})
TAKEN: Final = "there is a source of that name; revoke it first, or choose another"
UNKNOWN: Final = "there is no source of that name: see `remit sources list`"
LOOK_S: Final = 0.5  # a running edge takes changes up within a second


class Kind(StrEnum):
    """What sends: a page in a browser, whose key everybody can read, or a server that keeps its key."""

    BROWSER = "browser"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class WriteKey:
    """A write key as it lies on the disk.

    Attributes:
        name: For people.
        kind: What may be sent with it.
        sha256: Of the key, as hex.
        origins: From which pages a browser may send, such as ``https://shop.example``.
        rate: Events/s that it may send on average; two seconds of them at once.
        added_on: Day, as ISO 8601.
        tenant: Whose data everything is that is sent with it; None leaves that to a server's events.
        until: When it ends, UTC, as ISO 8601; None when it is revoked.
        contracts: All that may be sent with it; empty for whatever its kind may.
    """

    name: str
    kind: Kind
    sha256: str
    origins: tuple[str, ...]
    rate: float
    added_on: str
    tenant: str | None = None
    until: str | None = None
    contracts: tuple[str, ...] = ()

    @property
    def ends_at(self) -> float:
        """When it ends, in seconds since 1970; infinity where it has no end."""
        return math.inf if self.until is None else datetime.fromisoformat(self.until).timestamp()


def read(folder: Path) -> tuple[WriteKey, ...]:
    """Read the write keys of a data folder; none where there is no file.

    Raises:
        SettingsError: The file is not one that remit wrote.
    """
    try:
        entries: list[dict[str, Any]] = read_json((folder / FOLDER / FILE).read_bytes())["sources"]
        return tuple(map(_key_of, entries))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        message = f"{FOLDER}/{FILE} in the data folder cannot be read as write keys"
        raise SettingsError(message) from None


def _key_of(entry: dict[str, Any]) -> WriteKey:
    own: dict[str, Any] = {
        "kind": Kind(entry["kind"]),
        "origins": tuple(entry["origins"]),
        "contracts": tuple(entry.get("contracts", ())),
    }
    key = WriteKey(**entry | own)
    if key.ends_at != math.inf and datetime.fromisoformat(str(key.until)).tzinfo is None:
        raise ValueError("an end without its zone")
    return key


def add(
    folder: Path,
    name: str,
    *,
    kind: Kind = Kind.BROWSER,
    origins: Iterable[str] = (),
    rate: float = RATE_DEFAULT,
) -> str:
    """Make a write key.

    Returns:
        The key; nobody can read it again.

    Raises:
        SettingsError: The name is taken or no name, or an origin is none.
    """
    if not name.strip() or len(name) > NAME_CHARACTERS_MAX:
        raise SettingsError(f"a source has a name of 1 to {NAME_CHARACTERS_MAX} characters")
    if rate <= 0:
        raise SettingsError("--rate must be over 0 events/s")
    allowed = tuple(_origin(origin) for origin in origins)
    if kind is Kind.BROWSER and not allowed:
        raise SettingsError("a browser's key names the pages it is for: --origin https://…")
    if kind is Kind.SERVER and allowed:
        raise SettingsError("a server has no origin: leave --origin out")
    key = secrets.token_urlsafe(KEY_BYTES)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    made = WriteKey(name, kind, digest(key), allowed, rate, today)
    (folder / FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        known = read(folder)
        if any(other.name == name for other in known):
            raise SettingsError(TAKEN)
        _write(folder, (*known, made))
    return key


def bind(folder: Path, name: str, tenant: str) -> None:
    """Make a write key a tenant's: everything that is sent with it is that tenant's, and nothing else can be.

    Raises:
        SettingsError: There is no source of that name, or no header could carry the tenant's.
    """
    if not is_tenant(tenant):
        raise SettingsError("a tenant is text of up to 255 bytes")
    _change(folder, name, lambda key: replace(key, tenant=tenant))


def end(folder: Path, name: str, at: datetime) -> None:
    """Give a write key an end: from then on a running edge knows it no more.

    Raises:
        SettingsError: There is no source of that name, or the end is over.
    """
    if at <= datetime.now(UTC):
        raise SettingsError("--until must lie ahead: a day, or a time of UTC")
    until = at.astimezone(UTC).isoformat(timespec="seconds")
    _change(folder, name, lambda key: replace(key, until=until))


def limit(folder: Path, name: str, contracts: Iterable[str]) -> None:
    """Have nothing sent with a write key but events of these contracts.

    Raises:
        SettingsError: There is no source of that name, or its kind never sends one of them.
    """
    wanted = tuple(dict.fromkeys(contracts))
    found = next((key for key in read(folder) if key.name == name), None)
    if found is not None and found.kind is Kind.BROWSER and set(wanted) - BROWSER_CONTRACTS:
        allowed = " and ".join(sorted(BROWSER_CONTRACTS))
        raise SettingsError(f"a browser sends {allowed} alone: leave the others out of --contract")
    _change(folder, name, lambda key: replace(key, contracts=wanted))


def _change(folder: Path, name: str, changed: Callable[[WriteKey], WriteKey]) -> None:
    with _alone(folder):
        known = read(folder)
        if all(key.name != name for key in known):
            raise SettingsError(UNKNOWN)
        _write(folder, (changed(key) if key.name == name else key for key in known))


def revoke(folder: Path, name: str) -> None:
    """Take a write key away; a running edge refuses it within a second.

    Raises:
        SettingsError: There is none of that name.
    """
    with _alone(folder):
        known = read(folder)
        left = tuple(key for key in known if key.name != name)
        if left == known:
            raise SettingsError(UNKNOWN)
        _write(folder, left)


def digest(key: str) -> str:
    """Give the SHA-256 of a key, as hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def _alone(folder: Path) -> Generator[None, None, None]:
    """Change the keys while no other process does: one that had read them before would bring a revoked key back."""
    try:
        descriptor = os.open(folder / FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SettingsError(UNKNOWN) from None  # there are no keys at all
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder: Path, keys: Iterable[WriteKey]) -> None:
    # what a key does not say is left out, so that an edge of a version before can read the others
    unsaid: dict[str, object] = {"until": None, "contracts": ()}
    entries = [
        {fact: said for fact, said in asdict(key).items() if (fact, said) not in unsaid.items()}
        for key in keys
    ]
    replace_file(folder / FOLDER / FILE, json.dumps({"sources": entries}, indent=1).encode())


def _origin(text: str) -> str:
    """Check an origin as browsers send it (RFC 6454): scheme, host, port if it is not the scheme's own."""
    parts = urlsplit(text)
    if text != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in ("http", "https"):
        raise SettingsError("an origin is scheme and host, without a path: https://shop.example")
    return text.lower()


class Bucket:
    """A token bucket: so many events a second, and two seconds of them at once."""

    BURST_S: Final = 2.0

    __slots__ = ("_at", "_full", "_left", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._full = self._left = rate * self.BURST_S
        self._at = time.monotonic()

    def take(self, events: int) -> float:
        """Take tokens for events.

        Returns:
            0 if they were there; else the seconds until they are, and none are taken. What is more than a whole
            bucket needs a full one.
        """
        now = time.monotonic()
        self._left = min(self._full, self._left + (now - self._at) * self._rate)
        self._at = now
        wanted = min(float(events), self._full)
        if self._left < wanted:
            return (wanted - self._left) / self._rate
        self._left -= events
        return 0.0


class Source:
    """A write key in use.

    Attributes:
        key: As on the disk.
        digest: SHA-256 of the key.
        is_browser: Whether everybody can read it.
        origins: As browsers send them, as bytes.
        bucket: Its rate.
        ends_at: Seconds since 1970.
    """

    __slots__ = ("bucket", "digest", "ends_at", "is_browser", "key", "origins")

    def __init__(self, key: WriteKey) -> None:
        self.key = key
        self.digest = bytes.fromhex(key.sha256)
        self.is_browser = key.kind is Kind.BROWSER
        self.origins = frozenset(origin.encode() for origin in key.origins)
        self.bucket = Bucket(key.rate)
        self.ends_at = key.ends_at


class Sources:
    """The write keys of a running edge; the file is looked at twice a second, when somebody sends."""

    def __init__(self, folder: Path) -> None:
        """Read them.

        Raises:
            SettingsError: They cannot be read.
        """
        self._folder = folder
        self._look_at = 0.0
        self._seen: tuple[int, int] | None = None
        self._sources: Mapping[bytes, Source] = MappingProxyType({})
        self._take_up(read(folder))

    def of(self, key: bytes) -> Source | None:
        """Find the source of a key as it was sent; None when it has none, or no more."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._look()
        found = self._sources.get(hashlib.sha256(key).digest())
        return found if found is not None and time.time() < found.ends_at else None

    def _look(self) -> None:
        try:
            status = (self._folder / FOLDER / FILE).stat()
            seen = (status.st_mtime_ns, status.st_ino)
        except OSError:
            seen = None
        if seen == self._seen:
            return
        try:
            self._take_up(read(self._folder))
        except SettingsError:
            self._sources = MappingProxyType({})  # fail closed: nobody knows who was revoked
        self._seen = seen

    def _take_up(self, keys: Iterable[WriteKey]) -> None:
        old = self._sources
        new = {(source := Source(key)).digest: source for key in keys}
        for known, source in new.items():
            if known in old and old[known].key == source.key:
                source.bucket = old[known].bucket
        self._sources = MappingProxyType(new)
