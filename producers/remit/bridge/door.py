"""What the plain door must be before anything is taken from it: closed to the network, to strangers, and to time.

Source: DESIGN D9: TLS and ACL required, retention of an hour at most.
"""

# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin is typed, but it re-exports its own names without saying so

from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from remit.direct import is_loopback
from remit_schemas.errors import SettingsError

RETENTION_MS_MAX: Final = 3_600_000  # an hour, DESIGN D9
REQUEST_S: Final = 5.0  # seconds for one answer
PROTOCOL: Final = "security.protocol"
_TLS: Final = frozenset({"ssl", "sasl_ssl"})
_CERTIFICATE: Final = "enable.ssl.certificate.verification"
_HOST: Final = "ssl.endpoint.identification.algorithm"
_EVERYBODY: Final = frozenset({"User:*", "User:ANONYMOUS"})
_OPENS: Final = frozenset({AclOperation.READ, AclOperation.WRITE, AclOperation.ALL})
_NO_ACCESS: Final = frozenset(
    {
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)


class Door:
    """The topic ``PREFIX.plain`` and the way to it, by what they must be."""

    def __init__(self, topic: str, options: Mapping[str, str], *, is_loopback: bool) -> None:
        """Take down what to look at.

        Args:
            topic: Of the plain messages.
            options: For librdkafka: bootstrap servers and security.
            is_loopback: Do without TLS, between programs of one machine.
        """
        self.topic = topic
        self.is_loopback = is_loopback
        self._options = dict(options)
        self._admin: AdminClient | None = None

    def check(self) -> None:
        """See that everything holds.

        Raises:
            SettingsError: Something does not; the message says what and how to mend it.
            KafkaException: The broker does not answer.
            TimeoutError: It does not answer in time.
        """
        self._check_way()
        self._check_topic()
        self._check_acls()

    def check_now(self) -> None:
        """See that everything holds, and that somebody says so.

        Raises:
            SettingsError: Something does not hold, or nobody answers.
        """
        try:
            self.check()
        except (KafkaException, TimeoutError):
            raise self._away() from None

    def exists(self) -> bool:
        """Say whether there is such a topic.

        Raises:
            SettingsError: Nobody answers.
        """
        try:
            topics = self._asked().list_topics(timeout=REQUEST_S).topics
        except KafkaException:
            raise self._away() from None
        return self.topic in topics and topics[self.topic].error is None

    def _away(self) -> SettingsError:
        server = self._options["bootstrap.servers"]
        return SettingsError(
            f"the broker at {server} does not answer: is it there, and is this its port and protocol?"
        )

    def _asked(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient({**self._options, "log_level": 0})
        return self._admin

    def _check_way(self) -> None:
        """TLS, and with whom one means to speak."""
        if self._options.get(PROTOCOL, "plaintext").lower() in _TLS:
            if self._options.get(_CERTIFICATE, "true").lower() != "true":
                raise SettingsError(
                    f"the plain door needs TLS that verifies: {_CERTIFICATE} is off"
                )
            if self._options.get(_HOST, "https").lower() != "https":
                raise SettingsError(f"the plain door needs TLS that verifies: {_HOST} is off")
            return
        if not self.is_loopback:
            raise SettingsError(
                "the plain door needs TLS: set REMIT_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL "
                "(--loopback allows none between programs of one machine)"
            )
        hosts = [_host_of(server) for server in self._options["bootstrap.servers"].split(",")]
        brokers = self._asked().list_topics(timeout=REQUEST_S).brokers.values()
        if not all(map(is_loopback, (*hosts, *(str(broker.host) for broker in brokers)))):
            raise SettingsError("--loopback is for a broker on this machine, and this one is not")

    def _check_topic(self) -> None:
        """How long the topic keeps what is plain."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.topic)
        answer = self._asked().describe_configs([resource], request_timeout=REQUEST_S)[resource]
        try:
            found: Mapping[str, ConfigEntry] = answer.result(REQUEST_S)
        except KafkaException as error:
            raise _answered(error, f"may not read the settings of topic {self.topic}") from None
        policy = found["cleanup.policy"].value
        if policy != "delete":
            raise SettingsError(f"topic {self.topic} must have cleanup.policy=delete")
        times = {name: int(found[name].value or -1) for name in ("retention.ms", "segment.ms")}
        if min(times.values()) < 0 or sum(times.values()) > RETENTION_MS_MAX:
            said = ", ".join(f"{name}={value}" for name, value in times.items())
            raise SettingsError(
                f"topic {self.topic} keeps plain messages too long ({said}): together at most "
                f"{RETENTION_MS_MAX} (a segment is deleted only once it is closed)"
            )

    def _check_acls(self) -> None:
        """Who may write to the topic and read it."""
        wanted = AclBindingFilter(
            ResourceType.TOPIC,
            self.topic,
            ResourcePatternType.MATCH,  # those of its prefix and of every topic, too
            None,  # type: ignore[arg-type]  # any principal; the stub only knows text
            None,  # type: ignore[arg-type]  # any host; as above
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        try:
            found = self._asked().describe_acls(wanted, request_timeout=REQUEST_S).result(REQUEST_S)
        except KafkaException as error:
            raise _answered(error, "may not see ACLs (Describe on the cluster)") from None
        allowed = list(_opening(found))
        if not allowed:
            raise SettingsError(
                f"topic {self.topic} has no ACL, or the broker no authorizer: allow its producers "
                "Write, and remit Read"
            )
        if any(acl.principal in _EVERYBODY for acl in allowed):
            raise SettingsError(
                f"everybody may read or write topic {self.topic}: name who may in its ACLs"
            )


def _opening(acls: Iterable[AclBinding]) -> Iterable[AclBinding]:
    """Those that let somebody read or write."""
    return (
        acl
        for acl in acls
        if acl.permission_type == AclPermissionType.ALLOW and acl.operation in _OPENS
    )


def _answered(error: KafkaException, forbidden: str) -> Exception:
    """Tell an answer from none: what the broker says no to is a matter of settings, all else may pass."""
    code = error.args[0].code()
    if code == KafkaError.SECURITY_DISABLED:
        return SettingsError("the plain door needs ACLs, and this broker has no authorizer")
    if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return SettingsError(
            "there is no topic for plain messages: docs/other-languages.md makes it"
        )
    if code in _NO_ACCESS:
        return SettingsError(f"remit {forbidden}: allow it")
    return error


def _host_of(server: str) -> str:
    return server.strip().rpartition(":")[0].strip("[]")
