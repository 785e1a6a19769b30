"""Events as Avro datums and back, and datums in Confluent's wire format and back."""

import io
import json
import struct
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import cast

from remit_schemas.contract import Contract
from remit_schemas.encoder import Encoder, compile_encoder
from remit_schemas.errors import ContractError
from remit_schemas.varint import MORE, varint, zigzag

CONFLUENT_HEADER = struct.Struct(">bI")
"""A zero byte, then the schema id, big-endian.

Source: Confluent Schema Registry, "Wire format".
"""

SCHEMA_ID_MAX = (1 << 31) - 1
"""Registries count in signed 32-bit numbers."""


_MALFORMED = (ArithmeticError, EOFError, LookupError, MemoryError, TypeError, ValueError)
"""What fastavro raises on malformed bytes; what it reads nevertheless is not what would be written again."""


def encoder(contract: Contract, without: AbstractSet[str] = frozenset()) -> Encoder:
    """Make the function that turns an event of this contract into an Avro datum.

    It reads the event's attributes of the fields' names; times are whole milliseconds since 1970.
    It raises `EncodeError`, which names contract and field and never the value: a type that does not fit, a number out of
    range, text that UTF-8 cannot carry, a field that the event does not have.

    Args:
        contract: What to write.
        without: Fields that are written as null whatever they hold; what may not be null is written as it is.
    """
    return compile_encoder(contract, without)


def stamped(datum: bytes, collected_at_ms: int) -> bytes:
    """Give a datum with another `collected_at`: the second field of every contract, after `occurred_at`.

    Args:
        datum: As an encoder wrote it.
        collected_at_ms: Milliseconds since 1970.
    """
    start = _varint_end(datum, 0)
    return datum[:start] + varint(zigzag(collected_at_ms)) + datum[_varint_end(datum, start) :]


def _varint_end(datum: bytes, start: int) -> int:
    """Where the number ends that starts here."""
    while datum[start] & MORE:
        start += 1
    return start + 1


def decode_one(contract: Contract, datum: bytes) -> dict[str, object]:
    """Decode one datum, slowly and surely; times come out as aware datetimes.

    Args:
        contract: The version that the datum was written with.
        datum: An Avro datum without any header.

    Raises:
        ContractError: The bytes are not one datum of this contract, whole and alone.
    """
    from fastavro import (  # noqa: PLC0415 - 40 ms that `import remit` must not pay
        schemaless_reader,
        schemaless_writer,
    )

    schema = _parsed(contract.schema_json)
    again = io.BytesIO()
    try:
        event = schemaless_reader(io.BytesIO(datum), schema, None)
        schemaless_writer(again, schema, event)
    except _MALFORMED:
        event = None
    if event is None or again.getvalue() != datum:
        raise ContractError(f"{contract.name}: {len(datum)} bytes are not one datum of it")
    return cast("dict[str, object]", event)


@lru_cache(maxsize=64)  # more versions of contracts than an operator has
def _parsed(schema_json: str) -> dict[str, object]:
    """A schema in the form that fastavro works with."""
    from fastavro.schema import parse_schema  # noqa: PLC0415 - as above

    return cast("dict[str, object]", parse_schema(json.loads(schema_json)))


def to_confluent(datum: bytes, schema_id: int) -> bytes:
    """Put Confluent's header in front of a datum.

    Args:
        datum: An Avro datum without any header.
        schema_id: The registry's number for the schema.

    Raises:
        ContractError: No registry gives such a number.
    """
    if not 0 <= schema_id <= SCHEMA_ID_MAX:
        raise ContractError(f"a schema id is a whole number from 0 to {SCHEMA_ID_MAX}")
    return CONFLUENT_HEADER.pack(0, schema_id) + datum


def from_confluent(message: bytes) -> tuple[int, bytes]:
    """Take Confluent's header off a message.

    Returns:
        The registry's number for the schema, and the datum.

    Raises:
        ContractError: The message does not begin with the header.
    """
    size = CONFLUENT_HEADER.size
    if len(message) < size or message[0] != 0:
        raise ContractError(f"{len(message)} bytes without Confluent's header")
    schema_id: int = CONFLUENT_HEADER.unpack_from(message)[1]
    return schema_id, message[size:]
