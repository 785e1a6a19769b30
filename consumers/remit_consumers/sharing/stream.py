"""A recipient's topic: rows in Confluent's wire format, under schemas of their own, at least once.

Each message has three headers: `remit-dedupe`, the same for a row that comes again; `remit-disclosure`, under which it is
on record; `remit-terms`, what it may be used for. Messages have no key: a key would be a name.

Source: DESIGN.md, D9; policy 2021-11-01, clause S059c.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from fastavro import parse_schema, schemaless_writer

from remit_consumers.sharing.following import Part
from remit_consumers.sharing.formats import schema_of
from remit_consumers.sharing.making import Making
from remit_consumers.sharing.registered import SchemaIdOf
from remit_consumers.sharing.rows import DEDUPE
from remit_schemas.codec import to_confluent
from remit_schemas.errors import LogError
from remit_schemas.log_address import KafkaLog

RETENTION_H: Final = 72
"""Hours that a topic keeps what was shared: the raw limit, so that an erasure is over everywhere by then (D9)."""

PARTITIONS: Final = 3
"""Of a recipient's topic; nothing is ordered by them."""

DELIVERY_S: Final = 60.0
"""How long a turn waits for the broker to have everything."""

_CREATE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Message:
    """One row as it goes out."""

    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class TopicDoor:
    """A door to a recipient's topic; see `following.Door`.

    Attributes:
        log: The cluster.
        recipient: Whose topic.
        config: librdkafka's.
        schema_id_of: Gives the id of a schema.
    """

    log: KafkaLog
    recipient: str
    config: Mapping[str, str]
    schema_id_of: SchemaIdOf
    _ready: list[Message] = field(default_factory=list, init=False)
    _is_made: bool = field(default=False, init=False)

    @property
    def topic(self) -> str:
        """The topic's name."""
        return f"{self.log.share_prefix}{self.recipient}"

    def begin(self, making: Making) -> None:
        """Forget what was ready; nothing of it is a folder."""
        del making
        self._ready = []

    def ready(self, making: Making, parts: Sequence[Part]) -> str:
        """Encode what goes out; give the SHA-256 of all values in their order.

        Raises:
            LogError: The topic cannot be made, or no schema be registered: nothing goes on record.
        """
        self._make()
        terms = json.dumps(making.terms_text()["permission"]).encode()
        same = (("remit-disclosure", making.disclosure.encode()), ("remit-terms", terms))
        for chosen, rows in parts:
            shown = rows.schema.remove(rows.schema.get_field_index(DEDUPE))  # it is a header
            schema = schema_of(self.recipient, chosen.contract, shown)
            number = self.schema_id_of(f"{self.topic}-{schema['name']}", json.dumps(schema))
            self._ready += messages(rows, schema, number, same)
        whole = hashlib.sha256()
        for one in self._ready:
            whole.update(one.value)
        return whole.hexdigest()

    def let_go(self) -> None:
        """Produce what is ready, and wait until the broker has it.

        Raises:
            LogError: It does not have all; what it has comes again.
        """
        failed: list[KafkaError] = []

        def told(error: KafkaError | None, _: object) -> None:
            if error is not None:
                failed.append(error)

        producer = Producer({**self._client(), "enable.idempotence": True})
        try:
            for one in self._ready:
                producer.produce(self.topic, one.value, headers=[*one.headers], on_delivery=told)
                producer.poll(0)
            left = producer.flush(DELIVERY_S)
        except (KafkaException, BufferError):
            left = len(self._ready)
        if left or failed:
            message = f"{left + len(failed)} of {len(self._ready)} rows did not reach {self.topic}; they come again"
            raise LogError(message)

    def _client(self) -> dict[str, str | int | float | bool]:
        return {"bootstrap.servers": self.log.bootstrap, "log_level": 0, **self.config}

    def _make(self) -> None:
        """Make the topic where there is none."""
        if self._is_made:
            return
        config = {"cleanup.policy": "delete", "retention.ms": str(RETENTION_H * 3_600_000)}
        topic = NewTopic(
            self.topic, num_partitions=PARTITIONS, replication_factor=-1, config=config
        )
        admin = AdminClient(self._client())  # must live until it has answered
        try:
            admin.create_topics([topic], operation_timeout=_CREATE_S)[self.topic].result(_CREATE_S)
        except (KafkaException, TimeoutError) as error:
            why = error.args[0] if isinstance(error, KafkaException) else None
            if why is None or why.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                message = (
                    f"the topic {self.topic} cannot be made: {why.name() if why else 'no answer'}"
                )
                raise LogError(message) from None
        self._is_made = True


def messages(
    rows: pa.Table,
    schema: Mapping[str, object],
    schema_id: int,
    same: tuple[tuple[str, bytes], ...],
) -> Iterator[Message]:
    """Encode rows.

    Args:
        rows: What goes out.
        schema: Of them.
        schema_id: The registry's number for it.
        same: Headers of all of them.
    """
    parsed = parse_schema(dict(schema))
    for row in rows.to_pylist():
        dedupe = (row.pop(DEDUPE, None) or "").encode()
        datum = io.BytesIO()
        schemaless_writer(datum, parsed, row)
        yield Message(to_confluent(datum.getvalue(), schema_id), (("remit-dedupe", dedupe), *same))
