"""Packs that are let go: in each one's place lies an empty one that tells of it, so no gap opens in its lane."""

from pathlib import Path
from types import MappingProxyType

from remit.packer import Packer
from remit.rewrite import rewrite_empty
from remit.slot import Slot
from remit_schemas.errors import PackError
from remit_schemas.pack import FORM_RECORDS, Counts, Header, scan_records
from remit_schemas.spool import pack_name

Source = tuple[bytes, int, bytes, str]
"""Producer, lane, fingerprint, tenant: whose counts a header carries."""


class LettingGo:
    """Lets packs of one slot go. One for the life of a slot: what it let go before is part of every later count."""

    def __init__(self, slot: Slot, packer: Packer | None = None) -> None:
        """Start with nothing let go.

        Args:
            slot: Where the packs lie.
            packer: Counts what is its own; None where the slot's packs are of no packer.
        """
        self._slot = slot
        self._packer = packer
        self._let_go: dict[Source, int] = {}  # of producers that do not count it themselves

    def let_go(self, number: int, epoch: tuple[bytes, bytes]) -> None:
        """Put an empty pack that tells of it in a pack's place; its identity stays.

        Args:
            number: Of the pack.
            epoch: Key id and public key, for what is written.

        Raises:
            OSError: There is no room; the pack lies there as before, and nothing is counted.
        """
        header, count = _read(self._slot.folder / pack_name(number))
        if header is None:
            self._slot.remove(number)
            return
        counts = self._counts_after(header, count)
        data = rewrite_empty(header, counts, *epoch)
        self._slot.replace(number, data)  # counted only when it is done: it may be tried again
        if self._packer is not None and header.producer == self._packer.producer:
            self._packer.let_go(header, count)
        else:
            self._let_go[_source(header)] = counts.let_go

    def total_of(self, producer: bytes) -> int:
        """Give how many events of a producer were let go, as far as nobody else counts them."""
        return sum(n for source, n in self._let_go.items() if source[0] == producer)

    def _counts_after(self, header: Header, count: int) -> Counts:
        if self._packer is not None and header.producer == self._packer.producer:
            known = self._packer.let_go(header, 0)
        else:
            known = max(self._let_go.get(_source(header), 0), header.counts.let_go)
        refused = MappingProxyType(dict(header.counts.refused))
        return Counts(header.counts.offered + count, known + count, refused)


def _read(path: Path) -> tuple[Header | None, int]:
    """Read a pack's header, and how many events it holds; no header where power loss spoiled it."""
    data = path.read_bytes()
    try:
        header = Header.parse(data)
    except PackError:
        return None, 0
    if header.form == FORM_RECORDS:
        return header, sum(1 for _ in scan_records(data, header.length))
    return header, header.count or 0


def _source(header: Header) -> Source:
    """Whose counts a header carries."""
    return header.producer, header.lane, header.fingerprint, header.tenant
