"""A broker that requires TLS, a log-in and rights: what is meant to work does, and nothing else is possible."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    NewTopic,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from kit.certificate import write_certificate, write_client_certificate
from kit.installation import Installation
from kit.kafka import Kafka
from kit.kafka_secure import allow, as_environment, login
from kit.parts import RealParts
from kit.watching import PATIENCE_S, until
from remit_consumers.source.acls import Grant, Kind, Role, grants
from remit_consumers.source.topic import Topic
from remit_schemas.log_address import KafkaLog

pytestmark = pytest.mark.kafka

EVENT = '{"page": "/orders/17", "ip": "198.51.100.23", "subject": "user 1"}\n'
PASSWORD = "pw-canary-5d1f"  # noqa: S105  # planted, and looked for
GROUP = (
    "probe"  # of who tries to read: everybody may have it, so that the topic's answer stands alone
)
KINDS = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
    Kind.CLUSTER: ResourceType.BROKER,
}


def scram(user: str, ca: Path, password: str = PASSWORD) -> dict[str, str]:
    """What librdkafka needs to log in by SCRAM-SHA-512 over TLS."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": str(ca),
    }


def give(admin: AdminClient, grant: Grant, user: str) -> None:
    """Give a user what a grant says: as the printed line would."""
    camel = {"Describe": "DESCRIBE", "DescribeConfigs": "DESCRIBE_CONFIGS", "Create": "CREATE"}
    operations = [AclOperation[camel.get(one, one.upper())] for one in grant.operations]
    name = f"{grant.name}*" if grant.is_prefix else grant.name
    allow(admin, user, KINDS[grant.kind], name, operations)


@pytest.fixture(scope="module")
def users(request: pytest.FixtureRequest, real_parts: RealParts, *, prove: bool) -> Kafka:
    """The broker, with a user for each role by SCRAM; two minutes of refusals that are waited for, so `make prove` alone."""
    if not prove:
        real_parts.not_here("Apache Kafka with SCRAM, mTLS and least rights", "make prove runs it")
        pytest.skip("Apache Kafka with SCRAM, mTLS and least rights: make prove runs it")
    kafka_secure: Kafka = request.getfixturevalue("kafka_secure")
    admin = kafka_secure.admin()
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    made: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(f"remit-{role}", info, PASSWORD.encode()) for role in Role
    ]
    for answer in admin.alter_user_scram_credentials(made).values():
        answer.result()
    for user in (*(f"remit-{role}" for role in Role), "stranger"):
        allow(admin, user, ResourceType.GROUP, GROUP, [AclOperation.READ])
    return kafka_secure


@pytest.fixture(scope="module")
def log(users: Kafka) -> KafkaLog:
    """A log whose topics an operator made, with the rights that remit says it needs."""
    log = KafkaLog(users.secure, f"guarded{uuid4().hex[:8]}")
    Topic(log.sealed_topic, {"bootstrap.servers": users.bootstrap}).make()
    for grant in grants(log):
        give(users.admin(), grant, f"remit-{grant.role}")
    return log


@pytest.fixture
def installed(log: KafkaLog, users: Kafka, tmp_path: Path) -> Iterator[Installation]:
    """An installation on that log; who it logs in as is each test's to say."""
    made = Installation(tmp_path, log=f"kafka://{log.bootstrap}/{log.prefix}")
    yield made
    made.end_all()
    assert PASSWORD not in "".join(
        path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()
    )
    del users


def as_role(installed: Installation, options: Mapping[str, str]) -> None:
    """Have the commands of an installation log in so, the password from a file outside."""
    for name in [name for name in installed.env if name.startswith("REMIT_KAFKA_")]:
        del installed.env[name]
    installed.env |= as_environment(options)


def refused(kafka: Kafka, options: Mapping[str, str], topic: str) -> str:
    """Give the name of the broker's answer to a message on a topic; empty where it took it."""
    answers: list[str] = []
    producer = Producer({**options, "bootstrap.servers": kafka.secure, "log_level": 0})
    producer.produce(
        topic, b"x", on_delivery=lambda error, _: answers.append(error.name() if error else "")
    )
    assert producer.flush(PATIENCE_S) == 0
    return answers[0]


