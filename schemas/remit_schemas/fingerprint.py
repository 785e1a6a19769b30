"""The fingerprint of a contract's schema, without fastavro, which takes an app 13 ms and 33 modules to load.

A contract is a record of few types, whose parsing canonical form is short. Of any other schema nothing is said here.

Source: Apache Avro 1.12 specification, "Parsing Canonical Form for Schemas", "Schema Fingerprints".
"""

from collections.abc import Mapping
from typing import Final

PRIMITIVES: Final = frozenset(
    ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
)
EMPTY: Final = 0xC15D213AA4D7A795
"""The fingerprint of nothing, and the polynomial. Source: as above."""

_SHIFTS: Final = range(8)


def _table() -> tuple[int, ...]:
    """What each byte does to a fingerprint."""
    found: list[int] = []
    for byte in range(256):
        value = byte
        for _ in _SHIFTS:
            value = (value >> 1) ^ (EMPTY & -(value & 1))
        found.append(value)
    return tuple(found)


_TABLE: Final = _table()


def crc_64(data: bytes) -> int:
    """The CRC-64-AVRO of some bytes."""
    value = EMPTY
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value


def canonical_form(schema: object) -> str | None:
    """The parsing canonical form of a record of primitive fields, each alone or in a union; None of any other schema."""
    if not isinstance(schema, Mapping) or schema.get("type") != "record":
        return None
    fields, name = schema.get("fields"), _full_name(schema)
    if not isinstance(fields, list) or name is None:
        return None
    forms = [form for form in map(_field, fields) if form]
    if len(forms) != len(fields):
        return None
    return f'{{"name":"{name}","type":"record","fields":[{",".join(forms)}]}}'


def _field(field: object) -> str | None:
    if not isinstance(field, Mapping):
        return None
    name, form = field.get("name"), _type(field.get("type"))
    return f'{{"name":"{name}","type":{form}}}' if _is_plain(name) and form else None


def _type(written: object) -> str | None:
    """The form of a type; what a logical type adds is no part of it."""
    if isinstance(written, list):
        forms = [_type(one) for one in written if not isinstance(one, list)]
        known = [form for form in forms if form]
        return f"[{','.join(known)}]" if len(known) == len(written) else None
    if isinstance(written, Mapping):
        written = written.get("type")
    return f'"{written}"' if isinstance(written, str) and written in PRIMITIVES else None


def _full_name(record: Mapping[object, object]) -> str | None:
    """The name with its namespace before it."""
    name, space = record.get("name"), record.get("namespace")
    if not _is_plain(name):
        return None
    if space is None:
        return str(name)
    is_known = isinstance(space, str) and all(map(_is_plain, space.split(".")))
    return f"{space}.{name}" if is_known else None


def _is_plain(name: object) -> bool:
    """Whether it is one name, without a namespace, and without characters that JSON would escape."""
    return isinstance(name, str) and name.isascii() and name.isidentifier()
