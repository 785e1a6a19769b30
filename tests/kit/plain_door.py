"""An installation with a plain door: a broker with TLS and ACLs, the topic, who may use it, and a team that does."""

import io
import secrets
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclOperation,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from fastavro import schemaless_writer

from kit.installation import Installation
from kit.kafka import Kafka
from kit.kafka_secure import allow, as_environment, login, password
from remit_schemas.codec import own_schema_id, to_confluent
from remit_schemas.contract import Contract, builtin

HALF_AN_HOUR = {"retention.ms": "1800000", "segment.ms": "1800000"}
Message = tuple[bytes | None, str | bytes | None, Mapping[str, str]]
"""Value, key and headers."""

NOW_MS = 1_700_000_000_000


class PlainDoor:
    """A topic for plain messages and everything around it.

    Attributes:
        prefix: Of the topics.
        installed: The installation; its commands log in as remit.
    """

    def __init__(
        self, kafka: Kafka, folder: Path, config: Mapping[str, str] = HALF_AN_HOUR
    ) -> None:
        self.kafka = kafka
        self._lines = folder / "bridge.log"
        self.prefix = f"plain-{secrets.token_hex(6)}"
        self.topic = f"{self.prefix}.plain"
        kafka.create_topic(self.topic, 3, config)
        options = as_environment(login("remit", kafka.ca))
        self.installed = Installation(
            folder, log=f"kafka://{kafka.secure}/{self.prefix}", **options
        )

    def open(self) -> "PlainDoor":
        """Allow what docs/other-languages.md says is to be allowed, and no more."""
        admin = self.kafka.admin()
        some = [AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.DESCRIBE]
        allow(admin, "shop", ResourceType.TOPIC, self.topic, [AclOperation.WRITE])
        reads = [AclOperation.READ, AclOperation.DESCRIBE_CONFIGS]
        allow(admin, "remit", ResourceType.TOPIC, self.topic, reads)
        allow(admin, "remit", ResourceType.TOPIC, f"{self.prefix}.sealed", some)
        allow(admin, "remit", ResourceType.GROUP, f"{self.prefix}.*", [AclOperation.READ])
        writes = [AclOperation.WRITE, AclOperation.DESCRIBE]
        bridge = f"{self.prefix}.bridge"
        allow(admin, "remit", ResourceType.TRANSACTIONAL_ID, bridge, writes)
        allow(admin, "remit", ResourceType.BROKER, "kafka-cluster", [AclOperation.DESCRIBE])
        return self

    def configure(self, config: Mapping[str, str]) -> None:
        """Change settings of the topic."""
        entries = [
            ConfigEntry(name, text, incremental_operation=AlterConfigOpType.SET)
            for name, text in config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, self.topic, incremental_configs=entries)
        admin = self.kafka.admin()  # kept: its futures fail when it goes
        admin.incremental_alter_configs([resource])[resource].result(30)

    def write_java_properties(self, path: Path) -> None:
        """Write what a client in Java needs to log in as the shop."""
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        user = f'username="shop" password="{password("shop")}"'
        lines = {
            "bootstrap.servers": self.kafka.secure,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f"{module} required {user};",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.kafka.ca),
        }
        path.write_text("".join(f"{name}={text}\n" for name, text in lines.items()))

    def start(self, *options: str) -> "subprocess.Popen[str]":
        """Start a bridge; what it says goes to a file."""
        return self.installed.start_into(self._lines, "bridge", "run", *options)

    def said(self) -> str:
        """Give what the bridges have said."""
        return self._lines.read_text()

    def send(self, messages: Iterable[Message], pause_s: float = 0) -> None:
        """Produce as a team without remit does, perhaps with a pause after every fifty."""
        config = {"bootstrap.servers": self.kafka.secure, "log_level": 0}
        producer = Producer({**config, **login("shop", self.kafka.ca)})
        pause = threading.Event()
        for number, (value, key, headers) in enumerate(messages, 1):
            producer.produce(self.topic, value=value, key=key, headers=dict(headers))
            producer.poll(0)
            if pause_s and number % 50 == 0:
                pause.wait(pause_s)
        assert producer.flush(60) == 0

    def sealed(self) -> int:
        """How many offsets the topic of packs has; 0 before it is made."""
        try:
            return sum(self.kafka.end_offsets(f"{self.prefix}.sealed").values())
        except (KafkaException, KeyError):
            return 0

    def bytes_of(self, topic: str) -> bytes:
        """Give everything that lies on a topic: keys, values and headers."""
        ends = self.kafka.end_offsets(topic)
        options = {"bootstrap.servers": self.kafka.bootstrap, "group.id": self.prefix}
        reader = Consumer({**options, "enable.partition.eof": True, "log_level": 0})
        reader.assign([TopicPartition(topic, number, 0) for number in ends])
        found, left = [], len(ends)
        while left:
            got = reader.poll(30)
            assert got is not None, "the broker does not give what lies there"
            if got.error() is not None:
                left -= 1  # the end of a partition
            else:
                found += [got.key(), got.value(), str(got.headers())]
        reader.close()
        return b"\n".join(one.encode() if isinstance(one, str) else one or b"" for one in found)

    def waiting(self) -> int:
        """How many messages the bridge has not done yet."""
        options = {"bootstrap.servers": self.kafka.bootstrap, "group.id": f"{self.prefix}.bridge"}
        reader = Consumer({**options, "isolation.level": "read_committed", "log_level": 0})
        ends = self.kafka.end_offsets(self.topic)
        try:
            done = reader.committed([TopicPartition(self.topic, n) for n in ends], timeout=30)
        except KafkaException:  # the group is just being made
            return sum(ends.values()) or 1
        finally:
            reader.close()
        return sum(ends[at.partition] - max(0, at.offset) for at in done)


def page_view() -> Contract:
    """The contract that the tests send with."""
    return builtin().by_name("page_view")


def datum(**values: object) -> bytes:
    """Write a page view with fastavro, as a team without remit does."""
    written = io.BytesIO()
    contract = page_view()
    blank = {field.name: None for field in contract.fields}
    times = {"occurred_at": NOW_MS, "collected_at": NOW_MS}
    schemaless_writer(
        written, cast("dict[str, object]", dict(contract.schema)), blank | times | values
    )
    return written.getvalue()


def message(**values: object) -> bytes:
    """The same in Confluent's wire format, with the id that the contract has without a registry."""
    return to_confluent(datum(**values), own_schema_id(page_view()))