def stored(installed: Installation, lines: Path, count: int) -> None:
    """Run a consumer until so many page views lie in the lake."""
    process = installed.consume(lines)

    def there() -> bool:
        assert process.poll() is None, lines.read_text()[-3000:]
        found = installed.data / "lake" / "events" / "page_view" / "_delta_log"
        return found.exists() and installed.rows("page_view").num_rows == count

    until(there, "not stored")
    process.terminate()
    assert process.wait(60) == 0, lines.read_text()[-3000:]


def test_what_remit_says_it_must_be_allowed_is_enough_for_producer_and_consumer(
    installed: Installation, users: Kafka, tmp_path: Path
) -> None:
    as_role(installed, scram("remit-producer", users.ca))
    installed.env["REMIT_KAFKA_SASL_PASSWORD_FILE"] = str(password_file(installed))
    del installed.env["REMIT_KAFKA_SASL_PASSWORD"]
    installed.remit("emit", "page_view", stdin=EVENT)
    as_role(installed, scram("remit-consumer", users.ca))
    stored(installed, tmp_path / "run.log", 1)


def password_file(installed: Installation) -> Path:
    """The password in a file that only its owner reads, as a secret store mounts it; not in the installation."""
    folder = Path(tempfile.mkdtemp(prefix="remit-secret-"))
    path = folder / "password"
    path.touch(0o600)
    path.write_text(PASSWORD + "\n")
    del installed
    return path


def test_a_producers_user_can_write_sealed_packs_and_do_nothing_else(
    log: KafkaLog, users: Kafka
) -> None:
    options = scram("remit-producer", users.ca)
    assert refused(users, options, log.sealed_topic) == ""
    for other in (log.plain_topic, f"{log.share_prefix}good"):
        users.create_topic(other)
        assert refused(users, options, other) == "TOPIC_AUTHORIZATION_FAILED"
        users.delete_topic(other)
    assert read_by(users, options, log.sealed_topic) == "TOPIC_AUTHORIZATION_FAILED"
    assert made_by(users, options, f"{log.prefix}.other") == "TOPIC_AUTHORIZATION_FAILED"


def test_a_consumers_user_can_read_sealed_packs_and_not_forge_any(
    log: KafkaLog, users: Kafka
) -> None:
    options = scram("remit-consumer", users.ca)
    assert read_by(users, options, log.sealed_topic) in ("", "_PARTITION_EOF")
    assert refused(users, options, log.sealed_topic) == "TOPIC_AUTHORIZATION_FAILED"
    shared = f"{log.share_prefix}good"
    assert made_by(users, options, shared) == ""
    assert refused(users, options, shared) == ""
    users.create_topic(log.plain_topic)
    assert read_by(users, options, log.plain_topic) == "TOPIC_AUTHORIZATION_FAILED"
    users.delete_topic(log.plain_topic)


@pytest.mark.parametrize("who", ["remit-bridge", "nobody"])
def test_who_was_given_no_right_neither_sees_the_topic_nor_writes(
    who: str, log: KafkaLog, users: Kafka
) -> None:
    options = scram(who, users.ca) if who != "nobody" else login("stranger", users.ca)
    admin = AdminClient({**options, "bootstrap.servers": users.secure, "log_level": 0})
    seen = admin.list_topics(log.sealed_topic, timeout=30).topics[log.sealed_topic]
    assert seen.error is not None
    assert seen.error.name() == "TOPIC_AUTHORIZATION_FAILED"
    assert not seen.partitions
    assert refused(users, options, log.sealed_topic) == "TOPIC_AUTHORIZATION_FAILED"


