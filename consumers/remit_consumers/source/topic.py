"""Which topic it is: its cluster and its uuid, so that one that was deleted and made again is another log."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
    TopicDescription,
)

from remit_consumers.source.last import behind_last
from remit_consumers.source.refusal import Refusal
from remit_schemas.bundle import LANES
from remit_schemas.errors import LogError
from remit_schemas.log_address import KafkaLog
from remit_schemas.policy import RAW_LIMIT_H_MAX

REQUEST_S: Final = (
    3.0  # seconds for one answer: several round trips around the earth, and a connection first
)
_HURRY: Final[Mapping[str, int]] = {"socket.timeout.ms": int(1000 * REQUEST_S)}
"""A broker that did not answer in time is left, and the next question goes to another one: a question that is given up
leaves its connection standing, and librdkafka would ask by it again and again (seen: a frozen broker, for 90 s)."""
LAST_S: Final = 30.0  # seconds for finding the last pack of every partition
BROKERS_DEFAULT: Final = -1  # copies of a topic: as many as the cluster makes by default
RETENTION_MS: Final = RAW_LIMIT_H_MAX * 3_600_000  # what is older can be opened by nobody (D2)
GONE: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID})


class Topic:
    """A topic of a cluster, by the questions one may ask about it.

    Every question may raise `KafkaException`: the broker did not answer, or said no.
    """

    def __init__(self, name: str, config: dict[str, str | int]) -> None:
        self.name = name
        self._config = config
        self._refusal = Refusal()
        way: dict[str, Any] = {**config, **_HURRY, "log_level": 0, "error_cb": self._refusal}
        self._admin = AdminClient(way)  # silent: the consumer says the same things

    def refused(self) -> str:
        """Say in one line why the broker will not have us; empty where nobody said so."""
        self._admin.poll(0)
        return self._refusal.why

    def log_id(self) -> str | None:
        """Name the log: ``kafka/<cluster id>/<topic uuid>``; None when there is no such topic."""
        cluster = self._admin.describe_cluster(request_timeout=REQUEST_S).result(REQUEST_S)
        uuid = uuid_of(self.ask(), REQUEST_S)
        return None if uuid is None else f"kafka/{cluster.cluster_id}/{uuid}"

    def make(self) -> None:
        """Make the topic, with a partition for each lane; that another process was faster is no error."""
        topic = NewTopic(
            self.name,
            num_partitions=LANES,
            replication_factor=BROKERS_DEFAULT,
            config={"cleanup.policy": "delete", "retention.ms": str(RETENTION_MS)},
        )
        made = self._admin.create_topics([topic], request_timeout=REQUEST_S)[self.name]
        try:
            made.result(REQUEST_S)
        except KafkaException as error:
            if code_of(error) != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    def retention_ms(self) -> int | None:
        """Say how long the broker keeps a message, -1 for ever; None when there is no such topic."""
        if uuid_of(self.ask(), REQUEST_S) is None:
            return None
        wanted = ConfigResource(ResourceType.TOPIC, self.name)
        told = self._admin.describe_configs([wanted], request_timeout=REQUEST_S)[wanted]
        return int(told.result(REQUEST_S)["retention.ms"].value)

    def ask(self) -> "Future[TopicDescription]":
        """Begin to ask which topic it is now."""
        asked = self._admin.describe_topics(TopicCollection([self.name]), request_timeout=REQUEST_S)
        return asked[self.name]

    def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Give the offset behind the last pack of each partition."""
        return self._offsets(partitions, OffsetSpec.latest())

    def filled(self, group: str) -> dict[int, int]:
        """Give the offset behind the last pack of each partition that holds any; nothing where there is no topic.

        Args:
            group: Whose right to read is used.
        """
        if self.log_id() is None:
            return {}
        partitions = [one.id for one in self.ask().result(REQUEST_S).partitions]
        begins = self._offsets(partitions, OffsetSpec.earliest())
        spans = {number: (begins[number], end) for number, end in self.ends(partitions).items()}
        return behind_last(self.name, {**self._config, "group.id": group}, spans, LAST_S)

    def _offsets(self, partitions: Iterable[int], which: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(self.name, number): which for number in partitions}
        answers = self._admin.list_offsets(asked, request_timeout=REQUEST_S) if asked else {}
        return {at.partition: answer.result(REQUEST_S).offset for at, answer in answers.items()}


def contents(address: KafkaLog, settings: Mapping[str, str]) -> tuple[str, dict[int, int]]:
    """Give the name of a log, and the offset behind the last pack of each partition that holds any.

    Raises:
        LogError: The broker does not say.
    """
    topic = Topic(address.sealed_topic, {**settings, "bootstrap.servers": address.bootstrap})
    try:
        return topic.log_id() or "", topic.filled(address.group)
    except (KafkaException, TimeoutError):
        message = "the broker does not say what lies on the log; what was sent to it is there"
        raise LogError(message) from None


def kept_ms(address: KafkaLog, settings: Mapping[str, str]) -> int | None:
    """Say how long the broker keeps sealed packs, in milliseconds, -1 for ever; None where there is no topic yet.

    Raises:
        LogError: The broker does not say.
    """
    topic = Topic(address.sealed_topic, {**settings, "bootstrap.servers": address.bootstrap})
    try:
        return topic.retention_ms()
    except (KafkaException, TimeoutError):
        message = "the broker does not say how long it keeps the log; may this user describe the topic's configuration?"
        raise LogError(message) from None


def shared_topics(address: KafkaLog, settings: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Say of every recipient's topic how long the broker keeps a message (ms, -1 for ever), and how it cleans up.

    Raises:
        LogError: The broker does not say.
    """
    admin = AdminClient({**settings, "bootstrap.servers": address.bootstrap, "log_level": 0})
    try:
        known = admin.list_topics(timeout=REQUEST_S).topics
        names = sorted(name for name in known if name.startswith(address.share_prefix))
        wanted = {name: ConfigResource(ResourceType.TOPIC, name) for name in names}
        asked = [*wanted.values()]
        answers = admin.describe_configs(asked, request_timeout=REQUEST_S) if asked else {}
        told = {name: answers[one].result(REQUEST_S) for name, one in wanted.items()}
    except (KafkaException, TimeoutError):
        message = "the broker does not say how long it keeps recipients' topics; may this user describe their configuration?"
        raise LogError(message) from None
    return {
        name: (int(one["retention.ms"].value), str(one["cleanup.policy"].value))
        for name, one in told.items()
    }


def uuid_of(answer: "Future[TopicDescription]", timeout_s: float) -> str | None:
    """Read the answer to `Topic.ask`; None when there is no such topic.

    Raises:
        TimeoutError: It is not here yet.
        KafkaException: The broker did not answer, or said no.
    """
    try:
        return str(answer.result(timeout_s).topic_id)
    except KafkaException as error:
        if code_of(error) in GONE:
            return None
        raise


def code_of(error: KafkaException) -> int:
    """Give the code of Kafka's own error."""
    cause = error.args[0]
    return int(cause.code()) if isinstance(cause, KafkaError) else int(KafkaError.UNKNOWN)


def name_of(error: KafkaException) -> str:
    """Give the name of Kafka's own error, such as ``_TRANSPORT``: from a closed list, never a value."""
    cause = error.args[0]
    return str(cause.name()) if isinstance(cause, KafkaError) else "unknown"
