"""Packs made without a client: sealed under the real keys of an installation, with exactly as many events as asked for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.events import Given

from kit.installation import Installation
from remit.rewrite import body_of
from remit.seal import new_data_key
from remit_consumers.keys import KeyStore
from remit_consumers.source.base import Sealed
from remit_schemas.bundle import BUNDLE_NAME, read_bundle
from remit_schemas.category import Necessity
from remit_schemas.codec import encoder
from remit_schemas.contract import Contract
from remit_schemas.events import EVENTS
from remit_schemas.header import FORM_RECORDS, NO_NONCE, Counts, Header
from remit_schemas.policy import find_policy
from remit_schemas.sealing import pack_keys

PRODUCER: Final = bytes(range(16))  # any will do


def keys_of(installation: Installation) -> KeyStore:
    """Open the keys of an installation."""
    keys = KeyStore.open(Path(installation.env["REMIT_KEYS"]), find_policy(None))
    keys.ensure(datetime.now(UTC))
    return keys


def datums_of(contract: Contract, given: Sequence[Given]) -> list[bytes]:
    """Encode events."""
    kind = next(kind for kind, name in EVENTS.items() if name == contract.name)
    encode = encoder(contract)
    return [encode(kind.of(each.values)) for each in given]


class Packing:
    """Makes packs of one contract, all of one lane."""

    def __init__(self, installation: Installation, contract: Contract) -> None:
        folder = Path(installation.env["REMIT_KEYS"])
        bundle = read_bundle(folder / BUNDLE_NAME, trust=None, pin=folder.parent / "bench-pin")
        self._contract = contract
        self._version = find_policy(None).version
        self._key = new_data_key(PRODUCER, 0, bundle.key_id, bundle.public_key)
        self._sequence = 0

    def packs(self, given: Sequence[Given], events: int) -> Iterator[Sealed]:
        """Yield packs of so many events each; the last may have fewer."""
        datums = datums_of(self._contract, given)
        subjects = [each.subject.encode() if each.subject else b"" for each in given]
        for start in range(0, len(given), events):
            self._sequence += 1
            header = self._header()
            keys = pack_keys(self._key.key, header.identity)
            chosen = slice(start, start + events)
            data = body_of(header, keys, Counts(start), datums[chosen], subjects[chosen])
            yield Sealed(0, self._sequence, data, 0.0)

    def _header(self) -> Header:
        return Header(
            form=FORM_RECORDS,
            producer=PRODUCER,
            lane=0,
            sequence=self._sequence,
            fingerprint=self._contract.fingerprint,
            necessity=Necessity.REQUIRED,
            count=None,
            key_id=self._key.key_id,
            wrapped_key=self._key.wrapped,
            nonce=NO_NONCE,
            policy_version=self._version,
            tenant="",
            counts=Counts(),
        )
