"""Files as a source: a producer of its own, whose packs are cut at fixed line numbers.

The same file always gives the same producer id, lanes and sequences. So an import that is run again sends
the same identities, and what is stored already is dropped as a resend.
"""

import gzip
import hashlib
import hmac
import os
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from remit.account import Account
from remit.agreement import Agreement
from remit.leftovers import adopt
from remit.letting_go import LettingGo
from remit.result import REFUSED, Refused
from remit.rewrite import sealed_body
from remit.route import Route, is_tenant
from remit.seal import DataKeys
from remit.settings import Places, Settings
from remit.shipping import Shipping
from remit.slot import claim, prepare
from remit.startup import transport_of
from remit_schemas.contract import Contract
from remit_schemas.errors import EncodeError, SettingsError, SpoolError
from remit_schemas.pack import FORM_BODY, NO_NONCE, PRODUCER_BYTES, Counts, Header, pack_body
from remit_schemas.sealing import pack_keys
from remit_schemas.spool import FOLDER

CHUNK_BYTES: Final = 1 << 20  # read at once: memory stays flat whatever the file's size
NO_TENANT: Final = (
    "tenants are registered: say whose this log is (--tenant NAME), or register the operator itself "
    '(remit tenants set "" --edition EDITION)'
)
NOT_REGISTERED: Final = "there is no such tenant: see `remit tenants list`"
KEYS_RAN_OUT: Final = "the keys have run out and no newer bundle has come; --resume goes on"
_INFO: Final = b"remit import v1"
_PAUSE_S: Final = 0.01  # between two looks for acknowledgements