def read_by(kafka: Kafka, options: Mapping[str, str], topic: str) -> str:
    """Give the name of the broker's answer to who reads a topic; empty where it gives a message.

    The topic is looked for first: where a user may not even see it, librdkafka tries again for ever, and says nothing
    to who assigned a partition of it.
    """
    way = {**options, "bootstrap.servers": kafka.secure, "log_level": 0}
    reader = Consumer({**way, "group.id": GROUP, "enable.partition.eof": True})
    try:
        if hidden := reader.list_topics(topic, timeout=PATIENCE_S).topics[topic].error:
            return str(hidden.name())
        reader.assign([TopicPartition(topic, 0, 0)])
        got = reader.poll(PATIENCE_S)
    finally:
        reader.close()
    assert got is not None
    error = got.error()
    return error.name() if error else ""


def made_by(kafka: Kafka, options: Mapping[str, str], topic: str) -> str:
    """Give the name of the broker's answer to who makes a topic; empty where it is made."""
    admin = AdminClient({**options, "bootstrap.servers": kafka.secure, "log_level": 0})
    try:
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    except KafkaException as error:
        return str(error.args[0].name())
    return ""


def test_a_wrong_password_ends_the_consumer_with_one_line_that_says_so(
    installed: Installation, users: Kafka, tmp_path: Path
) -> None:
    as_role(installed, scram("remit-consumer", users.ca, "pw-canary-wrong"))
    said = ends(installed, tmp_path)
    assert "refuses the log-in" in said
    assert "pw-canary-wrong" not in said


def test_an_authority_that_did_not_sign_the_brokers_certificate_is_refused(
    installed: Installation, users: Kafka, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    _, other = write_certificate(folder)
    as_role(installed, scram("remit-consumer", other))
    assert "certificate" in ends(installed, tmp_path)


def test_a_broker_by_another_name_than_its_certificates_is_refused(
    installed: Installation, users: Kafka, log: KafkaLog, tmp_path: Path
) -> None:
    port = users.secure.partition(":")[2]
    installed.env["REMIT_LOG"] = f"kafka://localhost:{port}/{log.prefix}"
    as_role(installed, scram("remit-consumer", users.ca))
    assert "certificate" in ends(installed, tmp_path)


def test_a_password_without_tls_or_login_is_refused_before_anything_is_sent(
    installed: Installation, users: Kafka
) -> None:
    options = scram("remit-consumer", users.ca)
    del options["security.protocol"]
    as_role(installed, options)
    for words in (["run"], ["emit", "page_view"]):
        said = installed.remit(*words, expect=2).stderr
        assert "would not be used" in said
        assert len(said.strip().splitlines()) == 1
        assert PASSWORD not in said


def ends(installed: Installation, folder: Path) -> str:
    """Start a consumer, see that it ends by itself and fails, with one line from remit; give what it said."""
    lines = folder / "run.log"
    process = installed.consume(lines)
    assert process.wait(120) != 0
    said = lines.read_text()
    told = [line for line in said.splitlines() if not line.startswith("remit: consuming")]
    assert len(told) == 1, said
    assert "Traceback" not in said
    return said


def test_a_client_is_known_by_its_certificate_where_the_broker_asks_for_one(
    installed: Installation, users: Kafka, log: KafkaLog, tmp_path: Path
) -> None:
    certificate, key = write_client_certificate(tmp_path, users.certificate, "consumer")
    options = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(users.ca),
        "ssl.certificate.location": str(certificate),
        "ssl.key.location": str(key),
    }
    for grant in grants(log):
        give(users.admin(), grant, "CN=consumer")
    installed.env["REMIT_LOG"] = f"kafka://{users.mutual}/{log.prefix}"
    as_role(installed, options)
    installed.remit("emit", "page_view", "--wait", stdin=EVENT)
    assert installed.rows("page_view").num_rows >= 1


def test_a_client_without_a_certificate_is_refused_where_the_broker_asks_for_one(
    installed: Installation, users: Kafka, log: KafkaLog, tmp_path: Path
) -> None:
    installed.env["REMIT_LOG"] = f"kafka://{users.mutual}/{log.prefix}"
    as_role(installed, {"security.protocol": "SSL", "ssl.ca.location": str(users.ca)})
    assert "certificate" in ends(installed, tmp_path)
