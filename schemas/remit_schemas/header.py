"""The header of a pack: whose it is, what it counts, and under which key. `docs/architecture.md` draws the bytes."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from remit_schemas.category import Necessity
from remit_schemas.errors import NewerFormat, NotAPack, PackError, Truncated

FORMAT: Final = 1  # the format byte this remit writes; every lower one is read
FORM_RECORDS: Final = 1  # events sealed one by one, as `emit` wrote them
FORM_BODY: Final = 2  # all events compressed, then sealed as one
BODY_BYTES_MAX: Final = (
    64 << 20
)  # bytes of one body decompressed: 64 events of the largest kind; more is a bomb
HEADER_BYTES_MAX: Final = 0xFFFF  # its length is a u16
NAME_BYTES_MAX: Final = 0xFF  # policy version and tenant: their length is a u8
PRODUCER_BYTES: Final = 16
FINGERPRINT_BYTES: Final = 8  # CRC-64-AVRO
KEY_ID_BYTES: Final = 8
NO_CONTRACT: Final = bytes(FINGERPRINT_BYTES)  # of an empty pack that counts what no contract names
BODY_OVERHEAD: Final = 6  # bytes a body holds for each event beside subject and datum: u32 and u16

REASONS: Final[tuple[str, ...]] = (  # the byte of a reason is its place here: only ever append
    "other",  # also what a reader makes of a byte it does not know
    "unknown_contract",
    "no_rule",
    "prohibited",
    "stopped",
    "held",
    "does_not_fit",
    "epoch_over",
    "spool_full",
    "too_large",
    "unparsed",
    "closed",
    "restricted",
    "erased",
    "rate_limited",
    "opted_out",
    "not_ready",  # the client could not start in this process
    "reentered",  # emitted from inside an emit: a signal handler, a finalizer
    "no_consent",  # the subject refused, withdrew or never agreed, as far as this source knows
    "sampled_out",  # the policy wants a share of these events, and this one is not in it
    "over_quota",  # the policy allows so many of these events in a time
    "contract_expired",  # nobody renewed the contract
    "bundle_expired",  # no fresh bundle came: what is optional waits for one
    "incomplete",  # none of the fields is there of which the policy needs one
    "unknown_tenant",  # tenants are registered, and this one is not
    "not_subscribed",  # the function is not in the tenant's edition, or a module it did not subscribe to
    "no_campaign",  # the campaign is not live, or none is named
)
_REASON_BYTES: Final = MappingProxyType({reason: byte for byte, reason in enumerate(REASONS)})
NO_NONCE: Final = bytes(12)  # the nonce in a header of form 1

_MAGIC: Final = b"RM"
_COUNT_THEM: Final = 0xFFFFFFFF  # the count of form 1: the reader counts the records
_START = struct.Struct("<2sBBH")  # magic, format, form, header length
_FIXED = struct.Struct("<16sHQ8sBI8sH")  # producer … key id, length of the wrapped key
_COUNTS = struct.Struct("<QQB")  # offered, let go, how many reasons
_REFUSED = struct.Struct("<BQ")  # reason, count
_IDENTITY = struct.Struct("<16sHQ8s")  # producer, lane, sequence, fingerprint; then the tenant
_NECESSITY_BYTES: Final = MappingProxyType({Necessity.REQUIRED: 1, Necessity.OPTIONAL: 2})
_NECESSITIES: Final = MappingProxyType({byte: word for word, byte in _NECESSITY_BYTES.items()})


@dataclass(frozen=True, slots=True)
class Counts:
    """What a source has counted so far, cumulative for (producer, lane, contract).

    Attributes:
        offered: Events offered, refused ones too, without those of the pack that carries this.
        let_go: Events accepted and later dropped for a full spool.
        refused: Events refused, by reason; every key is in `REASONS`.
    """

    offered: int = 0
    let_go: int = 0
    refused: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a pack; everything in it is authenticated with what follows.

    Attributes:
        form: `FORM_RECORDS` or `FORM_BODY`.
        producer: 16 random bytes of the process, or the keyed hash of an imported file.
        lane: Lane of its subjects.
        sequence: 1, 2, 3… without gaps in each (producer, lane).
        fingerprint: Of the contract, 8 bytes.
        necessity: Of the contract under the policy.
        count: Events in the pack; None in form 1 (count the records).
        key_id: Names the epoch's key, 8 bytes.
        wrapped_key: The data key, wrapped to that key.
        nonce: Of the body, 12 bytes; zeros in form 1.
        policy_version: In force when the pack was opened.
        tenant: Whose data it is; empty for a single shop.
        counts: The source's counts.
        length: Bytes of the header as it lay on the log; 0 when built here.
    """

    form: int
    producer: bytes
    lane: int
    sequence: int
    fingerprint: bytes
    necessity: Necessity
    count: int | None
    key_id: bytes
    wrapped_key: bytes
    nonce: bytes
    policy_version: str
    tenant: str
    counts: Counts
    length: int = field(default=0, compare=False)

    @property
    def identity(self) -> bytes:
        """What the pack's keys are derived for: the same in both forms."""
        return (
            _IDENTITY.pack(self.producer, self.lane, self.sequence, self.fingerprint)
            + self.tenant.encode()
        )

    @property
    def pack_id(self) -> str:
        """The pack's identity as text."""
        return pack_id(self.producer, self.lane, self.sequence)

    def to_bytes(self) -> bytes:
        """Write the header.

        Raises:
            PackError: A part is too long for its place, or a reason is not in `REASONS`.
        """
        rest = b"".join(self._parts())
        length = _START.size + len(rest)
        if length > HEADER_BYTES_MAX:
            message = f"a pack header of {length} bytes does not fit its own length field"
            raise PackError(message)
        return _START.pack(_MAGIC, FORMAT, self.form, length) + rest

    def _parts(self) -> Iterator[bytes]:
        yield _FIXED.pack(
            self.producer,
            self.lane,
            self.sequence,
            self.fingerprint,
            _NECESSITY_BYTES[self.necessity],
            _COUNT_THEM if self.count is None else self.count,
            self.key_id,
            len(self.wrapped_key),
        )
        yield self.wrapped_key
        yield self.nonce
        yield _name(self.policy_version, "policy version")
        yield _name(self.tenant, "tenant")
        refused = [(_reason_byte(reason), n) for reason, n in self.counts.refused.items() if n]
        yield _COUNTS.pack(self.counts.offered, self.counts.let_go, len(refused))
        for byte, n in sorted(refused):
            yield _REFUSED.pack(byte, n)

    @classmethod
    def parse(cls, data: bytes | memoryview) -> "Header":
        """Read the header at the start of a pack; safe on any bytes.

        Args:
            data: The pack; what follows the header is not looked at.

        Raises:
            NotAPack: These bytes never were a pack.
            NewerFormat: A newer remit wrote them.
            Truncated: They end before the header does.
        """
        return _parse(data)


