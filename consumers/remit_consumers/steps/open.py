"""Open: sealed packs become datums, or say why they cannot. No step that follows sees a key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

import numpy as np
import numpy.typing as npt
from zstandard import ZstdDecompressor, ZstdError, frame_content_size

from remit_consumers.keys import KeyStore
from remit_consumers.lake.reasons import Elsewhere, Reason
from remit_consumers.source.base import Sealed
from remit_schemas.contract import Contracts
from remit_schemas.errors import (
    ContractError,
    KeyDestroyed,
    KeyLost,
    KeysOutOfReach,
    KeysUnconfirmed,
    PackError,
    RemitError,
    SealingKeyError,
    Tampered,
    Truncated,
)
from remit_schemas.header import (
    BODY_BYTES_MAX,
    BODY_OVERHEAD,
    FORM_RECORDS,
    NO_CONTRACT,
    Header,
)
from remit_schemas.pack import EVENT_BYTES_MAX, scan_records, split_record
from remit_schemas.sealing import PackKeys, open_body, open_record, pack_keys

Ints = npt.NDArray[np.int64]

LENGTH_BYTES: Final = 4  # the length in front of each record of form 1
_NONE: Final = np.empty(0, np.int64)


class Fate(StrEnum):
    """What becomes of a pack that could not be opened."""

    EXPIRED = "expired"
    QUARANTINED = "quarantined"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Datums:
    """The events of one pack as columns: lengths beside contiguous bytes.

    Attributes:
        lengths: Bytes of each datum.
        data: The datums, end to end.
        subject_lengths: Bytes of each subject; 0 = no subject.
        subjects: The subjects, UTF-8, end to end.
        index: Place of each event in the pack; without holes unless records did not open.
        malformed: Places of records that did not open, ascending.
    """

    lengths: Ints
    data: bytes | memoryview
    subject_lengths: Ints
    subjects: bytes | memoryview
    index: Ints
    malformed: Ints

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def size(self) -> int:
        """Bytes of all datums."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Opened:
    """One pack, opened: its header is authentic.

    Attributes:
        header: As it lay on the log.
        sealed: Where it lay.
        datums: Its events.
        sha256: Of the sealed bytes.
    """

    header: Header
    sealed: Sealed
    datums: Datums
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """One pack that could not be opened: what its header says is not authentic.

    Attributes:
        sealed: Where it lay, and its bytes.
        header: None when the bytes have no valid one.
        outcome: What becomes of it.
        reason: Why: of the quarantine, or of what expires or waits.
        count: Events it held, as far as can be told; 0 without a header.
        sha256: Of the sealed bytes.
    """

    sealed: Sealed
    header: Header | None
    outcome: Fate
    reason: Reason | Elsewhere
    count: int
    sha256: bytes


def open_packs(
    sealed: Sequence[Sealed], keys: KeyStore, contracts: Contracts
) -> list[Opened | Failed]:
    """Open packs of either form; whatever the bytes are, each gets an answer and none raises.

    Args:
        sealed: Packs as they lay on the log.
        keys: Opens them.
        contracts: What can be read; a pack of any other contract is quarantined.

    Returns:
        One answer for each pack, in order.
    """
    inflate = ZstdDecompressor(max_window_size=BODY_BYTES_MAX)  # made once: it costs 15 µs
    return [_open(pack, keys, contracts, inflate) for pack in sealed]


def peek(data: bytes, keys: KeyStore) -> tuple[Header, Datums] | None:
    """Open one pack of whatever contract, known or not; None where its bytes or its key do not let it.

    Raises:
        KeysOutOfReach: The key store cannot be read now.
    """
    try:
        header = Header.parse(data)
        inflate = ZstdDecompressor(max_window_size=BODY_BYTES_MAX)
        return header, _datums_of(data, header, keys, inflate)
    except KeyLost:
        return None
    except KeysOutOfReach:
        raise
    except (PackError, SealingKeyError):
        return None


def _open(
    sealed: Sealed, keys: KeyStore, contracts: Contracts, inflate: ZstdDecompressor
) -> Opened | Failed:
    digest = sha256(sealed.data).digest()
    header: Header | None = None
    try:
        header = Header.parse(sealed.data)
        datums = _datums_of(sealed.data, header, keys, inflate)
    except (PackError, SealingKeyError) as error:
        return _failed(sealed, header, error, digest)
    if _is_readable(header, datums, contracts):
        return Opened(header, sealed, datums, digest)
    count = len(datums) + len(datums.malformed)
    return Failed(sealed, header, Fate.QUARANTINED, Reason.UNKNOWN_CONTRACT, count, digest)


def _is_readable(header: Header, datums: Datums, contracts: Contracts) -> bool:
    """A pack without events or contract is readable: so a source counts what no contract names."""
    try:
        contracts.by_fingerprint(header.fingerprint)
    except ContractError:
        return header.fingerprint == NO_CONTRACT and not len(datums)
    return True


