"""A producer's home for tests: data folder, bundle and the private key that opens what was sealed."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from remit.client import Client
from remit_schemas import spool
from remit_schemas.bundle import BUNDLE_NAME, Bundle, write_bundle
from remit_schemas.codec import decode_one
from remit_schemas.contract import Contract, builtin
from remit_schemas.errors import PackError
from remit_schemas.pack import (
    FORM_BODY,
    Header,
    decompress_body,
    scan_records,
    split_body,
    split_record,
)
from remit_schemas.policy import find_policy
from remit_schemas.sealing import (
    data_key_info,
    open_body,
    open_record,
    pack_keys,
    unwrap_data_key,
)

MakeClient = Callable[..., Client]
"""Starts a client in the home of a test; settings by name."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a test reads it back from a pack.

    Attributes:
        values: Its fields.
        subject: As the app named it.
    """

    values: Mapping[str, object]
    subject: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack, opened.

    Attributes:
        number: In its slot.
        header: Of the pack.
        events: In order.
    """

    number: int
    header: Header
    events: list[Event]


class Home:
    """Where a producer under test lives.

    Attributes:
        data: The data folder.
        bundle: As published last.
        own: Contracts of the app's own, to read back what it emitted.
    """

    def __init__(self, folder: Path, **changes: object) -> None:
        self.data = folder / "data"
        self.own: list[Contract] = []
        self._keys = folder / "data-keys"
        self._keys.mkdir(parents=True)
        self._signing_key = os.urandom(32)
        self._private: dict[bytes, bytes] = {}
        self.bundle = Bundle(
            policy=find_policy(None),
            epoch="",
            key_id=b"",
            public_key=b"",
            not_after=datetime.now(UTC) + timedelta(hours=12),
            stopped=frozenset(),
            lane_key=os.urandom(32),
        )
        self.new_epoch(**changes)

    def new_epoch(self, **changes: object) -> None:
        """Publish a bundle with a key of its own."""
        private = X25519PrivateKey.generate()
        key_id = os.urandom(8)
        self._private[key_id] = private.private_bytes_raw()
        public = private.public_key().public_bytes_raw()
        self.publish(epoch=key_id.hex(), key_id=key_id, public_key=public, **changes)

    def publish(self, **changes: object) -> None:
        """Publish the bundle with these changes."""
        self.bundle = replace(self.bundle, **changes)  # type: ignore[arg-type]  # a test names fields
        write_bundle(self._keys / BUNDLE_NAME, self.bundle, self._signing_key)

    @property
    def signed(self) -> bytes:
        """The bundle as it lies there."""
        return (self._keys / BUNDLE_NAME).read_bytes()

    @property
    def verify_key(self) -> bytes:
        """Whom to trust, 32 raw bytes."""
        private = Ed25519PrivateKey.from_private_bytes(self._signing_key)
        return private.public_key().public_bytes_raw()

    @property
    def slots(self) -> list[Path]:
        """The folders of the slots."""
        return sorted((self.data / spool.FOLDER).glob("slot-*"))

    def files(self) -> list[Path]:
        """The numbered packs of all slots."""
        return [path for slot in self.slots for path in sorted(slot.glob("*.pack"))]

    def packs(self) -> list[Pack]:
        """Every numbered pack, opened."""
        return [self.open(path) for path in self.files()]

    def open(self, path: Path) -> Pack:
        """Open one pack."""
        return self.opened(path.read_bytes(), spool.parse_pack_name(path.name) or 0)

    def opened(self, data: bytes, number: int = 0) -> Pack:
        """Open the bytes of one pack."""
        header = Header.parse(data)
        info = data_key_info(header.producer, header.lane)
        data_key = unwrap_data_key(self._private[header.key_id], header.wrapped_key, info)
        keys = pack_keys(data_key, header.identity)
        raw, rest = data[: header.length], data[header.length :]
        pairs = list(
            _pairs(decompress_body(open_body(keys, header.nonce, rest, raw)), header.count or 0)
            if header.form == FORM_BODY
            else (
                split_record(open_record(keys, index, data[start : start + length], raw))
                for index, (start, length) in enumerate(scan_records(data, header.length))
            )
        )
        events = []
        for datum, subject in pairs:
            values = decode_one(self._contract(header.fingerprint), datum)
            events.append(Event(values, subject.decode()))
        return Pack(number, header, events)

    def _contract(self, fingerprint: bytes) -> Contract:
        own = next((one for one in self.own if one.fingerprint == fingerprint), None)
        return own or builtin().by_fingerprint(fingerprint)

    def stored(self, packs: Iterable[Pack] | None = None) -> dict[tuple[str, int], Event]:
        """Every event by its identity, as a consumer with marks would store it: resends dropped, a gap is an error."""
        marks: dict[tuple[bytes, int], int] = {}
        events: dict[tuple[str, int], Event] = {}
        for pack in self.packs() if packs is None else packs:
            lane = (pack.header.producer, pack.header.lane)
            if pack.header.sequence > marks.get(lane, 0):
                if pack.header.sequence != marks.get(lane, 0) + 1:
                    raise PackError(f"a gap before sequence {pack.header.sequence} of a lane")
                marks[lane] = pack.header.sequence
                for index, event in enumerate(pack.events):
                    events[pack.header.pack_id, index] = event
        return events


def _pairs(body: bytes, count: int) -> Iterator[tuple[bytes, bytes]]:
    parts = split_body(body, count)
    datum = subject = 0
    for datum_length, subject_length in zip(
        parts.datum_lengths, parts.subject_lengths, strict=True
    ):
        yield (
            bytes(parts.datums[datum : datum + datum_length]),
            bytes(parts.subjects[subject : subject + subject_length]),
        )
        datum += datum_length
        subject += subject_length
