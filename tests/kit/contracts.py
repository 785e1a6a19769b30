"""Contract files to test with: valid by default; a test changes the one thing that it is about."""

import json
from pathlib import Path

from remit_schemas.contract import Contract, load_contract

Json = dict[str, object]

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
KINDS = ("string", "int", "long", "boolean", "double", MILLIS)
"""Every type that a contract may use."""


def make_field_json(
    name: object = "note", avro: object = ("null", "string"), **changes: object
) -> Json:
    """Make a field as a contract file has it."""
    avro = list(avro) if isinstance(avro, tuple) else avro
    field: Json = {"name": name, "type": avro, "privacy": {"category": "user.telemetry"}}
    field |= {"default": None} if isinstance(avro, list) else {}
    field |= changes
    privacy = field["privacy"]
    tags = list(privacy.values())[:1] if isinstance(privacy, dict) else []
    return {"confluent:tags": tags, **field}


def make_times() -> list[Json]:
    """Make the two fields that every contract has."""
    privacy = {"category": "user.telemetry.x_access_time"}
    return [
        make_field_json(name, MILLIS, privacy=privacy) for name in ("occurred_at", "collected_at")
    ]


def make_record(*fields: Json, **changes: object) -> Json:
    """Make a contract `probe` of the two times and these fields, as its file has it."""
    record: Json = {"type": "record", "name": "probe", "fields": [*make_times(), *fields]}
    return record | changes


def write_contract(folder: Path, record: Json | str, name: str = "probe") -> Path:
    """Write a contract file into a folder; text is written as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.avsc"
    path.write_text(record if isinstance(record, str) else json.dumps(record), "utf-8")
    return path


def load_record(folder: Path, *fields: Json, **changes: object) -> Contract:
    """Load the contract of these fields."""
    return load_contract(write_contract(folder, make_record(*fields, **changes)))
