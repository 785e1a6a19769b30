"""A message at the plain door: whose it is, what it was written with, and whether it may go in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from remit.bridge.schema_ids import SchemaIds
from remit.bridge.terms import BridgeTerms, Entry
from remit.route import NOWHERE, Route
from remit_schemas.codec import decode_one, from_confluent
from remit_schemas.errors import ContractError
from remit_schemas.pack import NAME_BYTES_MAX, SUBJECT_BYTES_MAX

SUBJECT: Final = "remit-subject"  # header: whom the event is about; empty = nobody
TENANT: Final = "remit-tenant"  # header: whose data it is

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

    The datum is decoded only where a field of its contract is prohibited or stopped: whether its bytes are Avro is for
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
        reason = (
            "does_not_fit" if subject is None or tenant is None else self._refusal(entry, datum)
        )
        if reason is None and subject is not None and tenant is not None:
            return Admitted(entry.route, datum, subject, tenant)
        return Turned(entry.route, reason or "other", tenant or "")

    def _find(self, schema_id: int) -> Entry | None:
        fingerprint = self._ids(schema_id)
        entry = self._terms.entries.get(fingerprint) if fingerprint else None
        if entry is not None:
            self._entries[schema_id] = entry
        return entry

    def _refusal(self, entry: Entry, datum: bytes) -> str | None:
        if entry.route.refusal is not None:
            return entry.route.refusal
        if len(datum) > self._datum_bytes_max:
            return "too_large"
        return _guarded(entry, datum) if entry.route.guards else None


def _guarded(entry: Entry, datum: bytes) -> str | None:
    """Why a datum may not go for a value that it holds; what cannot be read here may hold one."""
    try:
        values = decode_one(entry.contract, datum)
    except ContractError:
        return "does_not_fit"
    return next(
        (reason for name, reason in entry.route.guards if values.get(name) is not None), None
    )


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
