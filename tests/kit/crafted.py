"""Packs made by hand with an installation's real keys: healthy by default, one argument changes the thing under test."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import confluent_kafka

from kit.installation import Installation
from remit import PageView
from remit_consumers.custody.place import keeper_of
from remit_consumers.keys import KeyStore
from remit_consumers.metrics import Metrics
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_schemas import spool
from remit_schemas.category import Necessity
from remit_schemas.codec import encoder
from remit_schemas.contract import builtin
from remit_schemas.header import FORM_BODY, FORM_RECORDS, Header
from remit_schemas.pack import Counts, compress_body, pack_body, record_frame, record_plain
from remit_schemas.policy import find_policy
from remit_schemas.sealing import (
    body_nonce,
    data_key_info,
    pack_keys,
    seal_body,
    seal_record,
    wrap_data_key,
)

PAGE_VIEW = builtin().by_name("page_view")
SLOT = 7
"""The slot that crafted packs lie in: no producer of these tests comes so far."""


def datums(count: int = 1) -> list[bytes]:
    """Well-formed page views, encoded."""
    encode = encoder(PAGE_VIEW)
    return [encode(PageView(ip="203.0.113.7", page=f"/a/{n}", status=200)) for n in range(count)]


class Crafter:
    """A producer whose packs a test may bend.

    Attributes:
        keys: The key store of the installation.
        producer: Its id.
        sequence: Of the last pack, in lane 0.
        offered: Events of all packs so far.
    """

    def __init__(self, settings: Settings, now: datetime | None = None) -> None:
        keeper = keeper_of(settings.custody)
        self.keys = KeyStore.open(settings.keys, find_policy(settings.policy), keeper=keeper)
        self._bundle = self.keys.ensure(now or datetime.now(UTC))
        self.producer = os.urandom(16)
        self.sequence = 0
        self.offered = 0
        self._data_key = os.urandom(32)

    def header(self, count: int | None, form: int = FORM_BODY) -> Header:
        """The header of the next pack."""
        self.sequence += 1
        info = data_key_info(self.producer, 0)
        return Header(
            form=form,
            producer=self.producer,
            lane=0,
            sequence=self.sequence,
            fingerprint=PAGE_VIEW.fingerprint,
            necessity=Necessity.REQUIRED,
            count=count,
            key_id=self._bundle.key_id,
            wrapped_key=wrap_data_key(self._bundle.public_key, self._data_key, info),
            nonce=body_nonce() if form == FORM_BODY else bytes(12),
            policy_version=self._bundle.policy.version,
            tenant="",
            counts=Counts(offered=self.offered),
        )

    def pack(
        self, events: Sequence[bytes], subjects: Sequence[bytes] = (), **changed: object
    ) -> bytes:
        """A pack in form 2; `changed` are fields of its header, authentic because it is sealed with them."""
        header = replace(self.header(len(events)), **changed)  # type: ignore[arg-type]  # a test names fields
        self.offered += len(events)
        return self.sealed(header, pack_body(events, subjects or [b""] * len(events)))

    def sealed(self, header: Header, body: bytes) -> bytes:
        """A body under a header, whatever they say of each other."""
        return self.sealed_under(header, header.to_bytes(), body)

    def sealed_under(self, header: Header, head: bytes, body: bytes) -> bytes:
        """A body under the bytes of a header, which may say something else than the header does."""
        keys = pack_keys(self._data_key, header.identity)
        return head + seal_body(keys, header.nonce, compress_body(body), head)

    def records(self, events: Sequence[bytes]) -> bytes:
        """A pack in form 1."""
        header = self.header(None, FORM_RECORDS)
        self.offered += len(events)
        head = header.to_bytes()
        keys = pack_keys(self._data_key, header.identity)
        framed = (
            record_frame(seal_record(keys, place, record_plain(datum, b""), head))
            for place, datum in enumerate(events)
        )
        return head + b"".join(framed)


def settings_of(installed: Installation) -> Settings:
    """The settings that an installation's commands run with."""
    return Settings.from_env(installed.env)


def lay(settings: Settings, packs: Sequence[bytes], slot: int = SLOT) -> None:
    """Put packs behind those that lie in a slot of the embedded log, or on the topic, all on one partition."""
    if settings.log:
        _produce(settings.log, packs)
        return
    folder = settings.spool / spool.slot_name(slot)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [spool.parse_pack_name(path.name) or 0 for path in folder.iterdir()]
    read = folder / spool.READING
    begun = max([*numbers, int(read.read_text()) if read.exists() else 0])
    for number, data in enumerate(packs, begun + 1):
        (folder / spool.pack_name(number)).write_bytes(data)


def _produce(log: str, packs: Sequence[bytes]) -> None:
    address = urlsplit(log)
    producer = confluent_kafka.Producer({"bootstrap.servers": address.netloc, "acks": "all"})
    failed: list[object] = []
    for data in packs:
        producer.produce(
            f"{address.path.strip('/')}.sealed",
            data,
            partition=0,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    assert (producer.flush(120), failed) == (0, [])


def drain(settings: Settings) -> tuple[str | None, Metrics]:
    """Consume until everything is stored; gives why not, if not, and the metrics of that consumer."""
    metrics = Metrics()
    service = Service.claim(settings, metrics)
    assert service, "another consumer runs"
    try:
        return service.drain(lambda _: None), metrics
    finally:
        service.stop()


def lies(folder: Path) -> int:
    """How many packs lie in the embedded log below a data folder."""
    return len(list((folder / spool.FOLDER).glob("slot-*/*.pack")))
