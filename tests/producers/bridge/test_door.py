"""The plain door opens only where it is closed to the network, to strangers and to time."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from kit.kafka import Kafka
from kit.kafka_secure import allow, login
from kit.plain_door import HALF_AN_HOUR, PlainDoor
from remit.bridge.door import Door
from remit_schemas.errors import SettingsError

pytestmark = pytest.mark.kafka


def door_of(made: PlainDoor, **changed: str) -> Door:
    way = login("remit", made.kafka.ca) | {"bootstrap.servers": made.kafka.secure}
    dotted = {name.replace("_", "."): text for name, text in changed.items()}
    return Door(made.topic, way | dotted, is_loopback=False)


def refusal(door: Door) -> str:
    with pytest.raises(SettingsError) as caught:
        door.check_now()
    return str(caught.value)


def test_a_door_with_tls_acls_and_half_an_hour_is_good(kafka_secure: Kafka, tmp_path: Path) -> None:
    door_of(PlainDoor(kafka_secure, tmp_path).open()).check()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"security_protocol": "SASL_PLAINTEXT"}, "needs TLS: set"),
        ({"security_protocol": "PLAINTEXT"}, "needs TLS: set"),
        ({"enable_ssl_certificate_verification": "false"}, "certificate.verification is off"),
        ({"ssl_endpoint_identification_algorithm": "none"}, "identification.algorithm is off"),
        ({"bootstrap_servers": "127.0.0.1:1"}, "does not answer"),
    ],
)
def test_a_way_that_others_could_read_is_refused(
    kafka_secure: Kafka, tmp_path: Path, changed: Mapping[str, str], says: str
) -> None:
    assert says in refusal(door_of(PlainDoor(kafka_secure, tmp_path).open(), **changed))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"retention.ms": "3600001", "segment.ms": "1000"}, "too long"),
        ({"retention.ms": "3600000", "segment.ms": "1000"}, "too long"),
        ({"retention.ms": "1800000"}, "segment.ms=604800000"),  # Kafka's own seven days
        ({"retention.ms": "-1", "segment.ms": "1000"}, "too long"),
        (HALF_AN_HOUR | {"cleanup.policy": "compact"}, "cleanup.policy=delete"),
        (HALF_AN_HOUR | {"cleanup.policy": "compact,delete"}, "cleanup.policy=delete"),
    ],
)
def test_a_topic_that_keeps_plain_messages_over_an_hour_is_refused(
    kafka_secure: Kafka, tmp_path: Path, config: Mapping[str, str], says: str
) -> None:
    assert says in refusal(door_of(PlainDoor(kafka_secure, tmp_path, config).open()))


def test_a_topic_without_acls_or_with_one_for_everybody_is_refused(
    kafka_secure: Kafka, tmp_path: Path
) -> None:
    made = PlainDoor(kafka_secure, tmp_path)
    admin = kafka_secure.admin()
    allow(admin, "remit", ResourceType.BROKER, "kafka-cluster", [AclOperation.DESCRIBE])
    allow(admin, "remit", ResourceType.TOPIC, made.topic, [AclOperation.DESCRIBE_CONFIGS])
    assert "has no ACL" in refusal(door_of(made))
    made.open()
    door_of(made).check()
    allow(admin, "*", ResourceType.TOPIC, made.topic, [AclOperation.READ])
    assert "everybody may" in refusal(door_of(made))


def test_who_may_not_look_is_told_what_to_allow(kafka_secure: Kafka, tmp_path: Path) -> None:
    made = PlainDoor(kafka_secure, tmp_path).open()
    asked = door_of(made, sasl_username="stranger", sasl_password="stranger"[::-1])
    assert "may not read the settings of topic" in refusal(asked)


def test_a_broker_without_an_authorizer_is_refused_even_on_this_machine(kafka: Kafka) -> None:
    topic = "no-authorizer.plain"
    kafka.create_topic(topic, 1, HALF_AN_HOUR)
    assert "needs TLS" in refusal(
        Door(topic, {"bootstrap.servers": kafka.bootstrap}, is_loopback=False)
    )
    assert "the broker no authorizer" in refusal(
        Door(topic, {"bootstrap.servers": kafka.bootstrap}, is_loopback=True)
    )


def test_a_topic_that_is_not_there_is_refused(kafka_secure: Kafka, tmp_path: Path) -> None:
    made = PlainDoor(kafka_secure, tmp_path).open()
    way = {"bootstrap.servers": kafka_secure.bootstrap}
    other = Door("nowhere.plain", way, is_loopback=True)
    assert "there is no topic" in refusal(other)
    assert not other.exists()
    assert door_of(made).exists()


def test_loopback_is_for_this_machine_only(kafka_secure: Kafka, tmp_path: Path) -> None:
    made = PlainDoor(kafka_secure, tmp_path).open()
    Door(made.topic, {"bootstrap.servers": kafka_secure.bootstrap}, is_loopback=True).check()
    elsewhere = {"bootstrap.servers": f"broker.example:9092,{kafka_secure.bootstrap}"}
    assert "this one is not" in refusal(Door(made.topic, elsewhere, is_loopback=True))
