"""A message at the plain door: whose it is, what it was written with, and whether it may go in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Final

from remit.bridge.schema_ids import SchemaIds
from remit.bridge.terms import BridgeTerms, Entry
from remit.route import NOWHERE, Route
from remit_schemas.codec import decode_one, from_confluent
from remit_schemas.contract import Contract
from remit_schemas.errors import ContractError
from remit_schemas.pack import NAME_BYTES_MAX, SUBJECT_BYTES_MAX

SUBJECT: Final = "remit-subject"  # header: whom the event is about; empty = nobody
TENANT: Final = "remit-tenant"  # header: whose data it is
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

Headers = Mapping[str, str | bytes | None] | Iterable[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message that may go in."""

    route: Route
    datum: bytes
    subject: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A message that may not.

    Attributes:
        route: Under which it is counted.
        reason: From `REASONS`.
        tenant: Whose it would have been, where a header can carry the name.
    """

    route: Route
    reason: str
    tenant: str = ""


class Inlet:
    """Looks at messages one by one.

    The datum is decoded only where a field of its contract is prohibited or stopped, or
    where no fresh bundle came and what is optional has to be left out: whether its bytes are Avro is for
    the consumer to see, as it is for every datum.
    """

    def __init__(self, terms: BridgeTerms, ids: SchemaIds, datum_bytes_max: int) -> None:
        self._terms = terms
        self._ids = ids
        self._datum_bytes_max = datum_bytes_max
        self._entries: dict[int, Entry] = {}

    def look(
        self, value: bytes | None, key: bytes | str | None, headers: Headers
    ) -> Admitted | Turned:
        """Say what becomes of a message.

        Raises:
            RegistryAway: The registry does not answer.
        """
        named = dict(headers)
        tenant = _text(named.get(TENANT) or b"", NAME_BYTES_MAX)
        try:
            schema_id, datum = from_confluent(value or b"")
        except ContractError:
            return Turned(NOWHERE, "unparsed", tenant or "")
        entry = self._entries.get(schema_id) or self._find(schema_id)
        if entry is None:
            return Turned(NOWHERE, "unknown_contract", tenant or "")
        subject = (
            _text(named[SUBJECT] or b"", SUBJECT_BYTES_MAX) if SUBJECT in named else _of_key(key)
        )
        if subject is None or tenant is None:
            return Turned(entry.route, "does_not_fit", tenant or "")
        reason = self._refusal(entry, datum, (subject, tenant))
        if (
            reason is not None
        ):  # under a name that nobody registered nothing is kept, not even a count
            return Turned(entry.route, reason, "" if reason == "unknown_tenant" else tenant)
        if entry.strip is not None:
            datum = _stripped(entry.contract, datum, entry.strip)
            if not datum:
                return Turned(entry.route, "does_not_fit", tenant)
        return Admitted(entry.route, datum, subject, tenant)

    def _find(self, schema_id: int) -> Entry | None:
        fingerprint = self._ids(schema_id)
        entry = self._terms.entries.get(fingerprint) if fingerprint else None
        if entry is not None:
            self._entries[schema_id] = entry
        return entry

    def _refusal(self, entry: Entry, datum: bytes, whose: tuple[str, str]) -> str | None:
        route, (subject, tenant) = entry.route, whose
        if route.refusal is not None:
            return route.refusal
        if len(datum) > self._datum_bytes_max:
            return "too_large"
        reason = _guarded(entry, datum) if route.guards or route.one_of else None
        if reason is None and route.entitled is not None and tenant not in route.plain_tenants:
            reason = _unentitled(entry, datum, tenant)
        if reason is None and route.meter is not None:
            if not route.meter.samples(subject or None, route.consent.sample_key):
                return "sampled_out"
            if not route.meter.takes():
                return "over_quota"
        return reason


def _guarded(entry: Entry, datum: bytes) -> str | None:
    """Why a datum may not go for a value that it holds; what cannot be read here may hold one."""
    try:
        values = decode_one(entry.contract, datum)
    except ContractError:
        return "does_not_fit"
    names = dict.fromkeys(name for name, _ in entry.route.guards)
    names |= dict.fromkeys(entry.route.one_of[0] if entry.route.one_of else ())
    refused = entry.route.forbids(SimpleNamespace(**(names | dict(values))))
    return refused.reason if refused is not None else None


def _unentitled(entry: Entry, datum: bytes, tenant: str) -> str | None:
    """Why a datum of a tenant may not go, as the register of tenants and campaigns says."""
    entitled = entry.route.entitled
    if entitled is None:
        return None
    try:
        is_read = entitled.live or tenant in entitled.hears_denials_of
        values = decode_one(entry.contract, datum) if is_read else {}
    except ContractError:
        return "does_not_fit"
    said = entitled.refusal(SimpleNamespace(**values), tenant)
    return None if said is None else said.reason


def _stripped(contract: Contract, datum: bytes, strip: Callable[[object], bytes]) -> bytes:
    """Write a datum again without what waits for a fresh bundle; empty where it cannot be read."""
    try:
        values = decode_one(contract, datum)
        return strip(SimpleNamespace(**{name: _plain(value) for name, value in values.items()}))
    except ContractError:
        return b""


def _plain(value: object) -> object:
    """A value as the encoders take it: times are whole milliseconds since 1970."""
    return (value - EPOCH) // MILLISECOND if isinstance(value, datetime) else value


def _of_key(key: bytes | str | None) -> str | None:
    """The subject that a message's key names; a key that a serializer wrote begins with a zero byte and names nobody."""
    raw = key.encode() if isinstance(key, str) else key or b""
    return None if raw[:1] == b"\0" else _text(raw, SUBJECT_BYTES_MAX)


def _text(raw: str | bytes, bytes_max: int) -> str | None:
    """Text of a header or key; None where it is none, or too long."""
    try:
        return (raw if isinstance(raw, str) else raw.decode()) if len(raw) <= bytes_max else None
    except UnicodeDecodeError:
        return None
