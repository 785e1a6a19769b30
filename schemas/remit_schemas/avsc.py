"""Contract files: read one, and refuse everything outside the safe subset of Avro."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from keyword import iskeyword
from pathlib import Path
from typing import NoReturn, Required, TypeAlias, TypedDict, cast

from remit_schemas.category import CATEGORIES
from remit_schemas.errors import ContractError, UntaggedField

AvroType: TypeAlias = str | Mapping[str, str]

FieldJson = TypedDict(
    "FieldJson",
    {
        "name": Required[str],
        "type": Required[AvroType | list[AvroType]],
        "default": None,
        "doc": str,
        "privacy": Required[Mapping[str, str]],
        "confluent:tags": Required[list[str]],
    },
    total=False,
)
"""A field as its file says it."""


class RemitJson(TypedDict, total=False):
    """What a contract says of itself, beside what is Avro."""

    owner: str
    expires_on: str


class RecordJson(TypedDict, total=False):
    """A contract as its file says it."""

    type: Required[str]
    name: Required[str]
    namespace: str
    doc: str
    remit: RemitJson
    fields: Required[list[FieldJson]]


PRIMITIVES = ("string", "int", "long", "boolean", "double")
"""The types let in as they are; bytes, fixed, enum, array, map and record make native decoders hang or panic."""

TIMESTAMP: Mapping[str, str] = {"type": "long", "logicalType": "timestamp-millis"}
"""The one logical type let in: milliseconds since 1970-01-01 UTC."""

TIMES = ("occurred_at", "collected_at")
"""What every event has, first and never null: the governing policy version goes by them."""

RESERVED = frozenset(
    {"pack", "index", "subject", "tenant", "policy_version", "tagset", "keep_until", "day", "self"}
)
"""Names that the lake's own columns and the producers' own arguments have."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""How contracts and fields are named: the same in Avro, Python, SQL and file names."""

_RECORD_KEYS = frozenset(RecordJson.__annotations__)
_FIELD_KEYS = frozenset(FieldJson.__annotations__)
_REMIT_KEYS = frozenset(RemitJson.__annotations__)


def read_record(path: Path) -> RecordJson:
    """Read a contract file.

    Raises:
        UntaggedField: A field has no privacy category, an unknown one, or two that differ.
        ContractError: Anything else about it is outside the safe subset.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ContractError(f"{path.name}: cannot be read: {error}") from None
    return parse_record(text, path.name)


def parse_record(text: str, where: str) -> RecordJson:
    """Read a contract.

    Args:
        text: Its JSON.
        where: What messages call the place that it stands in.

    Raises:
        UntaggedField: A field has no privacy category, an unknown one, or two that differ.
        ContractError: Anything else about it is outside the safe subset.
    """
    try:
        raw = json.loads(text, object_pairs_hook=_once)
        json.dumps(raw, ensure_ascii=False).encode()  # half of a character has no fingerprint
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{where}: cannot be read: {error}") from None
    _check_keys(raw, _RECORD_KEYS, where)
    if raw.get("type") != "record":
        raise ContractError(f"{where}: a contract is a record")
    where = f"{where}: {_checked_name(raw, where)}"
    _check_texts(raw, ("namespace", "doc"), where)
    _check_remit(raw.get("remit", {}), where)
    _check_fields(raw.get("fields"), where)
    return cast("RecordJson", raw)


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Build an object and refuse a key that stands twice: which one holds would be anybody's guess."""
    built = dict(pairs)
    if len(built) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return built


def _check_remit(remit: object, where: str) -> None:
    """Refuse an owner or an end that is none."""
    where = f"{where}.remit"
    _check_keys(remit, _REMIT_KEYS, where)
    if not isinstance(remit, dict):
        return
    _check_texts(remit, ("owner", "expires_on"), where)
    if "expires_on" in remit and not is_date(remit["expires_on"]):
        raise ContractError(f"{where}: expires_on is a date such as 2026-12-31")