def pack_id(producer: bytes, lane: int, sequence: int) -> str:
    """Write the identity of a pack as text: ``<producer hex>-<lane>-<sequence>``."""
    return f"{producer.hex()}-{lane}-{sequence}"


def as_body(header: Header, count: int, nonce: bytes, counts: Counts) -> Header:
    """Give the header of the same pack in form 2."""
    return replace(header, form=FORM_BODY, count=count, nonce=nonce, counts=counts, length=0)


def _name(text: str, what: str) -> bytes:
    raw = text.encode()
    if len(raw) > NAME_BYTES_MAX:
        message = f"{what}: {len(raw)} bytes, at most {NAME_BYTES_MAX}"
        raise PackError(message)
    return bytes((len(raw),)) + raw


def _reason_byte(reason: str) -> int:
    try:
        return _REASON_BYTES[reason]
    except KeyError:
        raise PackError("a refusal reason is not in the closed list") from None


class _Reader:
    """Takes parts off the front of a header, and never past its end."""

    __slots__ = ("_data", "_offset")

    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self._offset = offset

    def take(self, size: int) -> bytes:
        end = self._offset + size
        if end > len(self._data):
            raise NotAPack("a pack header whose parts do not fit its length")
        part = self._data[self._offset : end]
        self._offset = end
        return part

    def name(self) -> str:
        try:
            return self.take(self.take(1)[0]).decode()
        except UnicodeDecodeError:
            raise NotAPack("a name in a pack header is not UTF-8") from None

    def finish(self) -> None:
        if self._offset != len(self._data):
            raise NotAPack("a pack header longer than its parts")


def _parse(data: bytes | memoryview) -> Header:
    length = _header_length(data)
    reader = _Reader(bytes(data[:length]), _START.size)
    producer, lane, sequence, fingerprint, necessity, count, key_id, wrapped = _FIXED.unpack(
        reader.take(_FIXED.size)
    )
    if necessity not in _NECESSITIES:
        raise NotAPack("a pack header whose necessity is neither required nor optional")
    header = Header(
        form=data[3],
        producer=producer,
        lane=lane,
        sequence=sequence,
        fingerprint=fingerprint,
        necessity=_NECESSITIES[necessity],
        count=None if count == _COUNT_THEM else count,
        key_id=key_id,
        wrapped_key=reader.take(wrapped),
        nonce=reader.take(len(NO_NONCE)),
        policy_version=reader.name(),
        tenant=reader.name(),
        counts=_counts(reader),
        length=length,
    )
    reader.finish()
    return _sane(header)


def _header_length(data: bytes | memoryview) -> int:
    if bytes(data[:2]) != _MAGIC:
        message = f"{len(data)} bytes that do not begin as a pack does"
        raise NotAPack(message)
    if len(data) < _START.size:
        message = f"a pack of {len(data)} bytes ends in its first words"
        raise Truncated(message)
    _, written, form, length = _START.unpack_from(data)
    if written > FORMAT:
        message = f"pack format {written}; this remit reads up to {FORMAT}"
        raise NewerFormat(message)
    if written < 1 or form not in (FORM_RECORDS, FORM_BODY) or length < _START.size:
        raise NotAPack("a pack header with an impossible format, form or length")
    if len(data) < length:
        message = f"a pack of {len(data)} bytes whose header has {length}"
        raise Truncated(message)
    return int(length)


def _counts(reader: _Reader) -> Counts:
    offered, let_go, reasons = _COUNTS.unpack(reader.take(_COUNTS.size))
    refused: dict[str, int] = {}
    for _ in range(reasons):
        byte, n = _REFUSED.unpack(reader.take(_REFUSED.size))
        reason = REASONS[byte] if byte < len(REASONS) else REASONS[0]
        refused[reason] = refused.get(reason, 0) + n
    return Counts(offered, let_go, MappingProxyType(refused))


def _sane(header: Header) -> Header:
    if header.sequence == 0:
        raise NotAPack("a pack header with sequence 0; sequences begin at 1")
    if (header.count is None) != (header.form == FORM_RECORDS):
        raise NotAPack("a pack header whose count does not go with its form")
    if header.count is not None and header.count * BODY_OVERHEAD > BODY_BYTES_MAX:
        raise NotAPack("a pack header that counts more events than a body can hold")
    return header
