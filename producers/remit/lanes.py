"""The lanes of one producer: sequences without gaps, data keys, and the packs that are open."""

import os

from remit.account import Account
from remit.open_pack import OpenPack
from remit.route import Packs, Route, Terms
from remit.seal import DataKeys
from remit_schemas.pack import FORM_RECORDS, NO_NONCE, PRODUCER_BYTES, Header
from remit_schemas.sealing import PackKeys, pack_keys


class Lane:
    """One lane: its open packs in the order of their sequences.

    Attributes:
        sequence: Of the last pack of this lane.
        open: Each open pack, where it hangs, and the way that leads there.
    """

    __slots__ = ("open", "sequence")

    def __init__(self) -> None:
        self.sequence = 0
        self.open: list[tuple[OpenPack, Packs, Route]] = []


class Lanes:
    """What makes the packs of one producer id one row without gaps. Under the packer's lock.

    Attributes:
        producer: 16 random bytes, new for each process; never a device's id.
        terms: The bundle in force.
    """

    def __init__(self, terms: Terms, producer: bytes | None = None) -> None:
        self.producer = producer or os.urandom(PRODUCER_BYTES)
        self.terms = terms
        self._keys = DataKeys(self.producer, terms.key_id, terms.public_key)
        self._lanes: dict[int, Lane] = {}

    def change(self, terms: Terms) -> None:
        """Go over to another bundle; a new epoch brings new data keys."""
        self._keys.renew(terms.key_id, terms.public_key)
        self.terms = terms

    def of(self, number: int) -> Lane:
        """Give a lane."""
        lane = self._lanes.get(number)
        if lane is None:
            lane = self._lanes[number] = Lane()
        return lane

    def open_packs(self) -> list[tuple[int, list[OpenPack]]]:
        """Give the open packs of every lane that has any."""
        return [(n, [p for p, _, _ in lane.open]) for n, lane in self._lanes.items() if lane.open]

    def next_header(self, account: Account) -> tuple[Header, PackKeys]:
        """Make the header and the keys of the next pack of an account's lane.

        The sequence counts as used once the caller has raised `Lane.sequence`.
        """
        data_key = self._keys.of(account.lane)
        header = Header(
            form=FORM_RECORDS,
            producer=self.producer,
            lane=account.lane,
            sequence=self.of(account.lane).sequence + 1,
            fingerprint=account.fingerprint,
            necessity=account.necessity,
            count=None,
            key_id=data_key.key_id,
            wrapped_key=data_key.wrapped,
            nonce=NO_NONCE,
            policy_version=self.terms.policy_version,
            tenant=account.tenant,
            counts=account.counts(),
        )
        return header, pack_keys(data_key.key, header.identity)
