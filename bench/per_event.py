"""What stands beside remit: what a team would write with the same libraries, in the same process, on the same events.

Nothing here seals, spools, counts or proves; where remit does more, it is still beside these that it is measured.
"""

import hashlib
import hmac
import io
import ipaddress
import json
import re
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import fastavro
import ua_parser
from bench.events import Given, Value, peer_event
from confluent_kafka import Producer
from pydantic import BaseModel, ConfigDict

from remit_schemas.contract import Contract

Send = Callable[[Mapping[str, Value]], object]
"""Sends one event, given as its values."""

Refine = Callable[[bytes], dict[str, Value]]
"""Decodes one Confluent-Avro message and reduces it."""

MAGIC: Final = b"\x00\x00\x00\x00\x01"  # Confluent's frame: format 0, schema id 1
FRAME: Final = len(MAGIC)
KEY: Final = b"k" * 32  # of the pseudonyms: any will do
QUEUE: Final[Mapping[str, str | int | bool]] = {
    "queue.buffering.max.messages": 2_000_000,
    "queue.buffering.max.kbytes": 1 << 20,
    "linger.ms": 5,
    "acks": "all",
    "enable.idempotence": True,
}
"""Fair to both: acknowledged and idempotent like remit's, and a queue that no burst fills."""


def peer_schema(contract: Contract) -> dict[str, object]:
    """Give the Avro schema of what a peer sends: the contract's fields, subject and a random id."""
    schema = json.loads(contract.schema_json)
    own = {"name": "event_id", "type": "string"}, {"name": "subject", "type": ["null", "string"]}
    fields = [{"name": each["name"], "type": each["type"]} for each in schema["fields"]]
    return {"type": "record", "name": schema["name"], "fields": [*own, *fields]}


def whole(contract: Contract, given: Given, number: int) -> dict[str, Value]:
    """Give a peer's event with every field of the contract, null where nothing is known."""
    event = peer_event(given, number)
    event.setdefault("collected_at", event.get("occurred_at"))
    return {field.name: None for field in contract.fields} | event


def avro_encoder(contract: Contract) -> Callable[[Mapping[str, Value]], bytes]:
    """Make fastavro's encoder in Confluent's frame."""
    schema = fastavro.parse_schema(peer_schema(contract))

    def encode(event: Mapping[str, Value]) -> bytes:
        buffer = io.BytesIO()
        buffer.write(MAGIC)
        fastavro.schemaless_writer(buffer, schema, event)
        return buffer.getvalue()

    return encode


def json_encoder(contract: Contract) -> Callable[[Mapping[str, Value]], bytes]:
    """Make the encoder of the standard library."""
    del contract
    return lambda event: json.dumps(event).encode()


def confluent_encoder(contract: Contract) -> Callable[[Mapping[str, Value]], bytes]:
    """Make Confluent's AvroSerializer, against a registry in memory.

    Raises:
        ImportError: Its extra is not installed.
    """
    from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415  # an extra
    from confluent_kafka.schema_registry.avro import AvroSerializer  # noqa: PLC0415
    from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: PLC0415

    registry = SchemaRegistryClient.new_client({"url": "mock://bench"})
    serialize = AvroSerializer(registry, json.dumps(peer_schema(contract)))
    context = SerializationContext("bench", MessageField.VALUE)
    return lambda event: bytes(serialize(event, context) or b"")


ENCODERS: Final = {
    "json + produce": json_encoder,
    "fastavro + produce": avro_encoder,
    "AvroSerializer + produce": confluent_encoder,
}
"""By the name of the baseline."""


def missing() -> str | None:
    """Say why AvroSerializer cannot be measured; None when it can."""
    try:
        import confluent_kafka.schema_registry.avro  # noqa: F401, PLC0415
    except ImportError as error:
        return f"AvroSerializer: not measured, {error.name} is not installed (the extra confluent-kafka[avro])"
    return None


def producing(which: str, contract: Contract, bootstrap: str, topic: str) -> tuple[Send, Producer]:
    """Make the sender of a baseline: encode, produce, poll."""
    encode = ENCODERS[which](contract)
    producer = Producer({"bootstrap.servers": bootstrap, **QUEUE})
    produce, poll = producer.produce, producer.poll

    def send(event: Mapping[str, Value]) -> None:
        subject = event["subject"]
        produce(topic, encode(event), key=subject if isinstance(subject, str) else None)
        poll(0)

    return send, producer