def is_date(text: str) -> bool:
    """Whether this is a day as ISO 8601 writes it in full: ``2026-12-31``."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_fields(fields: object, where: str) -> None:
    """Refuse a list of fields that no contract may have."""
    if not isinstance(fields, list):
        raise ContractError(f"{where}: no list of fields")
    names = [_check_field(raw, where) for raw in fields]
    for name in names:
        if names.count(name) > 1:
            raise ContractError(f"{where}.{name}: stands twice")
    for name, raw in zip(TIMES, fields, strict=False):
        if raw["name"] != name or raw["type"] != TIMESTAMP:
            raise ContractError(
                f"{where}.{name}: must be there, in this place, as a timestamp-millis never null"
            )
    if len(fields) < len(TIMES):
        raise ContractError(f"{where}: every event has {' and '.join(TIMES)}")


def _check_field(raw: object, where: str) -> str:
    """Refuse a field that no contract may have; return its name."""
    if not isinstance(raw, dict):
        raise ContractError(f"{where}: a field is an object")
    name = _checked_name(raw, where)
    where = f"{where}.{name}"
    if name in RESERVED or iskeyword(name):
        raise ContractError(f"{where}: this name is taken")
    _check_keys(raw, _FIELD_KEYS, where)
    _check_texts(raw, ("doc",), where)
    _check_category(raw, where)
    _check_type(raw, where)
    return name


def _check_type(raw: Mapping[str, object], where: str) -> None:
    """Refuse a type outside the safe subset, and a default that is not the null it must be."""
    avro = raw.get("type")
    is_nullable = isinstance(avro, list)
    if isinstance(avro, list):
        if len(avro) != 2 or avro[0] != "null":  # noqa: PLR2004 - null and the one other branch
            raise ContractError(f"{where}: a union is of null first and one other type")
        avro = avro[1]
    if avro != TIMESTAMP and (not isinstance(avro, str) or avro not in PRIMITIVES):
        raise ContractError(
            f"{where}: only {', '.join(PRIMITIVES)} and timestamp-millis are let in"
        )
    if is_nullable and ("default" not in raw or raw["default"] is not None):
        raise ContractError(f"{where}: may be null, so its default must be null")
    if not is_nullable and "default" in raw:
        raise ContractError(f"{where}: is never null, so it has no default")


def _check_category(raw: Mapping[str, object], where: str) -> None:
    """Refuse a field that does not say what it is, or says it two ways."""
    privacy = raw.get("privacy")
    if not isinstance(privacy, dict) or not isinstance(privacy.get("category"), str):
        raise UntaggedField(f'{where}: no privacy category ("privacy": {{"category": …}})')
    _check_keys(privacy, frozenset({"category"}), where)
    category = privacy["category"]
    if category not in CATEGORIES:
        raise UntaggedField(f"{where}: no such category{_nearest(category, CATEGORIES)}")
    if raw.get("confluent:tags") != [category]:
        raise UntaggedField(f'{where}: "confluent:tags" must hold its category and nothing else')


def _checked_name(raw: Mapping[str, object], where: str) -> str:
    """The name, if it is one that Avro, Python, SQL and file names all take."""
    name = raw.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ContractError(
            f"{where}: a name is lower-case letters, digits and underscores, a letter first"
        )
    return name


def _check_texts(raw: Mapping[str, object], keys: Sequence[str], where: str) -> None:
    """Refuse anything but text under these keys."""
    for key in keys:
        if not isinstance(raw.get(key, ""), str):
            raise ContractError(f"{where}: {key} is a text")


def _check_keys(raw: object, known: frozenset[str], where: str) -> None:
    """Refuse a misspelt or unknown key: aliases, order and the like change what bytes mean."""
    if not isinstance(raw, dict):
        raise ContractError(f"{where}: must be an object")
    for key in raw:
        if key not in known:
            _refuse_key(key, known, where)


def _refuse_key(key: str, known: frozenset[str], where: str) -> NoReturn:
    raise ContractError(f'{where}: unknown key "{key}"{_nearest(key, known)}')


def _nearest(word: str, known: Mapping[str, object] | frozenset[str]) -> str:
    """The known word that was probably meant, as the end of a message."""
    nearest = get_close_matches(word, sorted(known), n=1)
    return f", did you mean {nearest[0]}" if nearest else ""
