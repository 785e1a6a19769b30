"""A recipient's topic: Confluent's wire format, schemas of its own, marks in headers, and three days at most."""

import io
import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, Message
from confluent_kafka.admin import AdminClient, ConfigResource
from fastavro import parse_schema, schemaless_reader

from kit.crowd import NOW
from kit.flowing import log_of_its_own
from kit.jars import Missing
from kit.kafka import Kafka
from kit.registry import Registry
from kit.sharing import crowded, policy_with, recipient
from remit_consumers.sharing.disclosures import history
from remit_consumers.sharing.following import Follower
from remit_consumers.sharing.formats import schema_of
from remit_consumers.sharing.registered import own_id, registering
from remit_consumers.sharing.stream import TopicDoor, messages
from remit_consumers.sharing.terms import Asked
from remit_schemas.codec import from_confluent
from remit_schemas.errors import RegistryAway, SettingsError
from remit_schemas.log_address import KafkaLog, parse_log

ACME = Asked("acme")


def received(kafka: Kafka, topic: str, count: int) -> list[Message]:
    """Read so many messages of a topic from its beginning."""
    config = {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": topic,
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer(config)
    consumer.subscribe([topic])
    found: list[Message] = []
    try:
        while len(found) < count:
            found += consumer.consume(count - len(found), 30)
    finally:
        consumer.close()
    return found


def value_of(message: Message) -> bytes:
    """What a message holds."""
    value = message.value()
    assert isinstance(value, bytes)
    return value


def header_of(message: Message, name: str) -> bytes | str | None:
    """One header of a message."""
    return dict(message.headers() or ()).get(name)


def test_rows_read_back_as_they_went_out() -> None:
    rows = pa.table(
        {
            "subject": ["a", None],
            "occurred_at": pa.array(
                [datetime(2026, 3, 5, 9, tzinfo=UTC), None], pa.timestamp("us", "UTC")
            ),
            "status": pa.array([200, None], pa.int32()),
            "bot": [True, None],
            "dedupe": ["x", "y"],
        }
    )
    schema = schema_of("acme-2", "page_view", rows.schema.remove(4))
    assert schema["namespace"] == "remit.share.acme_2"
    number = own_id("", json.dumps(schema))
    out = list(messages(rows, schema, number, (("remit-disclosure", b"d"),)))
    assert [dict(one.headers)["remit-dedupe"] for one in out] == [b"x", b"y"]
    read = [from_confluent(one.value) for one in out]
    assert {schema_id for schema_id, _ in read} == {number}
    found = [
        schemaless_reader(io.BytesIO(datum), parse_schema(dict(schema)), None) for _, datum in read
    ]
    assert found == rows.drop_columns(["dedupe"]).to_pylist()


@pytest.mark.parametrize("url", ["http://registry.example", "ftp://127.0.0.1", "https://user@host"])
def test_a_registry_is_reached_by_a_closed_way_only(url: str) -> None:
    with pytest.raises(SettingsError, match="REMIT_REGISTRY"):
        registering(url)
    with pytest.raises(RegistryAway):
        registering("http://127.0.0.1:9")("subject", "{}")


@pytest.mark.kafka
@pytest.mark.clause("S059b", "S059c")
def test_a_recipient_reads_its_topic_with_the_schema_of_the_registry(
    tmp_path: Path, kafka: Kafka
) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 200, 20)
    log = parse_log(log_of_its_own(kafka))
    assert isinstance(log, KafkaLog)
    with ExitStack() as stack:
        try:
            registry = stack.enter_context(Registry())
        except Missing as missing:
            pytest.skip(str(missing))
        door = TopicDoor(log, "acme", {}, registering(registry.url))
        assert Follower(deployment, ACME, door).turn(NOW) == 200
        found = received(kafka, door.topic, 200)
        (number,) = {from_confluent(value_of(one))[0] for one in found}
        with urlopen(f"{registry.url}/schemas/ids/{number}", timeout=30) as answer:  # noqa: S310 - our own
            schema = parse_schema(json.loads(json.load(answer)["schema"]))
    row = schemaless_reader(io.BytesIO(from_confluent(value_of(found[0]))[1]), schema, None)
    assert isinstance(row, dict)
    assert {"subject", "occurred_at", "status"} <= row.keys()
    assert not {"pack", "index", "dedupe", "tenant", "day"} & row.keys()
    (record,) = history(deployment.settings.lake, NOW).to_pylist()
    assert len({header_of(one, "remit-dedupe") for one in found}) == 200
    assert {header_of(one, "remit-disclosure") for one in found} == {record["disclosure"].encode()}
    assert {one.key() for one in found} == {None}
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    resource = ConfigResource(ConfigResource.Type.TOPIC, door.topic)
    config = admin.describe_configs([resource])[resource].result(30)
    assert config["cleanup.policy"].value == "delete"
    assert int(config["retention.ms"].value) == 72 * 3_600_000