class View(BaseModel):
    """A page view as the per-event pipeline validates it."""

    model_config = ConfigDict(extra="ignore")

    event_id: str
    subject: str | None
    occurred_at: datetime
    ip: str | None
    user_agent: str | None
    language: str | None
    page: str | None
    referrer: str | None
    method: str | None
    status: int | None
    duration_ms: int | None
    hardware: str | None
    screen: str | None
    platform: str | None


class Line(BaseModel):
    """A service log line as the per-event pipeline validates it."""

    model_config = ConfigDict(extra="ignore")

    event_id: str
    occurred_at: datetime
    level: str | None
    logger: str | None
    template: str | None
    arguments: str | None
    message: str | None
    ip: str | None


def refiner(contract: Contract) -> Refine:
    """Make the per-event pipeline of a contract: fastavro, pydantic, and the same reductions one value at a time."""
    schema = fastavro.parse_schema(peer_schema(contract))
    reduce = _reduced_view if contract.name == "page_view" else _reduced_line

    def refine(message: bytes) -> dict[str, Value]:
        buffer = io.BytesIO(message)
        buffer.seek(FRAME)
        return reduce(fastavro.schemaless_reader(buffer, schema, None))

    return refine


def _reduced_view(event: object) -> dict[str, Value]:
    view = View.model_validate(event)
    agent = ua_parser.parse(view.user_agent or "")
    browser, system = agent.user_agent, agent.os
    path = urlsplit(view.page or "").path
    return {
        "event_id": view.event_id,
        "occurred_at": int(view.occurred_at.timestamp()) // 60 * 60_000,
        "subject": pseudonym(view.subject),
        "ip": network(view.ip),
        "browser": browser.family if browser else None,
        "browser_major": browser.major if browser else None,
        "os": system.family if system else None,
        "os_major": system.major if system else None,
        "language": (view.language or "").partition(",")[0].partition("-")[0] or None,
        "page": "/".join(_segment(part) for part in path.split("/")),
        "referrer": ".".join((urlsplit(view.referrer or "").hostname or "").split(".")[-2:])
        or None,
        "method": view.method,
        "status": view.status,
        "duration_ms": view.duration_ms,
        "cores": (view.hardware or "").partition(" ")[0] or None,
        "screen": "large" if int((view.screen or "0").partition("x")[0]) > 1000 else "small",  # noqa: PLR2004
        "platform": view.platform,
        "day": datetime.now(UTC).date().isoformat(),
    }


def _reduced_line(event: object) -> dict[str, Value]:
    line = Line.model_validate(event)
    return {
        "event_id": line.event_id,
        "occurred_at": int(line.occurred_at.timestamp()) * 1000,
        "level": line.level,
        "logger": line.logger,
        "template": _scrubbed(line.template),
        "arguments": _scrubbed(line.arguments),
        "message": _scrubbed(line.message),
        "ip": network(line.ip),
        "day": datetime.now(UTC).date().isoformat(),
    }


def network(address: str | None) -> str | None:
    """Cut an address to its network with the standard library."""
    if address is None:
        return None
    bits = 48 if ":" in address else 24
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)


def pseudonym(subject: str | None) -> str | None:
    """Replace a subject by a keyed hash."""
    return hmac.new(KEY, subject.encode(), hashlib.sha256).hexdigest()[:32] if subject else None


_ID: Final = re.compile(r"\d+|[0-9a-f]{8,}")
_SCRUB: Final = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "{email}"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "{ip}"),
    (re.compile(r"\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]*"), "{ip}"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "{token}"),
    (re.compile(r"\b(?:\d[ -]?){13,19}\b"), "{card}"),
    (re.compile(r"\+?\d[\d ()-]{7,}\d"), "{phone}"),
)


def _segment(part: str) -> str:
    return "{id}" if _ID.fullmatch(part) else part


def _scrubbed(text: str | None) -> str | None:
    for pattern, mark in _SCRUB if text else ():
        text = pattern.sub(mark, text or "")
    return text


def is_open(bootstrap: str) -> bool:
    """Whether somebody listens at host:port."""
    host, _, port = bootstrap.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