def _failed(sealed: Sealed, header: Header | None, error: RemitError, digest: bytes) -> Failed:
    fate, reason = _fate(error)
    count = 0 if header is None else _count_of(sealed.data, header)
    return Failed(sealed, header, fate, reason, count, digest)


def _fate(error: RemitError) -> tuple[Fate, Reason | Elsewhere]:
    """What becomes of a pack for an error, and why."""
    if isinstance(error, KeyDestroyed):
        return Fate.EXPIRED, Elsewhere.KEY_DESTROYED
    if isinstance(error, KeyLost):
        return Fate.WAIT, Reason.KEY_LOST
    if isinstance(error, KeysUnconfirmed):
        return Fate.WAIT, Elsewhere.KEYS_UNCONFIRMED
    if isinstance(error, KeysOutOfReach):
        return Fate.WAIT, Elsewhere.KEYS_OUT_OF_REACH
    return Fate.QUARANTINED, Reason(error.code)


def _count_of(data: bytes, header: Header) -> int:
    """Count the events of a pack that does not open."""
    return sum(1 for _ in _records(data, header)) if header.count is None else header.count


def _datums_of(data: bytes, header: Header, keys: KeyStore, inflate: ZstdDecompressor) -> Datums:
    pack = pack_keys(keys.data_key(header), header.identity)
    if header.form == FORM_RECORDS:
        return _from_records(data, header, pack)
    view = memoryview(data)
    head, rest = view[: header.length], view[header.length :]
    body = _inflated(open_body(pack, header.nonce, rest, head), inflate)
    return _from_body(body, header.count or 0)


def _inflated(body: bytes, inflate: ZstdDecompressor) -> bytes:
    """Decompress a body as `pack.decompress_body` does, with a decompressor that is used again."""
    try:
        if not 0 <= frame_content_size(body) <= BODY_BYTES_MAX:
            raise PackError("a body that would open to more bytes than any body may have")
        return inflate.decompress(body, allow_extra_data=False)
    except ZstdError:
        message = f"a body of {len(body)} bytes that does not decompress"
        raise PackError(message) from None


def _from_body(body: bytes, count: int) -> Datums:
    """Take a body apart as columns; it is authentic, but its writer may have been wrong.

    Raises:
        Truncated: It has fewer bytes than its lengths add up to.
        PackError: It has more, or an event in it is larger than any may be.
    """
    start = count * BODY_OVERHEAD
    if len(body) < start:
        message = f"a body of {len(body)} bytes for {count} events"
        raise Truncated(message)
    lengths = np.frombuffer(body, "<u4", count).astype(np.int64)
    subject_lengths = np.frombuffer(body, "<u2", count, offset=4 * count).astype(np.int64)
    middle = start + int(np.add.reduce(subject_lengths))
    end = middle + int(np.add.reduce(lengths))
    if len(body) < end:
        message = f"a body of {len(body)} bytes whose events have {end}"
        raise Truncated(message)
    if len(body) > end or (end - middle > EVENT_BYTES_MAX and lengths.max() > EVENT_BYTES_MAX):
        message = f"a body of {len(body)} bytes that does not hold its {count} events"
        raise PackError(message)
    view = memoryview(body)
    return Datums(
        lengths, view[middle:], subject_lengths, view[start:middle], np.arange(count), _NONE
    )


def _from_records(data: bytes, header: Header, pack: PackKeys) -> Datums:
    """Open records one by one; one that fails is a place in `malformed`, and the rest stands.

    Raises:
        Tampered: No record opens, or there is none: then nothing proves what the header says.
    """
    events: list[tuple[bytes, bytes]] = []
    index: list[int] = []
    malformed: list[int] = []
    for place, record in enumerate(_records(data, header)):
        try:
            events.append(split_record(open_record(pack, place, record, data[: header.length])))
            index.append(place)
        except PackError:
            malformed.append(place)
    if not events:
        message = f"none of the {len(malformed)} records of a pack opens"
        raise Tampered(message)
    return Datums(
        lengths=np.fromiter((len(datum) for datum, _ in events), np.int64, len(events)),
        data=b"".join(datum for datum, _ in events),
        subject_lengths=np.fromiter((len(subject) for _, subject in events), np.int64, len(events)),
        subjects=b"".join(subject for _, subject in events),
        index=np.array(index, np.int64),
        malformed=np.array(malformed, np.int64),
    )


def _records(data: bytes, header: Header) -> Iterator[memoryview]:
    """Give the sealed records of form 1, and what is left of one that was cut off as the last."""
    view = memoryview(data)
    end = header.length
    for start, length in scan_records(view, header.length):
        end = start + length
        yield view[start:end]
    if any(view[end : end + LENGTH_BYTES]):  # zeros end the records of a preallocated file
        yield view[end:]