class Importer:
    """Writes the events of one file into the spool, and ships them where the log is elsewhere. One thread only."""

    def __init__(
        self,
        event: type,
        content: bytes,
        *,
        tenant: str = "",
        log: str | None = None,
        data: str | Path | None = None,
    ) -> None:
        """Claim a slot and take on the file's identity.

        Args:
            event: The class of its events, such as `PageView`.
            content: What `content_of` gives for the file.
            tenant: Whose events they are; the operator's own where it is empty.
            log: As for `Client`.
            data: As for `Client`.

        Raises:
            SettingsError: A setting is out of range, the class is no event, or tenants are registered and not this one.
            BundleError: There is no bundle, or it is not to be believed.
            PolicyError: The policy cannot be used.
            SpoolError: No slot can be had.
        """
        settings = Settings.from_env(os.environ)
        places = Places.from_env(os.environ, log=log, data=data)
        prepare(places.data / FOLDER)
        self._agreement = Agreement(places, hold=False)
        self._terms = self._agreement.terms
        self._event = event
        self._tenant = tenant
        self._lanes = self._terms.lanes
        self._route = route = self._way()
        named = _INFO + route.fingerprint + content + tenant.encode()
        self.producer = hmac.digest(self._terms.lane_key, named, "sha256")[:PRODUCER_BYTES]
        self._slot = claim(places.data / FOLDER)
        with ExitStack() as undo:
            undo.callback(self._slot.abandon)
            adopt(self._slot)
            self._transport = transport_of(places, settings, self._terms.lanes)
            undo.pop_all()
        self._letting_go = LettingGo(self._slot)
        self._shipping = Shipping(self._slot, self._transport) if self._transport else None
        self._keys = DataKeys(self.producer, self._terms.key_id, self._terms.public_key)
        self._accounts = [
            Account(lane, route.fingerprint, route.necessity) for lane in range(self._lanes)
        ]

    @property
    def let_go(self) -> int:
        """Events of this import that were let go: the log takes no message as large as their packs."""
        return self._letting_go.total_of(self.producer)

    @property
    def lane_key(self) -> bytes:
        """The key of this installation that names are hashed with."""
        return self._terms.lane_key

    def asks_nothing(self, contract: Contract) -> bool:
        """Whether `admit` is the encoder of this contract and nothing else: no event of it is refused for what it holds."""
        route = self._route
        if route.fingerprint != contract.fingerprint or route.refusal or route.guards:
            return False
        is_free = route.entitled is None or (self._tenant or None) in route.entitled.tenants
        return route.one_of is None and is_free

    def is_out_of_date(self) -> bool:
        """Whether another bundle is in force than the one this import goes by, or that one's epoch is over."""
        return self._agreement.renewed() is not None or self.is_over

    @property
    def is_over(self) -> bool:
        """Whether the epoch is over that this import seals to: soon nobody can open what is sealed now."""
        return time.time() >= self._terms.not_after

    def renew(self) -> bool:
        """Go over to the bundle in force, between two packs; identities and counts go on.

        Returns:
            Whether it is another.

        Raises:
            SettingsError: Tenants are registered now, and not this one.
            SpoolError: The epoch is over, and no other bundle has come.
        """
        terms = self._agreement.renewed()
        if terms is not None:
            self._terms = terms
            self._route = self._way()
            self._keys.renew(terms.key_id, terms.public_key)
        if self.is_over:
            raise SpoolError(KEYS_RAN_OUT)
        return terms is not None

    def admit(self, event: object) -> bytes | Refused:
        """Turn an event into a datum, or say why it may not go; the caller counts the refusals of a pack."""
        if self._route.refusal:
            return REFUSED[self._route.refusal]
        refused = self._route.forbids(event)
        if refused is None and self._route.entitled is not None:
            refused = self._route.entitled.refusal(event, self._tenant)
        if refused is not None:
            return refused
        try:
            return self._route.encode(event)
        except EncodeError:
            return REFUSED["does_not_fit"]

    def add_pack(
        self,
        number: int,
        datums: Sequence[bytes],
        subjects: Sequence[bytes] = (),
        refused: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Write one pack; every number from 0 on comes once, in order, by this or by `skip_pack`.

        Args:
            number: Of the pack in the file: it lies in lane ``number % lanes``.
            datums: What `admit` gave, in the order of the lines.
            subjects: The subject of each, UTF-8, empty = none; or nothing at all.
            refused: Lines of this pack that are no event or may not go, by reason.

        Raises:
            OSError: There is no room.
        """
        self._add(self._slot.write(self.sealed(number, datums, subjects, refused)))
        self._ship()

    def add_body(self, number: int, events: int, body: bytes, refused: Mapping[str, int]) -> None:
        """Write one pack whose body is made already; see `add_pack`.

        Args:
            number: Of the pack in the file.
            events: How many are in the body; only where `asks_nothing`, since nobody admitted them.
            body: What `remit_schemas.pack.pack_columns` gave.
            refused: Lines of this pack that are no event or may not go, by reason.

        Raises:
            OSError: There is no room.
        """
        self._add(self._slot.write(self._sealed(number, events, body, refused)))
        self._ship()

    def sealed(
        self,
        number: int,
        datums: Sequence[bytes],
        subjects: Sequence[bytes] = (),
        refused: Mapping[str, int] = MappingProxyType({}),
    ) -> bytes:
        """Count and seal one pack; its bytes are to be written, or `publish`ed."""
        body = pack_body(datums, subjects or [b""] * len(datums))
        return self._sealed(number, len(datums), body, refused)

    def publish(self, file: Path) -> None:
        """Make a file that holds a sealed pack the next pack of the log, by one rename; nothing can fail behind it.

        Raises:
            OSError: There is no room; the file is where it was.
        """
        self._add(self._slot.take_over(file, file.stat().st_size))

    def identity(self, number: int) -> tuple[int, int]:
        """Give lane and sequence of a pack of the file."""
        return number % self._lanes, number // self._lanes + 1

    def skip_pack(self, number: int, events: int, refused: Mapping[str, int]) -> None:
        """Only count a pack that an interrupted import has sent already."""
        self._count(number, refused).offered += events

    def has_waiting(self, most: int) -> bool:
        """Whether so many bytes of packs wait for the log or the consumer to take them, so that a caller can wait."""
        self._ship()
        if (
            self._slot.bytes >= most
        ):  # others only take away: below that there is nothing to look for
            self._slot.rescan()
        return self._slot.bytes >= most

    def sync(self) -> None:
        """Make what was written survive a power loss."""
        self._slot.sync()

    def flush(self, timeout_s: float) -> bool:
        """Sync what was written, and wait until a log elsewhere has it.

        Returns:
            Whether it has, within `timeout_s`.
        """
        self._slot.sync()
        deadline = time.monotonic() + timeout_s
        while self._shipping is not None and self._shipping.is_busy:
            self._ship()
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_S)
        return True

    def close(self) -> None:
        """Give the slot up; what was not shipped stays in the spool for the next process."""
        if self._transport is not None:
            self._transport.close(0.0)
        self._slot.release(is_clean=True)

    def _way(self) -> Route:
        """Find the route of the events, as it is now; see the constructor for what is raised."""
        route = self._terms.routes.get(self._event)
        if route is None:
            raise SettingsError("an import is of a class of events")
        tenant = self._tenant
        if not is_tenant(tenant) or (route.entitled and route.entitled.knows_not(tenant)):
            raise SettingsError(NOT_REGISTERED if tenant else NO_TENANT)
        return route

    def _sealed(self, number: int, events: int, body: bytes, refused: Mapping[str, int]) -> bytes:
        account = self._count(number, refused)
        header = self._header(number, account.counts())
        keys = pack_keys(self._keys.of(header.lane).key, header.identity)
        data = sealed_body(header, keys, account.counts(), events, body)
        account.offered += events
        return data

    def _add(self, written: int) -> None:
        if self._shipping is not None:
            self._shipping.add(written)

    def _ship(self) -> None:
        """Send what waits, and let go what the log will never take: it would hold up all that comes behind it."""
        for number in self._shipping.pump() if self._shipping else ():
            with suppress(OSError):  # no room: it is refused again, and let go then
                self._letting_go.let_go(number, (self._terms.key_id, self._terms.public_key))

    def _count(self, number: int, refused: Mapping[str, int]) -> Account:
        account = self._accounts[number % self._lanes]
        for reason, n in refused.items():
            account.refuse(reason, n)
        return account

    def _header(self, number: int, counts: Counts) -> Header:
        lane, sequence = self.identity(number)
        data_key = self._keys.of(lane)
        return Header(
            form=FORM_BODY,
            producer=self.producer,
            lane=lane,
            sequence=sequence,
            fingerprint=self._route.fingerprint,
            necessity=self._route.necessity,
            count=0,
            key_id=data_key.key_id,
            wrapped_key=data_key.wrapped,
            nonce=NO_NONCE,
            policy_version=self._terms.policy_version,
            tenant=self._tenant,
            counts=counts,
        )


def content_of(path: Path) -> bytes:
    """Hash what a file says: SHA-256, 32 bytes; the same for a plain file and for its .gz.

    Raises:
        SettingsError: A .gz is damaged or ends too early.
    """
    digest = hashlib.sha256()
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise SettingsError(f"{path.name}: the gzip data is damaged or ends too early") from None
    return digest.digest()
